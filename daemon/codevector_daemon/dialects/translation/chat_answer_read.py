"""Reads answers of Chat Completions, streamed or whole, as canonical events."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.chat_usage import chat_usage
from codevector_daemon.dialects.translation import answers, errors
from codevector_daemon.dialects.translation.call_order import CallOrder
from codevector_daemon.dialects.translation.canonical import Refusal, Text, Thinking, ToolCall
from codevector_daemon.dialects.translation.details import read_details
from codevector_daemon.dialects.translation.events import (
    Answer,
    BadAnswer,
    Counted,
    End,
    Event,
    Failure,
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
    "stop": "end",
    "length": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "refusal",
    "max_tokens": "length",
    "model_length": "context",
    "model_context_window_exceeded": "context",
    "sensitive": "refusal",
}
"""OpenAI's reasons, and those of Mistral (``model_length``) and Zhipu."""

_BROKE_OFF: Final = frozenset({"error", "network_error", "insufficient_system_resource"})
"""Reasons that say the provider failed: OpenRouter's and Mistral's, Zhipu's, DeepSeek's."""


class _Function(Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Custom(Struct):
    name: str | None = None
    input: str | None = None


class _Call(Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None
    custom: _Custom | None = None


class _Message(Struct):
    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    index: int | None = None
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None


class _Chunk(Struct):
    choices: list[_Choice] | None = None
    usage: dict[str, Any] | None = None
    x_groq: dict[str, Any] | None = None
    service_tier: str | None = None
    model: Any = None
    error: Any = None
    object: str | None = None
    message: Any = None


_chunk = Decoder(_Chunk)


class ChatStream:
    """Reads one streamed answer, event by event."""

    def __init__(self) -> None:
        self._started = False
        self._thinking = False
        self._signature = ""
        self._calls = CallOrder()
        self._called = False
        self._stopped = False
        self._declined = False
        self._usage: dict[str, Any] | None = None
        """The last one. Some vendors repeat a running total in every event; only the last is worth reading."""

    def event(self, raw: bytes) -> list[Event]:
        """Return what one raw event says; raises BadAnswer for nonsense."""
        chunk = answers.event(_chunk, raw)
        if isinstance(chunk, str):
            return self._end() if chunk else [Ping()]
        if chunk.error or chunk.object == "error":
            return [errors.in_stream(chunk.error or {"message": chunk.message})]
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Start())
        for choice in chunk.choices or ():
            if not choice.index:
                self._choice(choice, events)
        self._usage = _usage_in(chunk) or self._usage
        if self._usage is not None and (self._stopped or not chunk.choices):
            events += _counted(self._usage, chunk)
        return events

    def ended_without_word(self) -> bool:
        """Tell whether the model had finished: some vendors leave ``[DONE]`` off."""
        return self._stopped

    def _end(self) -> list[Event]:
        """Return the end; some vendors name no reason before it."""
        stop: list[Event] = [Stop("tool")] if self._called and not self._stopped else []
        return [*self._close(), *stop, End()]

    def _choice(self, choice: _Choice, events: list[Event]) -> None:
        delta = choice.delta or choice.message
        if delta is not None:
            self._delta(delta, events)
        if choice.finish_reason:
            self._stopped = True
            events += self._close()
            if choice.finish_reason in _BROKE_OFF:
                events.append(_broke_off(choice.finish_reason))
            else:
                events.append(Stop(_stop(choice.finish_reason, declined=self._declined, called=self._called)))

    def _delta(self, delta: _Message, events: list[Event]) -> None:
        thought, text = delta.reasoning_content or delta.reasoning, delta.content
        if isinstance(text, list):
            nested, text = _from_parts(text)
            thought = thought or nested
        if delta.reasoning_details:
            self._signature = _signature(delta.reasoning_details) or self._signature
        beside: list[Event] = events if self._calls.idle else []
        if thought:
            self._thinking = True
            beside.append(ThinkingDelta(thought))
        if text:
            self._end_thinking(beside)
            beside.append(TextDelta(text))
        if delta.refusal:
            self._declined = True
            self._end_thinking(beside)
            beside.append(RefusalDelta(delta.refusal))
        if delta.tool_calls:
            self._end_thinking(beside)
        if beside is not events and beside:
            events += self._calls.beside(beside)
        for call in delta.tool_calls or ():
            self._call(call, events)

    def _call(self, call: _Call, events: list[Event]) -> None:
        self._called = True
        name, arguments = _named(call)
        events += self._calls.piece(call.index, call.id, name, arguments)

    def _end_thinking(self, events: list[Event]) -> None:
        if self._thinking:
            events.append(ThinkingEnd(self._signature))
            self._thinking, self._signature = False, ""

    def _close(self) -> list[Event]:
        events = self._calls.close()
        self._end_thinking(events)
        return events


def whole(body: bytes) -> Answer:
    """Read a whole answer; raises BadAnswer for nonsense and for an error in a 200."""
    answer = answers.decode(_chunk, body)
    if answer.error or answer.object == "error":
        raise errors.bad_answer(answer.error or {"message": answer.message})
    choice = answer.choices[0] if answer.choices else _Choice()
    if choice.message is None:
        raise answers.nonsense("it has no choices")
    if choice.finish_reason in _BROKE_OFF:
        failure = _broke_off(choice.finish_reason)
        raise BadAnswer(failure.kind, failure.message)
    counted = _counted(_usage_in(answer) or {}, answer)
    called = bool(choice.message.tool_calls)
    return Answer(
        parts=tuple(_parts(choice.message)),
        stop=_stop(choice.finish_reason or "stop", declined=bool(choice.message.refusal), called=called),
        counts=counted[0].counts if counted else None,
        tier=answer.service_tier,
    )


def _parts(message: _Message) -> Iterator[Thinking | Text | Refusal | ToolCall]:
    thought, text = message.reasoning_content or message.reasoning, message.content
    if isinstance(text, list):
        nested, text = _from_parts(text)
        thought = thought or nested
    signature = _signature(message.reasoning_details or [])
    if thought:
        yield Thinking(thought, signature)
    if text:
        yield Text(text)
    if message.refusal:
        yield Refusal(message.refusal)
    for at, call in enumerate(message.tool_calls or ()):
        name, arguments = _named(call)
        yield ToolCall(call.id or f"call_{at}", name or "", arguments or "{}")


def _named(call: _Call) -> tuple[str | None, str]:
    """Return a call's name and arguments; some vendors send these as an object instead of text."""
    if call.custom is not None:
        return call.custom.name, call.custom.input or ""
    if call.function is None:
        return None, ""
    arguments = call.function.arguments
    return call.function.name, answers.text_of(arguments) if isinstance(arguments, dict) else arguments or ""


def _signature(details: list[dict[str, Any]]) -> str:
    return next((thought.signature for thought in read_details(details) if thought.signature), "")


def _from_parts(parts: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the thought and the text in a list of parts, as Mistral answers."""
    thoughts, texts = [], []
    for part in parts:
        inner = part.get("thinking")
        thoughts += [one.get("text") or "" for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
        text = part.get("text")
        texts += [text] if isinstance(text, str) else []
    return "".join(thoughts), "".join(texts)


def _stop(reason: str, *, declined: bool, called: bool) -> StopReason:
    """Return why the model stopped; OpenAI says ``stop`` also of a forced call, and of an answer that declines."""
    stop = _STOPS.get(reason, "end")
    if stop == "end" and called:
        return "tool"
    return "refusal" if declined and stop == "end" else stop


def _broke_off(reason: str) -> Failure:
    return Failure("api_error", f"The provider broke the answer off: {reason}.")


def _usage_in(chunk: _Chunk) -> dict[str, Any] | None:
    """Return the usage block of a chunk: its own, else Groq's (``x_groq``), else Moonshot's (in the choice)."""
    fields = chunk.usage
    if fields is None and chunk.x_groq is not None:
        inner = chunk.x_groq.get("usage")
        fields = inner if isinstance(inner, dict) else None
    if fields is None and chunk.choices:
        fields = chunk.choices[0].usage
    return fields


def _counted(fields: dict[str, Any], chunk: _Chunk) -> list[Counted]:
    usage = chat_usage(fields, chunk.model if isinstance(chunk.model, str) else None)
    return [Counted(usage.counts, chunk.service_tier)] if usage is not None else []
