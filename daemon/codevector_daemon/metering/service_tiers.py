"""What the tier that served a call does to its rates: the catalogue's own prices for it, else a stated rule."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import Struct

from codevector_daemon.metering.catalogue import Rate, Variant

_CONTEXTS: Final = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
"""How the catalogue names the tiers that cost something else than the standard one."""

_HALF: Final = Decimal("0.5")
_TWICE: Final = Decimal(2)
_RULES: Final[Mapping[tuple[str, str], Decimal]] = {
    ("openai", "flex"): _HALF,  # platform.openai.com/docs/guides/flex-processing: billed at batch rates
    ("google", "flex"): _HALF,  # ai.google.dev/gemini-api/docs/pricing
    ("openai", "priority"): _TWICE,  # the published ratios lie between 1.7 (gpt-4o) and 2 (gpt-5)
    ("openai", "fast"): _TWICE,  # OpenAI's other name for priority
    ("google", "priority"): Decimal("1.8"),  # the ratio of every model for which the catalogue states both
    ("claude", "fast"): Decimal(6),  # fast mode of Opus 4.6: 30/150 against 5/25
    ("claude", "geo-us"): Decimal("1.1"),  # inference_geo: the answer says "us" only where the surcharge applies
}
"""Factors on token rates where the catalogue states no price of its own for the tier.

Not named here, so charged as standard: Anthropic's and Azure's priority and OpenAI's scale tier (capacity bought
beforehand, no surcharge per token) and Groq's flex (costs the same).
"""


class Tier(Struct, frozen=True):
    """The rates that replace the standard ones, and a factor on what results."""

    rates: Mapping[str, Rate]
    factor: Decimal


@lru_cache(maxsize=256)
def parts_of(service_tier: str | None) -> tuple[str, ...]:
    """Return the parts of a tier that can change a price, such as ``("batch", "geo-us")``."""
    if not service_tier:
        return ()
    known = {*_CONTEXTS, "geo-us"}
    return tuple(sorted({part for part in service_tier.lower().split("+") if part in known}))


def tier_for(parts: Iterable[str], variants: Iterable[Variant], family: str) -> Tier:
    """Find the prices of the parts among the variants that hold now; of two that state one rate the first wins."""
    context: dict[str, str] = {}
    for part in parts:
        context |= _CONTEXTS.get(part, {})
    chosen = [one for one in variants if all(context.get(name) == value for name, value in one.when.items())]
    rates: dict[str, Rate] = {}
    for variant in chosen:
        rates = {**variant.prices.rates, **rates}
    stated = {value for variant in chosen if variant.prices.rates for value in variant.when.values()}
    factor = Decimal(1)
    for part in parts:
        if part not in stated:
            factor *= _HALF if part == "batch" else _RULES.get((family, part), Decimal(1))
    return Tier(rates, factor)
