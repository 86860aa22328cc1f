"""The counts of one answer: disjoint, so that a sum never counts a token twice."""

from msgspec import Struct
from msgspec.structs import astuple


class TokenCounts(Struct, frozen=True):
    """Tokens by the rate they are charged at.

    ``reasoning`` and ``audio_output`` are parts of ``output``; ``audio_input`` is a part of ``uncached_input``;
    everything else is disjoint. ``server_tool_calls`` counts tools the provider ran (web searches and the like).
    """

    uncached_input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    server_tool_calls: int = 0

    @property
    def input(self) -> int:
        """Everything the model read."""
        return self.uncached_input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def plus(self, other: "TokenCounts") -> "TokenCounts":
        """Return both together."""
        return TokenCounts(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def minus(self, part: "TokenCounts") -> "TokenCounts":
        """Return what is left without a part of this."""
        return TokenCounts(*(mine - its for mine, its in zip(astuple(self), astuple(part), strict=True)))


class Round(Struct, frozen=True):
    """Tokens that one answer used apart from its own sampling, charged at the rates of ``model`` (None: its own)."""

    model: str | None
    counts: TokenCounts


NOTHING = TokenCounts()
