"""The tap: reads a copy of an answer on its way to the client, and holds back its end until it is counted."""

import logging
from io import BytesIO
from typing import Final, Protocol

from msgspec import Struct

from codevector_daemon.dialects.base import AnswerReader, Kept, Reading, Verdict
from codevector_daemon.dialects.json_array import ArraySplitter, last_piece
from codevector_daemon.dialects.opening import EVENT_STARTS, LONGEST, UNREADABLE, Opening, is_document, opening_of
from codevector_daemon.dialects.sse import EventSplitter
from codevector_daemon.metering.codings import CodingBroken, Decoder, decoder_for

logger = logging.getLogger(__name__)

MAX_COPY_BYTES: Final = 64 * 1024 * 1024
"""A body or a single event beyond this passes unread, and is estimated."""

_STREAM_TYPE = "text/event-stream"


class _Nothing:
    """Stands for a decoder whose coding broke: there is nothing to read any more."""

    def feed(self, data: bytes) -> bytes:  # noqa: ARG002 - the protocol's
        return b""


class LastWord(Struct, frozen=True):
    """Why an answer broke off: the class of it and its words, and the error event of the client's dialect."""

    code: str
    message: str
    event: bytes


class AnswerTap(Protocol):
    """What stands between the provider's answer and the client: it says what may pass, and reads what it meant."""

    @property
    def streamed(self) -> bool | None:
        """Whether the answer is a stream of events; ``None`` until its first bytes show it."""

    @property
    def opening(self) -> Opening:
        """What the answer can be, by its first bytes."""

    @property
    def ended(self) -> bool:
        """Whether the end of the answer was seen and is held back."""

    @property
    def broken(self) -> str | None:
        """The class of what made the answer unusable on its way, as far as the tap can tell."""

    @property
    def drops_encoding(self) -> bool:
        """Whether the client gets decoded bytes."""

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes from the provider and return those that may go to the client now."""

    def release(self) -> bytes:
        """Return everything held back."""

    def last_word(self, word: LastWord) -> bytes:
        """Return what ends an answer which broke off."""

    def reading(self) -> Reading:
        """Return what is known by now; once the provider has ended the answer, everything."""

    def so_far(self) -> Reading:
        """Return what the events that are whole by now said."""

    def progress(self) -> int:
        """Return the output tokens so far."""

    def kept(self) -> Kept:
        """Return what was kept of the answer for an estimate of its output."""


class Tap:
    """Reads one answer. What ``feed`` returns may go to the client at once; ``release`` gives the rest.

    A streamed answer passes event by event, each as soon as it is whole, up to the protocol's last event; any other
    answer passes but for its last byte. Content-coded bytes pass unchanged while a decoded copy is read; the chunk in
    which the end lies is held back. Never raises: ``failed`` tells what went wrong inside, and the bytes pass.
    ``array`` says that a stream was asked for as one JSON array (Gemini): its elements are the events.
    """

    def __init__(
        self,
        reader: AnswerReader,
        *,
        content_type: str | None,
        content_encoding: str | None,
        hide_usage: bool,
        array: bool = False,
    ) -> None:
        self.failed: str | None = None
        self._reader = reader
        self._streamed = _is_stream(content_type)
        self._decoder: Decoder | None = None
        try:
            self._decoder = decoder_for(content_encoding)
        except CodingBroken as error:
            self._fail(str(error))
            self._streamed = False
        if self._decoder is not None and self._streamed is None:
            self._streamed = False
        self._array = array and self._streamed is False and self.failed is None
        if self._array:
            self._streamed = True
        self._drops_encoding = self._decoder is not None and hide_usage and self._streamed is True
        self._splitter: EventSplitter | ArraySplitter = ArraySplitter() if self._array else EventSplitter()
        self._begun = False
        self._copy = BytesIO()  # gives 4 MB away without copying them
        self._copy_size = 0
        self._read_size = 0
        self._rest_verdict = Verdict.PASS
        self._held: list[bytes] = []
        self._waiting = b""  # perhaps the end: the last event, or the coded chunk it lies in
        self._perhaps_last = False
        self._ended = False
        self._released = False
        self._first = b""
        self._opening = Opening.UNKNOWN
        self._is_plain_stream = False  # known by its first bytes; most chunks of most answers need no other look
        self._is_document = True

    @property
    def opening(self) -> Opening:
        """What the answer can be, by its first bytes; one that cannot be decoded may be anything."""
        return self._opening if self.failed is None else Opening.PASSES

    @property
    def broken(self) -> str | None:
        """The class of an answer that is none; known when it is over."""
        none = self.opening in {Opening.UNKNOWN, Opening.NONSENSE} or not self._is_document
        return UNREADABLE if none else None

    def last_word(self, word: LastWord) -> bytes:
        """Return the dialect's own error event, in the form of this stream."""
        return last_piece(word.event, first=not self._begun) if self._array else word.event

    @property
    def drops_encoding(self) -> bool:
        """Whether the client gets decoded bytes: a coded stream out of which an event must be hidden."""
        return self._drops_encoding

    @property
    def streamed(self) -> bool | None:
        """Whether the answer is a stream of events; ``None`` until its first bytes show it."""
        return self._streamed

    @property
    def ended(self) -> bool:
        """Whether the protocol's last event was seen and is held back."""
        return self._ended

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes from the provider and return those that may go to the client now."""
        if self._released or not chunk:
            return chunk
        if self._is_plain_stream:
            return self._feed_events(chunk)
        plain = self._decoded(chunk)
        if self._streamed is None:
            self._streamed = plain.startswith(EVENT_STARTS)
        if self._opening is Opening.UNKNOWN:
            self._look(plain)
        if not self._streamed:
            return self._feed_body(chunk, plain)
        if self._decoder is None or self._drops_encoding:
            return self._feed_events(plain)
        return self._feed_coded(chunk, plain)

    def release(self) -> bytes:
        """Return everything held back; whatever is fed from now on passes unchanged."""
        if self._released:
            return b""
        self._read_rest()
        self._released = True
        if self._streamed and (self._decoder is None or self._drops_encoding):
            rest = self._splitter.take_rest()
            if self._rest_verdict is not Verdict.HIDE:
                self._held.append(rest)
        held, self._held = [self._take_waiting(), *self._held], []
        return _joined(held)

    def reading(self) -> Reading:
        """Return what is known by now; once the provider has ended the answer, everything."""
        self._read_rest()
        return self._reader.reading()

    def so_far(self) -> Reading:
        """Return what the events that are whole by now said; for looking on while the answer goes on."""
        return self._reader.reading()

    def progress(self) -> int:
        """Return the output tokens so far."""
        return self._reader.progress()

    def kept(self) -> Kept:
        """Return what was kept of the answer for an estimate of its output."""
        self._read_rest()
        return self._reader.kept()

    def _decoded(self, chunk: bytes) -> bytes:
        """Return the copy to read; nothing any more once its coding is broken."""
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.feed(chunk)
        except CodingBroken as error:
            self._fail(str(error))
            self._decoder = _Nothing()
            return b""

    def _look(self, plain: bytes) -> None:
        """Look what the answer can be, as far as its first bytes tell by now."""
        self._first = (self._first + plain.lstrip()[:LONGEST])[:LONGEST]
        self._opening = opening_of(self._first, streamed=self._streamed is True, array=self._array)
        known = self._opening is not Opening.UNKNOWN
        self._is_plain_stream = known and self._streamed is True and self._decoder is None

    def _feed_body(self, chunk: bytes, plain: bytes) -> bytes:
        if self.failed is None:
            self._copy_size += self._copy.write(plain)
        if self._copy_size > MAX_COPY_BYTES:
            self._copy, self._copy_size = BytesIO(), 0
            self._fail(f"a body of more than {MAX_COPY_BYTES} bytes")
        passed = b"".join((*self._held, chunk[:-1]))
        self._held = [chunk[-1:]]
        return passed

    def _feed_events(self, plain: bytes) -> bytes:
        """Read the events that are whole now and return those that pass."""
        passed, held = self._read_events(plain)
        if held:
            self._held += held
        if self._perhaps_last or self._waiting:
            return self._all_but_the_last(passed, held)
        return passed[0] if len(passed) == 1 else b"".join(passed)

    def _all_but_the_last(self, passed: list[bytes], held: list[bytes]) -> bytes:
        """Let pass what waited as soon as something follows it, and keep what may be the end now."""
        if not passed and not held:
            return b""
        ready = self._take_waiting()
        if self._perhaps_last and passed:
            self._waiting = passed.pop()
        return _joined([ready, *passed])

    def _feed_coded(self, chunk: bytes, plain: bytes) -> bytes:
        """Read the events of a coded chunk; the chunk passes as a whole, unless the end lies in it."""
        read, _ = self._read_events(plain)
        if self._perhaps_last and not read:
            self._waiting += chunk
            return b""
        passed = self._take_waiting()
        if self._ended:
            self._held.append(chunk)
        elif self._perhaps_last:
            self._waiting = chunk
        else:
            passed += chunk
        return passed

    def _take_waiting(self) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting

    def _read_events(self, plain: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return the events that may pass and, from the last one on, those that are held."""
        passed: list[bytes] = []
        held: list[bytes] = []
        for event in self._splitter.feed(plain):
            verdict = self._verdict(event)
            if verdict is Verdict.HIDE:
                continue
            self._perhaps_last = verdict is Verdict.HOLD
            if verdict is Verdict.LAST or self._ended:
                self._ended = True
                held.append(event)
            else:
                passed.append(event)
            self._begun = True
        if self._splitter.size > MAX_COPY_BYTES:
            self._fail(f"an event of more than {MAX_COPY_BYTES} bytes")
            self._perhaps_last = False
            (held if self._ended else passed).append(self._splitter.take_rest())
        return passed, held

    def _verdict(self, event: bytes) -> Verdict:
        try:
            return self._reader.event(event)
        except Exception:  # the edge of the answer: a fault in reading must never break it
            logger.exception("an event could not be read; it passes unread")
            self._fail("an event could not be read")
            return Verdict.PASS

    def _read_rest(self) -> None:
        """Read what no empty line has ended: a whole body, or the last event of a provider that leaves the line off."""
        size = self._splitter.size if self._streamed else self._copy_size
        if self._released or size in (0, self._read_size):
            return
        self._read_size = size
        if self._streamed:
            self._rest_verdict = self._verdict(self._splitter.rest())
            return
        whole = self._copy.getvalue()
        try:
            self._reader.body(whole)
        except Exception:  # the edge of the answer: a fault in reading must never break it
            logger.exception("a body could not be read; it passes unread")
            self._fail("a body could not be read")
        if self._opening is Opening.DOCUMENT:
            self._is_document = self._reader.reading().finished or is_document(whole)

    def _fail(self, why: str) -> None:
        self.failed = self.failed or why


def _joined(pieces: list[bytes]) -> bytes:
    """Return pieces as one, without copying it where all others are empty."""
    found = [piece for piece in pieces if piece]
    return found[0] if len(found) == 1 else b"".join(found)


def _is_stream(content_type: str | None) -> bool | None:
    """Tell whether events are to be expected; None where the provider does not say and the bytes must show it."""
    kind = (content_type or "").strip().lower()
    if kind.startswith(_STREAM_TYPE):
        return True
    return False if "json" in kind else None
