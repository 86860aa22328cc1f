"""Reading counts out of a provider's usage block: what is missing, what is a number, and what is refused."""

from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from itertools import product
from typing import Any, Final

from msgspec import Struct

from codevector_daemon.metering.counts import NO_EXTRAS, NOTHING, Extras, TokenCounts

ABSURD = 2**40
"""No call uses a million million tokens; a count beyond it is a fault of the provider."""

MAX_COST_USD = 1_000_000
"""A single call that claims to cost more is not believed."""

TICKS_PER_USD: Final = 10**10
"""xAI's unit of money (docs.x.ai, "Cost tracking")."""

NO_FIELDS: Mapping[str, Any] = {}


class BadCount(ValueError):
    """A count that cannot be one: negative, absurd, or no whole number."""


class Usage(Struct, frozen=True):
    """A usage block in our terms. ``counts`` holds everything, ``extras`` what of it is charged at other rates."""

    counts: TokenCounts = NOTHING
    has_input: bool = False
    has_output: bool = False
    refused: str | None = None
    extras: Extras = NO_EXTRAS


def number(value: object, name: str) -> int | None:
    """Return a count, None where it is missing; raises BadCount for what cannot be a count."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ABSURD:
        raise BadCount(name)
    return value


def first(fields: Mapping[str, Any], *names: str) -> int | None:
    """Return the first count that is there under any of the names; an explicit zero is there."""
    for name in names:
        found = number(fields.get(name), name)
        if found is not None:
            return found
    return None


def total(fields: Mapping[str, Any], name: str) -> int | None:
    """Return the sum that a block states of itself; one that cannot be a count proves nothing and is none."""
    try:
        return number(fields.get(name), name)
    except BadCount:
        return None


Side = tuple[int, int]
"""A whole (the prompt, the completion) and a part that lies within it or beside it (the cache, the reasoning)."""


def lying_outside(sides: Sequence[Side], usual: tuple[bool, ...], totals: Collection[int]) -> list[bool | None]:
    """Tell for each side whether its part lies outside of its whole; None where it can lie neither there nor within.

    ``usual`` is what the protocol says. It holds, unless only another reading adds up to one of the ``totals``. A part
    larger than its whole cannot lie within it: without a total it is outside, with one that shows otherwise it is a
    contradiction.
    """
    adding_up = [reading for reading in _readings(usual) if not totals or _sum(sides, reading) in totals]
    for reading in adding_up:
        if all(out or part <= whole for (whole, part), out in zip(sides, reading, strict=True)):
            return list(reading)
    shown = adding_up[0] if adding_up else usual
    return [out if out or part <= whole else None for (whole, part), out in zip(sides, shown, strict=True)]


@lru_cache(maxsize=8)
def _readings(usual: tuple[bool, ...]) -> tuple[tuple[bool, ...], ...]:
    """Return every way in which parts may lie, the usual one first and its opposite last."""
    ways = product((False, True), repeat=len(usual))
    return tuple(sorted(ways, key=lambda way: sum(mine != its for mine, its in zip(way, usual, strict=True))))


def _sum(sides: Sequence[Side], reading: Sequence[bool]) -> int:
    return sum(whole + part * out for (whole, part), out in zip(sides, reading, strict=True))


def inside(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object under a name, empty where there is none."""
    found = fields.get(name)
    return found if isinstance(found, dict) else NO_FIELDS


def searches(fields: Mapping[str, Any]) -> int:
    """Return how many web searches the provider ran and will charge; fetches and code runs cost tokens only."""
    used = number(inside(fields, "server_tool_use").get("web_search_requests"), "web_search_requests")
    if used is None:
        used = number(inside(inside(fields, "tool_usage"), "web_search").get("num_requests"), "tool_usage")
    if used is None:
        used = number(fields.get("num_search_queries"), "num_search_queries")  # Perplexity
    return used or 0


def cost_nano(fields: Mapping[str, Any]) -> int | None:
    """Return what the provider says the call cost in nano-dollars, None where it says nothing usable.

    OpenRouter: ``cost`` in USD is its own charge; with the caller's own key at the upstream provider (``is_byok``) that
    provider charges ``cost_details.upstream_inference_cost`` besides. Perplexity: ``cost.total_cost``. xAI:
    ``cost_in_usd_ticks``, ten to the nano-dollar.
    """
    ticks = fields.get("cost_in_usd_ticks")
    if isinstance(ticks, int) and not isinstance(ticks, bool) and 0 <= ticks <= MAX_COST_USD * TICKS_PER_USD:
        return _nano(Decimal(ticks) / TICKS_PER_USD)
    cost = fields.get("cost")
    own = _usd(cost.get("total_cost") if isinstance(cost, dict) else cost)
    if own is None:
        return None
    upstream = inside(fields, "cost_details").get("upstream_inference_cost") if fields.get("is_byok") is True else None
    return _nano(own + (_usd(upstream) or 0))


def stated_cost_nano(amount: str) -> int | None:
    """Return a cost in USD that a header states, such as LiteLLM's ``x-litellm-response-cost``, in nano-dollars."""
    usd = _usd(amount)
    return None if usd is None else _nano(usd)


def _nano(usd: Decimal) -> int:
    """Round half-even to whole nano-dollars."""
    return int((usd * 1_000_000_000).to_integral_value(ROUND_HALF_EVEN))


def _usd(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= MAX_COST_USD else None
