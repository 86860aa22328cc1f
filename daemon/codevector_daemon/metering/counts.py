"""The counts of one answer: disjoint, so that a sum never counts a token twice."""

from typing import Literal

import msgspec
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
        """Return what is left without a part of this; of a count that the part exceeds, nothing."""
        return TokenCounts(*(max(0, mine - its) for mine, its in zip(astuple(self), astuple(part), strict=True)))


class Round(Struct, frozen=True, omit_defaults=True):
    """Tokens that one answer used apart from its own sampling, charged at the rates of ``model`` (None: its own)."""

    model: str | None
    counts: TokenCounts
    parts: dict[str, int] = {}
    """Tokens within the counts that may have a rate of their own, as in ``Extras``."""


CostSource = Literal["usage", "header"]
"""Where a provider stated its own cost."""


class Extras(Struct, frozen=True, omit_defaults=True):
    """What the price of an attempt rests on besides its counts: kept with the row, so that it can be priced again."""

    rounds: tuple[Round, ...] = ()
    """Parts of the counts that are charged apart: compaction, advisor and fallback rounds."""
    parts: dict[str, int] = {}
    """Tokens within a count that may have a rate of their own, by the names in ``rates.PARTS``: pictures."""
    file_searches: int = 0
    """Searches of stored files that the provider ran (web searches are ``server_tool_calls``)."""
    audio_seconds: int = 0
    """Length of audio that a model charges by time."""
    provider_cost_nano: int | None = None
    """What the provider itself said the attempt cost."""
    cost_from: CostSource | None = None


NOTHING = TokenCounts()
NO_EXTRAS = Extras()

_decoder = msgspec.json.Decoder(Extras)


def extras_json(extras: Extras | None) -> str | None:
    """Return extras as a row keeps them; None where there are none."""
    return None if extras is None or extras == NO_EXTRAS else msgspec.json.encode(extras).decode()


def extras_of(kept: str | None) -> Extras:
    """Return the extras that a row keeps."""
    return NO_EXTRAS if kept is None else _decoder.decode(kept)
