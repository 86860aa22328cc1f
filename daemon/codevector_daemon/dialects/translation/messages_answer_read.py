"""Reads answers of Anthropic Messages, streamed or whole, as canonical events."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.messages_usage import merged, messages_usage, served_tier
from codevector_daemon.dialects.translation import answers, errors
from codevector_daemon.dialects.translation.canonical import NOTHING_RAW, Refusal, Text, Thinking, ToolCall
from codevector_daemon.dialects.translation.events import (
    Answer,
    CallDelta,
    CallEnd,
    CallStart,
    Counted,
    End,
    Event,
    Ping,
    RefusalDelta,
    Start,
    Stop,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
)

_STOPS: Final[Mapping[str, StopReason]] = {
    "end_turn": "end",
    "max_tokens": "length",
    "stop_sequence": "sequence",
    "tool_use": "tool",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context",
}


class _Block(Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Raw = NOTHING_RAW


class _Details(Struct):
    explanation: str | None = None


class _Delta(Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: _Details | None = None


class _Message(Struct):
    type: str | None = None
    usage: dict[str, Any] | None = None
    content: list[_Block] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: _Details | None = None
    error: Any = None


class _Event(Struct):
    type: str | None = None
    delta: _Delta | None = None
    content_block: _Block | None = None
    message: Any = None
    usage: dict[str, Any] | None = None
    error: Any = None


_event = Decoder(_Event)
_message = Decoder(_Message)


class MessagesStream:
    """Reads one streamed answer, event by event."""

    def __init__(self) -> None:
        self._block = _Block()
        self._arguments = False
        self._usage: dict[str, Any] = {}
        self._signature = ""

    def event(self, raw: bytes) -> list[Event]:  # noqa: PLR0911 - one arm for each kind of event
        """Return what one raw event says; raises BadAnswer for nonsense."""
        event = answers.event(_event, raw)
        if isinstance(event, str):
            return [Ping()]
        match event.type:
            case "content_block_delta":
                return self._delta(event.delta or _Delta())
            case "content_block_start":
                return self._begin(event.content_block or _Block())
            case "content_block_stop":
                return self._end()
            case "message_delta":
                return self._message_delta(event)
            case "message_start":
                return self._start(event.message)
            case "message_stop":
                return [*self._end(), End()]
            case "error":
                return [errors.in_stream(event.error)]
            case _:
                return [Ping()]

    def ended_without_word(self) -> bool:
        """Tell whether the answer was whole without its last event: never, every vendor sends it."""
        return False

    def _start(self, message: object) -> list[Event]:
        usage = message.get("usage") if isinstance(message, dict) else None
        self._usage = dict(usage) if isinstance(usage, dict) else {}
        read = messages_usage(self._usage, output_final=False)
        return [Start(read.counts if read is not None else None)]

    def _begin(self, block: _Block) -> list[Event]:
        events = self._end()
        self._block = block
        self._arguments, self._signature = False, block.signature or ""
        if block.type == "tool_use":
            events.append(CallStart(block.id or "", block.name or ""))
        elif block.text:
            events.append(TextDelta(block.text))
        elif block.thinking:
            events.append(ThinkingDelta(block.thinking))
        return events

    def _delta(self, delta: _Delta) -> list[Event]:
        match delta.type:
            case "text_delta":
                return [TextDelta(delta.text)] if delta.text else []
            case "input_json_delta" if self._block.type == "tool_use":
                self._arguments = self._arguments or bool(delta.partial_json)
                return [CallDelta(delta.partial_json)] if delta.partial_json else []
            case "thinking_delta":
                return [ThinkingDelta(delta.thinking)] if delta.thinking else []
            case "signature_delta":
                self._signature += delta.signature or ""
        return []

    def _end(self) -> list[Event]:
        """End the open block; a call whose end a vendor left out must not be lost."""
        block, self._block = self._block, _Block()
        match block.type:
            case "tool_use":
                given = bytes(block.input).decode("utf-8", "replace")
                late: list[Event] = [] if self._arguments or given in {"", "{}"} else [CallDelta(given)]
                return [*late, CallEnd()]
            case "thinking":
                return [ThinkingEnd(self._signature)]
            case "redacted_thinking":
                return [ThinkingEnd(block.data or "", redacted=True)]
        return []

    def _message_delta(self, event: _Event) -> list[Event]:
        delta = event.delta or _Delta()
        events = self._end()
        if delta.stop_details is not None and delta.stop_details.explanation:
            events.append(RefusalDelta(delta.stop_details.explanation))
        if delta.stop_reason:
            events.append(Stop(_STOPS.get(delta.stop_reason, "end"), delta.stop_sequence))
        self._usage = merged(self._usage, event.usage or {})
        read = messages_usage(self._usage)
        if read is not None:
            events.append(Counted(read.counts, served_tier(self._usage)))
        return events


def whole(body: bytes) -> Answer:
    """Read a whole answer; raises BadAnswer for nonsense and for an error in a 200."""
    message = answers.decode(_message, body)
    if message.error or message.type == "error":
        raise errors.bad_answer(message.error)
    if message.content is None:
        raise answers.nonsense("it has no content")
    read = messages_usage(message.usage or {})
    details = message.stop_details or _Details()
    refusal = (Refusal(details.explanation),) if details.explanation else ()
    return Answer(
        parts=(*_parts(message.content), *refusal),
        stop=_STOPS.get(message.stop_reason or "end_turn", "end"),
        sequence=message.stop_sequence,
        counts=read.counts if read is not None else None,
        tier=served_tier(message.usage or {}),
    )


def _parts(content: list[_Block]) -> Iterator[Text | Thinking | ToolCall]:
    for block in content:
        match block.type:
            case "text" if block.text:
                yield Text(block.text)
            case "thinking":
                yield Thinking(block.thinking or "", block.signature or "")
            case "redacted_thinking":
                yield Thinking("", block.data or "", redacted=True)
            case "tool_use":
                yield ToolCall(block.id or "", block.name or "", bytes(block.input).decode("utf-8", "replace") or "{}")
            case _:
                continue
