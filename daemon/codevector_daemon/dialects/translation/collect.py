"""A whole answer out of canonical events, and events out of a whole answer."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from codevector_daemon.dialects.translation.canonical import Refusal, Text, Thinking, ToolCall
from codevector_daemon.dialects.translation.events import (
    Answer,
    BadAnswer,
    CallDelta,
    CallEnd,
    CallStart,
    Counted,
    Event,
    Failure,
    RefusalDelta,
    Start,
    Stop,
    TextDelta,
    ThinkingBreak,
    ThinkingDelta,
    ThinkingEnd,
)


class _Collector:
    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.answer = Answer()
        self._pieces: list[str] = []
        """What the last part's text or arguments are made of: joined once, because there may be very many."""

    def add(self, event: Event) -> None:
        """Take the next event; raises BadAnswer for a failure."""
        match event:
            case TextDelta() | RefusalDelta():
                self._piece(Text if isinstance(event, TextDelta) else Refusal, event.text)
            case ThinkingDelta():
                self._piece(Thinking, event.text)
            case ThinkingBreak():
                self._piece(Thinking, "\n\n")
            case ThinkingEnd():
                self._sign(event)
            case CallStart():
                self._open(ToolCall(event.id, event.name, ""))
            case CallDelta():
                self._pieces.append(event.text)
            case Failure():
                raise BadAnswer(event.kind, event.message)
            case _:
                self._note(event)

    def close(self) -> None:
        """Put the pieces of the last part together."""
        last = self.parts[-1] if self.parts else None
        if last is not None and self._pieces:
            whole = "".join(self._pieces)
            self.parts[-1] = replace(last, **{"arguments" if isinstance(last, ToolCall) else "text": whole})
        self._pieces = []

    def _note(self, event: Event) -> None:
        match event:
            case Stop():
                self.answer = replace(self.answer, stop=event.reason, sequence=event.sequence)
            case Counted():
                self.answer = replace(self.answer, counts=event.counts, tier=event.tier or self.answer.tier)
            case Start() if event.counts is not None:
                self.answer = replace(self.answer, counts=event.counts)
            case _:
                return

    def _open(self, part: Any) -> None:  # noqa: ANN401 - a part of any kind
        self.close()
        self.parts.append(part)

    def _piece(self, kind: type[Text | Refusal | Thinking], text: str) -> None:
        last = self.parts[-1] if self.parts else None
        if not isinstance(last, kind) or (isinstance(last, Thinking) and last.signature):
            self._open(kind(""))
        self._pieces.append(text)

    def _sign(self, event: ThinkingEnd) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, Thinking) and not last.signature and not event.redacted:
            self.parts[-1] = replace(last, signature=event.signature)
        elif event.signature:
            self._open(Thinking("", event.signature, redacted=event.redacted))


def collect(events: Iterable[Event]) -> Answer:
    """Return the whole answer that events make; raises BadAnswer for a failure among them."""
    collector = _Collector()
    for event in events:
        collector.add(event)
    collector.close()
    return replace(collector.answer, parts=tuple(collector.parts))


def events_of(answer: Answer) -> Iterator[Event]:
    """Yield a whole answer as the events of a stream, its end left out."""
    yield Start(answer.counts)
    for part in answer.parts:
        match part:
            case Thinking():
                yield from [ThinkingDelta(part.text)] if part.text else []
                yield ThinkingEnd(part.signature, part.redacted)
            case ToolCall():
                yield from (CallStart(part.id, part.name), CallDelta(part.arguments or "{}"), CallEnd())
            case Refusal():
                yield RefusalDelta(part.text)
            case _:
                yield TextDelta(part.text)
