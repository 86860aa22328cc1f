"""What every reader of answers shares: text kept for an estimate, the class of an error, and the figures so far."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import zstandard
from msgspec.structs import replace

from codevector_daemon.dialects.base import Block, Kept, Reading
from codevector_daemon.dialects.counting import Usage
from codevector_daemon.dialects.sse import EventSplitter
from codevector_daemon.metering.counts import NO_EXTRAS

KEPT_TEXT_BYTES = 16 * 1024 * 1024
"""Generated text taken out of one answer: four million tokens, more than any model writes."""

KEPT_BYTES = 8 * 1024 * 1024
"""Events kept of one answer: the small ones compressed, the large ones as they came."""

BLOCK_BYTES = 64 * 1024
"""Events are compressed in blocks of this size; an event larger than it is not, since that takes 2 ms for each MB."""

SAMPLED_EVENTS = 16
RECENT_EVENTS = 4

LARGE_EVENT_SHARE = 0.9
"""Taken for the share of text in a large event."""

BYTES_PER_TOKEN = 4

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding foreign bytes may raise."""

_CLASS = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

json_value = msgspec.json.Decoder().decode


class AnswerText:
    """The events of one answer that may hold generated text: for a guess on the way, and for an estimate at the end.

    Nothing is taken out of them here but for a few small ones: parsing a few MB would hold up every other call.
    """

    def __init__(self, dialect: str, extract: Callable[[bytes], str]) -> None:
        self._dialect = dialect
        self._extract = extract
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._before: list[bytes] = []
        self._blocks: list[Block] = []
        self._kept_bytes = 0
        self._seen_bytes = 0
        self._large_bytes = 0
        self._share = 0.0

    def add(self, raw: bytes) -> None:
        """Keep one raw event for later."""
        if len(raw) > BLOCK_BYTES:
            self._pack()
            self._before = [*self._before, raw][-RECENT_EVENTS:]
            self._keep(raw, packed=False)
            self._large_bytes += len(raw)
            return
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
        return math.ceil((seen * self._share + self._large_bytes * LARGE_EVENT_SHARE) / BYTES_PER_TOKEN)

    def kept(self, body: bytes = b"") -> Kept:
        """Return what is kept of the answer, which was ``body`` where it was not streamed."""
        pending = [Block(packed=False, data=b"".join(self._pending))] if self._pending else []
        guess = -(-len(body) // BYTES_PER_TOKEN) + self.tokens()
        return Kept(dialect=self._dialect, body=body, blocks=(*self._blocks, *pending), guess=guess)

    def _pack(self) -> None:
        if self._pending:
            if self._kept_bytes < KEPT_BYTES:
                self._keep(zstandard.compress(b"".join(self._pending), level=1), packed=True)
            self._seen_bytes += self._pending_bytes
            self._before = self.recent()
            self._pending, self._pending_bytes = [], 0

    def _keep(self, data: bytes, *, packed: bool) -> None:
        if self._kept_bytes < KEPT_BYTES:
            self._blocks.append(Block(packed=packed, data=data))
            self._kept_bytes += len(data)


def text_in(kept: Kept, event_text: Callable[[bytes], str], body_text: Callable[[Any], str]) -> str:
    """Return the text generated in what was kept, at most KEPT_TEXT_BYTES of it; takes long."""
    if kept.body:
        try:
            return body_text(json_value(kept.body))
        except UNREADABLE:
            return ""
    parts: list[str] = []
    size = 0
    for raw in _events(kept):
        part = event_text(raw)[: KEPT_TEXT_BYTES - size]
        parts.append(part)
        size += len(part)
        if size >= KEPT_TEXT_BYTES:
            break
    return "".join(parts)


def _events(kept: Kept) -> Iterator[bytes]:
    for block in kept.blocks:
        if not block.packed and len(block.data) > BLOCK_BYTES:
            yield block.data
            continue
        events = EventSplitter()
        yield from events.feed(zstandard.decompress(block.data) if block.packed else block.data)
        yield events.rest()


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
