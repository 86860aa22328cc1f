"""Sums over buckets, and how the control API shows them."""

from collections.abc import Sequence
from typing import TypedDict

from codevector_daemon.store.schema import AMOUNTS
from codevector_shared.money import usd


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


class Tally:
    """A running sum over buckets."""

    __slots__ = AMOUNTS

    requests: int
    errors: int
    uncached_input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    spend_nano: int
    own_login_nano: int
    estimated_requests: int
    unpriced_requests: int
    duration_ms: int

    def __init__(self) -> None:
        for name in AMOUNTS:
            setattr(self, name, 0)

    def add(self, amounts: Sequence[int]) -> None:
        """Add amounts in the order of the tiers' columns."""
        for name, amount in zip(AMOUNTS, amounts, strict=True):
            setattr(self, name, getattr(self, name) + amount)

    def include(self, other: "Tally") -> None:
        """Add another sum."""
        self.add([getattr(other, name) for name in AMOUNTS])

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
