"""Translates one streamed answer while it comes: the provider's events in, the client's events out."""

from typing import Protocol

from codevector_daemon.dialects.sse import EventSplitter
from codevector_daemon.dialects.translation.answers import TOO_DEEP, UNREADABLE_KIND, nonsense
from codevector_daemon.dialects.translation.events import (
    BadAnswer,
    Counted,
    End,
    Event,
    Failure,
    Start,
    Stop,
)
from codevector_daemon.dialects.translation.writing import AnswerWriter, Ended
from codevector_daemon.metering.counts import NOTHING, TokenCounts

BROKE_OFF = Failure(
    "api_error", "The provider ended the stream before the answer was complete.", code="stream_ended_early"
)


class StreamReader(Protocol):
    """Reads one streamed answer of a protocol."""

    def event(self, raw: bytes) -> list[Event]:
        """Return what one raw event says; raises BadAnswer for nonsense."""

    def ended_without_word(self) -> bool:
        """Tell whether all that was to come has come, though the protocol's last event has not."""


class Translator:
    """Takes what the provider sends; gives what may go to the client now, and only at ``finish`` how it ended.

    ``feed`` never returns the client's last event. ``finish`` returns it when the provider's answer was whole, else the
    client's error event: call it when the row is durable, or when the provider's stream is over. After an error or
    the provider's end nothing more is read. Neither ever raises.
    """

    def __init__(self, reader: StreamReader, writer: AnswerWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._splitter = EventSplitter()
        self._stop: Stop | None = None
        self._counts: TokenCounts = NOTHING
        self._tier: str | None = None
        self._failure: Failure | None = None
        self._ended = False
        self._finished = False

    @property
    def ended(self) -> bool:
        """Whether the provider's own end, or its error, was seen."""
        return self._ended or self._failure is not None

    @property
    def failed(self) -> str | None:
        """The class of what ended the answer badly, None as long as it goes well."""
        return self._failure.kind if self._failure is not None else None

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the provider and return the client's events that they complete."""
        events = self._splitter.feed(chunk)
        if len(events) == 1:
            return self._take(events[0])
        return b"".join([self._take(raw) for raw in events])

    def finish(self, broke_off: Failure = BROKE_OFF) -> bytes:
        """Return the end: clean where the answer was whole, the error event where it was not. Once only.

        ``broke_off`` is what to say where neither an end nor an error of the provider's was seen.
        """
        if self._finished:
            return b""
        self._finished = True
        out = self._take_rest()
        if self._failure is None and not self._ended and not self._reader.ended_without_word():
            self._failure = broke_off
        if self._failure is not None:
            return out + self._writer.fail(self._failure)
        return out + self._writer.end(Ended(self._stop or Stop("end"), self._counts, self._tier))

    def _take_rest(self) -> bytes:
        """Take the last event of a provider that leaves its empty line off; half an event says nothing."""
        rest = self._splitter.take_rest()
        before = self._failure
        out = self._take(rest) if rest.strip() else b""
        if self._failure is not None and self._failure.kind == UNREADABLE_KIND:
            self._failure = before
        return out

    def _take(self, raw: bytes) -> bytes:
        if self._ended or self._failure is not None:
            return b""
        try:
            events = self._reader.event(raw)
            if len(events) == 1 and type(events[0]) not in _KEPT:
                return self._writer.write(events[0])
            return b"".join([self._pass(event) for event in events])
        except BadAnswer as error:
            self._failure = Failure(error.kind, str(error))
        except RecursionError:
            self._failure = Failure(UNREADABLE_KIND, str(nonsense(TOO_DEEP)))
        return b""

    def _pass(self, event: Event) -> bytes:
        match event:
            case Stop():
                self._stop = event
            case Counted():
                self._counts, self._tier = event.counts, event.tier or self._tier
            case Failure():
                self._failure = event
            case End():
                self._ended = True
            case Start() if event.counts is not None:
                self._counts = event.counts
                return self._writer.write(event)
            case _:
                return self._writer.write(event)
        return b""


_KEPT = frozenset({Stop, Counted, Failure, End, Start})
