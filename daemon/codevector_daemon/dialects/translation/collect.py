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

    def add(self, event: Event) -> None:
        """Take the next event; raises BadAnswer for a failure."""
        match event:
            case TextDelta() | RefusalDelta():
                self._say(Text if isinstance(event, TextDelta) else Refusal, event.text)
            case ThinkingDelta():
                self._think(event.text)
            case ThinkingBreak():
                self._think("\n\n")
            case ThinkingEnd():
                self._sign(event)
            case CallStart():
                self.parts.append(ToolCall(event.id, event.name, ""))
            case CallDelta():
                self.parts[-1] = replace(self.parts[-1], arguments=self.parts[-1].arguments + event.text)
            case Failure():
                raise BadAnswer(event.kind, event.message)
            case _:
                self._note(event)

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

    def _say(self, kind: type[Text | Refusal], text: str) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, kind):
            self.parts[-1] = kind(last.text + text)
        else:
            self.parts.append(kind(text))

    def _think(self, text: str) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, Thinking) and not last.signature:
            self.parts[-1] = Thinking(last.text + text)
        else:
            self.parts.append(Thinking(text))

    def _sign(self, event: ThinkingEnd) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(last, Thinking) and not last.signature and not event.redacted:
            self.parts[-1] = Thinking(last.text, event.signature)
        elif event.signature:
            self.parts.append(Thinking("", event.signature, redacted=event.redacted))


def collect(events: Iterable[Event]) -> Answer:
    """Return the whole answer that events make; raises BadAnswer for a failure among them."""
    collector = _Collector()
    for event in events:
        collector.add(event)
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
