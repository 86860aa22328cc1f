"""What a provider says an answer used, and what that must cost: worked out here, apart from the product's own code."""

from dataclasses import astuple, dataclass, fields
from fractions import Fraction
from typing import Self


@dataclass(frozen=True, slots=True)
class Counts:
    """Disjoint token counts, named like the columns of a request row; ``reasoning`` is a part of ``output``."""

    uncached_input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    def __add__(self, other: Self) -> "Counts":
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def input(self) -> int:
        """Everything the model read."""
        return self.uncached_input + self.cache_read + self.cache_write_5m + self.cache_write_1h


COUNTS = tuple(field.name for field in fields(Counts))
NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices in USD per million tokens, as an administrator types them."""

    input: str
    output: str
    cached: str
    cache_write: str
    cache_write_1h: str

    def override(self) -> dict[str, str]:
        """Return the price override that the control API takes."""
        return {
            "input_price": self.input,
            "output_price": self.output,
            "cached_price": self.cached,
            "cache_write_price": self.cache_write,
            "cache_write_1h_price": self.cache_write_1h,
        }

    def nano(self, counts: Counts) -> int:
        """Return what the counts cost in nano-dollars: exact, rounded half-even once."""
        rated = (
            (counts.uncached_input, self.input),
            (counts.cache_read, self.cached),
            (counts.cache_write_5m, self.cache_write),
            (counts.cache_write_1h, self.cache_write_1h),
            (counts.output, self.output),
        )
        return round(sum((tokens * Fraction(rate) * 1000 for tokens, rate in rated), Fraction(0)))
