"""Reads answers of Responses, streamed or whole, as canonical events."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.responses_usage import Ran, responses_usage
from codevector_daemon.dialects.translation import answers, errors
from codevector_daemon.dialects.translation.call_order import CallOrder
from codevector_daemon.dialects.translation.canonical import Refusal, Text, Thinking, ToolCall
from codevector_daemon.dialects.translation.events import (
    Answer,
    Counted,
    End,
    Event,
    Ping,
    RefusalDelta,
    Start,
    Stop,
    StopReason,
    TextDelta,
    ThinkingBreak,
    ThinkingDelta,
    ThinkingEnd,
)
from codevector_daemon.dialects.translation.free_text import as_arguments
from codevector_daemon.dialects.translation.responses_items import with_id

_INCOMPLETE: Final[Mapping[str, StopReason]] = {"max_output_tokens": "length", "content_filter": "refusal"}


class _Content(Struct):
    type: str | None = None
    text: str | None = None
    refusal: str | None = None


class _Item(Struct):
    type: str | None = None
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    input: str | None = None
    content: list[_Content] | None = None
    summary: list[_Content] | None = None
    encrypted_content: str | None = None


class _Incomplete(Struct):
    reason: str | None = None


class _Response(Struct):
    status: str | None = None
    output: list[_Item] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    incomplete_details: _Incomplete | None = None
    service_tier: str | None = None


class _Event(Struct):
    type: str | None = None
    delta: Any = None
    item: _Item | None = None
    response: _Response | None = None
    output_index: int | None = None
    summary_index: int | None = None
    error: Any = None
    code: Any = None
    message: Any = None


_event = Decoder(_Event)
_response = Decoder(_Response)
_THOUGHTS: Final = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})


class ResponsesStream:
    """Reads one streamed answer, event by event."""

    def __init__(self) -> None:
        self._calls = CallOrder()
        self._called = False
        self._declined = False
        self._streamed: set[int | None] = set()

    def event(self, raw: bytes) -> list[Event]:
        """Return what one raw event says; raises BadAnswer for nonsense."""
        event = answers.event(_event, raw)
        if isinstance(event, str):
            return [Ping()]
        match event.type:
            case "response.output_text.delta":
                return self._beside(TextDelta(_text(event.delta)))
            case "response.function_call_arguments.delta":
                self._streamed.add(event.output_index)
                return self._calls.piece(event.output_index, None, None, _text(event.delta))
            case kind if kind in _THOUGHTS:
                return self._beside(ThinkingDelta(_text(event.delta)))
            case "response.refusal.delta":
                self._declined = True
                return self._beside(RefusalDelta(_text(event.delta)))
            case "response.output_item.added" | "response.output_item.done" if event.item is not None:
                return self._item(event, event.item, done=event.type.endswith("done"))
            case _:
                return self._life(event)

    def ended_without_word(self) -> bool:
        """Tell whether the answer was whole without its last event: never, it holds the usage."""
        return False

    def _beside(self, event: Event) -> list[Event]:
        return [event] if self._calls.idle else self._calls.beside([event])

    def _life(self, event: _Event) -> list[Event]:
        response = event.response or _Response()
        match event.type:
            case "response.created":
                return [Start()]
            case "response.reasoning_summary_part.added":
                return self._beside(ThinkingBreak()) if event.summary_index else []
            case "response.completed" | "response.incomplete":
                stop = _stop(response, called=self._called, declined=self._declined)
                return [*self._calls.close(), Stop(stop), *_counted(response), End()]
            case "response.failed" | "response.cancelled":
                return [*_counted(response), errors.in_stream(response.error)]
            case "error":
                return [errors.in_stream(event.error or {"code": event.code, "message": event.message})]
            case "response.in_progress" | "response.queued" | "keepalive":
                return [Ping()]
            case _:
                return []

    def _item(self, event: _Event, item: _Item, *, done: bool) -> list[Event]:
        if item.type == "reasoning":
            signature = with_id(item.id or "", item.encrypted_content or "")
            return self._beside(ThinkingEnd(signature)) if done else []
        if item.type not in _CALLS:
            return []
        self._called = True
        if not done:
            return self._calls.piece(event.output_index, item.call_id or item.id, item.name or "", "")
        late = [] if event.output_index in self._streamed else self._late(event, item)
        return [*late, *self._calls.end(event.output_index)]

    def _late(self, event: _Event, item: _Item) -> list[Event]:
        """Return the arguments of a call of which nothing was streamed."""
        arguments = as_arguments(item.input or "") if item.type == "custom_tool_call" else item.arguments or ""
        return self._calls.piece(event.output_index, item.call_id or item.id, item.name or "", arguments)


def whole(body: bytes) -> Answer:
    """Read a whole answer; raises BadAnswer for nonsense and for an error in a 200."""
    response = answers.decode(_response, body)
    if response.error:
        raise errors.bad_answer(response.error)
    if response.output is None:
        raise answers.nonsense("it has no output")
    counted = _counted(response)
    parts = tuple(_parts(response.output))
    called = any(isinstance(part, ToolCall) for part in parts)
    declined = any(isinstance(part, Refusal) for part in parts)
    return Answer(
        parts=parts,
        stop=_stop(response, called=called, declined=declined),
        counts=counted[0].counts if counted else None,
        tier=response.service_tier,
    )


def _parts(output: list[_Item]) -> Iterator[Text | Refusal | Thinking | ToolCall]:
    for item in output:
        match item.type:
            case "message":
                for content in item.content or ():
                    yield Refusal(content.refusal) if content.refusal is not None else Text(content.text or "")
            case "reasoning":
                text = "\n\n".join(part.text or "" for part in item.summary or item.content or ())
                yield Thinking(text, with_id(item.id or "", item.encrypted_content or ""))
            case "function_call":
                yield ToolCall(item.call_id or item.id or "", item.name or "", item.arguments or "{}")
            case "custom_tool_call":
                yield ToolCall(item.call_id or item.id or "", item.name or "", as_arguments(item.input or ""))
            case _:
                continue


def _stop(response: _Response, *, called: bool, declined: bool) -> StopReason:
    if response.status == "incomplete":
        details = response.incomplete_details or _Incomplete()
        return _INCOMPLETE.get(details.reason or "", "length")
    if called:
        return "tool"
    return "refusal" if declined else "end"


def _counted(response: _Response) -> list[Counted]:
    if response.usage is None:
        return []
    usage = responses_usage(response.usage, Ran(reported={}))
    return [Counted(usage.counts, response.service_tier)] if usage is not None else []


def _text(delta: object) -> str:
    if not isinstance(delta, str):
        raise answers.nonsense("a delta is no text")
    return delta
