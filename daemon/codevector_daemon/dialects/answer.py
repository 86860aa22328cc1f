"""What every reader of answers shares: text kept for an estimate, the class of an error, and the figures so far."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import zstandard
from msgspec.structs import replace

from codevector_daemon.dialects.base import Reading
from codevector_daemon.dialects.counting import Usage
from codevector_daemon.dialects.sse import EventSplitter
from codevector_daemon.metering.counts import NO_EXTRAS

KEPT_TEXT_BYTES = 4 * 1024 * 1024
"""Generated text kept of one answer; an estimate of a longer one rests on this much."""

KEPT_PACKED_BYTES = 4 * 1024 * 1024
"""Compressed events kept of one answer."""

BLOCK_BYTES = 64 * 1024
"""Events are compressed in blocks of this size."""

SAMPLED_EVENTS = 16
RECENT_EVENTS = 4

BYTES_PER_TOKEN = 4

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise."""

_CLASS = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

json_value = msgspec.json.Decoder().decode


class AnswerText:
    """The generated text of one answer, taken out of its events only when it is asked for.

    Until then whole blocks of events are kept compressed (0.3 µs an event, a twentieth of the size).
    """

    def __init__(self, extract: Callable[[bytes], str]) -> None:
        self._extract = extract
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._before: list[bytes] = []
        self._packed: list[bytes] = []
        self._packed_bytes = 0
        self._seen_bytes = 0
        self._share = 0.0

    def add(self, raw: bytes) -> None:
        """Keep one raw event for later."""
        self._pending.append(raw)
        self._pending_bytes += len(raw)
        if self._pending_bytes > BLOCK_BYTES:
            self._pack()

    def recent(self) -> list[bytes]:
        """Return the last few events."""
        return (self._before + self._pending[-RECENT_EVENTS:])[-RECENT_EVENTS:]

    def tokens(self) -> int:
        """Return a quick guess of the tokens generated so far, from the share of text in a few events."""
        seen = self._seen_bytes + self._pending_bytes
        if not self._share and self._pending:  # the first events of an answer hold no text yet
            sample = self._pending[-SAMPLED_EVENTS:]
            text = sum(len(self._extract(raw)) for raw in sample)
            self._share = text / max(1, sum(len(raw) for raw in sample))
        return math.ceil(seen * self._share / BYTES_PER_TOKEN)

    def text(self) -> str:
        """Return the text kept, at most KEPT_TEXT_BYTES of it."""
        parts: list[str] = []
        size = 0
        for raw in self._events():
            part = self._extract(raw)[: KEPT_TEXT_BYTES - size]
            parts.append(part)
            size += len(part)
            if size >= KEPT_TEXT_BYTES:
                break
        return "".join(parts)

    def _events(self) -> Iterator[bytes]:
        for block in self._packed:
            events = EventSplitter()
            yield from events.feed(zstandard.decompress(block))
            yield events.rest()
        yield from tuple(self._pending)

    def _pack(self) -> None:
        if self._packed_bytes < KEPT_PACKED_BYTES:
            block = zstandard.compress(b"".join(self._pending), level=1)
            self._packed.append(block)
            self._packed_bytes += len(block)
        self._seen_bytes += self._pending_bytes
        self._before = self.recent()
        self._pending, self._pending_bytes = [], 0


def error_class(error: object) -> str | None:
    """Return the class of an error object, never its message: that may repeat the prompt."""
    if not error:
        return None
    if isinstance(error, Mapping):
        for name in ("type", "code", "status"):
            value = error.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and _CLASS.fullmatch(str(value)):
                return str(value)
    return "error"


def text_or_none(value: object, longest: int = 256) -> str | None:
    """Return a string that is there, cut to a length and without control characters."""
    if not isinstance(value, str) or not value:
        return None
    return "".join(character for character in value[:longest] if character.isprintable())


def reading_of(usage: Usage | None, cost_nano: int | None, **known: Any) -> Reading:  # noqa: ANN401 - the other fields
    """Make a Reading from a usage block, the provider's own cost, and what else is known."""
    extras = NO_EXTRAS if usage is None else usage.extras
    if cost_nano is not None:
        extras = replace(extras, provider_cost_nano=cost_nano, cost_from="usage")
    if usage is None:
        return Reading(extras=extras, **known)
    return Reading(
        counts=usage.counts,
        usage_source="reported" if usage.has_input or usage.has_output else "none",
        input_reported=usage.has_input,
        output_reported=usage.has_output,
        refused=usage.refused,
        extras=extras,
        **known,
    )
