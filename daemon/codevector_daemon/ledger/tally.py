"""Sums over buckets, and how the control API shows them."""

from collections.abc import Sequence
from operator import add
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


class _Amount:
    """One of a tally's sums, by name."""

    def __init__(self, name: str) -> None:
        self._place = AMOUNTS.index(name)

    def __get__(self, tally: "Tally", _owner: type["Tally"]) -> int:
        return tally.sums[self._place]


class Tally:
    """A running sum over buckets."""

    __slots__ = ("sums",)

    requests = _Amount("requests")
    errors = _Amount("errors")
    uncached_input = _Amount("uncached_input")
    cache_read = _Amount("cache_read")
    cache_write_5m = _Amount("cache_write_5m")
    cache_write_1h = _Amount("cache_write_1h")
    output = _Amount("output")
    reasoning = _Amount("reasoning")
    spend_nano = _Amount("spend_nano")
    own_login_nano = _Amount("own_login_nano")
    estimated_requests = _Amount("estimated_requests")
    unpriced_requests = _Amount("unpriced_requests")
    duration_ms = _Amount("duration_ms")

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
    def input(self) -> int:
        """Everything the models read."""
        return self.uncached_input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input + self.output

    def shown(self) -> Amounts:
        """Return the fields of ``Totals``."""
        return Amounts(
            requests=self.requests,
            errors=self.errors,
            input_tokens=self.input,
            uncached_input_tokens=self.uncached_input,
            cached_tokens=self.cache_read,
            cache_write_tokens=self.cache_write_5m + self.cache_write_1h,
            output_tokens=self.output,
            reasoning_tokens=self.reasoning,
            spend_usd=usd(self.spend_nano),
            own_login_usd=usd(self.own_login_nano),
            estimated_requests=self.estimated_requests,
            unpriced_requests=self.unpriced_requests,
        )
