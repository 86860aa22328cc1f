"""Sums over buckets, and how the control API shows them."""

from collections.abc import Sequence
from operator import add, itemgetter
from typing import TypedDict

from codevector_daemon.store.schema import AMOUNTS
from codevector_shared.money import usd

_NOTHING = (0,) * len(AMOUNTS)


class Amounts(TypedDict):
    """The fields of ``Totals``."""

    requests: int
    errors: int
    input_tokens: int
    uncached_input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    spend_usd: str
    own_login_usd: str
    estimated_requests: int
    unpriced_requests: int
    default_priced_requests: int


_INPUT = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h")
_REQUESTS, _SPEND = AMOUNTS.index("requests"), AMOUNTS.index("spend_nano")
_tokens = itemgetter(*(AMOUNTS.index(name) for name in (*_INPUT, "output")))


class Tally:
    """A running sum over buckets."""

    __slots__ = ("sums",)

    def __init__(self) -> None:
        self.sums: Sequence[int] = _NOTHING

    def add(self, amounts: Sequence[int]) -> None:
        """Add amounts in the order of the tiers' columns."""
        # In one pass over the whole row: a window of days adds thousands of them.
        self.sums = list(map(add, self.sums, amounts))

    def include(self, other: "Tally") -> None:
        """Add another sum."""
        self.add(other.sums)

    @property
    def requests(self) -> int:
        """Calls."""
        return self.sums[_REQUESTS]

    @property
    def spend_nano(self) -> int:
        """Money."""
        return self.sums[_SPEND]

    @property
    def tokens(self) -> int:
        """Input and output."""
        return sum(_tokens(self.sums))

    def shown(self) -> Amounts:
        """Return the fields of ``Totals``."""
        of = dict(zip(AMOUNTS, self.sums, strict=True))
        return Amounts(
            requests=of["requests"],
            errors=of["errors"],
            input_tokens=sum(of[name] for name in _INPUT),
            uncached_input_tokens=of["uncached_input"],
            cached_tokens=of["cache_read"],
            cache_write_tokens=of["cache_write_5m"] + of["cache_write_1h"],
            output_tokens=of["output"],
            reasoning_tokens=of["reasoning"],
            spend_usd=usd(of["spend_nano"]),
            own_login_usd=usd(of["own_login_nano"]),
            estimated_requests=of["estimated_requests"],
            unpriced_requests=of["unpriced_requests"],
            default_priced_requests=of["default_priced_requests"],
        )
