"""Writes answers of Chat Completions, streamed or whole."""

from typing import Any, Final, Literal

from codevector_daemon.dialects.sse import event_of
from codevector_daemon.dialects.translation import errors, ids, usage_write, writing
from codevector_daemon.dialects.translation.canonical import Origin, Refusal, Text, Thinking, ToolCall
from codevector_daemon.dialects.translation.details import detail
from codevector_daemon.dialects.translation.events import (
    Answer,
    CallDelta,
    CallEnd,
    CallStart,
    Event,
    Failure,
    Ping,
    RefusalDelta,
    TextDelta,
    ThinkingBreak,
    ThinkingDelta,
    ThinkingEnd,
)
from codevector_daemon.dialects.translation.free_text import input_in
from codevector_daemon.dialects.translation.writing import Ended, Framing

_STOPS: Final = {"length": "length", "context": "length", "tool": "tool_calls", "refusal": "content_filter"}
_TIERS: Final = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_PING: Final = b": ping\n\n"
DONE: Final = b"data: [DONE]\n\n"

FreeText = Literal["custom", "function"]
"""The form of a call of a tool that takes free text."""


class ChatWriter:
    """Writes one streamed answer chunk by chunk."""

    free_text: FreeText = "custom"

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        head = {
            "id": f"chatcmpl-{framing.new_id()}",
            "object": "chat.completion.chunk",
            "created": framing.created_s,
            "model": framing.slug,
        }
        self._head = writing.encode(head)[:-1]
        self._usage = b',"usage":null' if framing.wants_usage else b""
        self._begin = b"data: " + self._head + b',"choices":[{"index":0,"delta":'
        self._rest = b',"logprobs":null,"finish_reason":null}]' + self._usage + b"}\n\n"
        self._started = False
        self._calls = 0
        self._thoughts = 0
        self._custom: list[str] | None = None
        self._has_arguments = False

    def write(self, event: Event) -> bytes:  # noqa: PLR0911 - one arm for each kind of event
        """Return the chunks that an event becomes."""
        match event:
            case TextDelta():
                return self._delta(b'{"content":' + writing.text(event.text) + b"}")
            case CallDelta():
                return self._arguments(event.text)
            case ThinkingDelta():
                return self._delta(b'{"reasoning_content":' + writing.text(event.text) + b"}")
            case CallStart():
                return self._call(event)
            case CallEnd():
                return self._call_end()
            case ThinkingEnd():
                return self._signature(event)
            case ThinkingBreak():
                return self._delta(b'{"reasoning_content":"\\n\\n"}')
            case RefusalDelta():
                return self._delta(b'{"refusal":' + writing.text(event.text) + b"}")
            case Ping():
                return _PING
            case _:
                return self._start()

    def end(self, ended: Ended) -> bytes:
        """Return the chunk with the reason, the usage where it was asked for, and ``[DONE]``."""
        reason = _STOPS.get(ended.stop.reason, "stop")
        last = self._begin + b'{},"logprobs":null,"finish_reason":"' + reason.encode() + b'"}]'
        tier = b',"service_tier":' + writing.encode(ended.tier) if ended.tier in _TIERS else b""
        out = self._start() + last + self._usage + tier + b"}\n\n"
        if self._framing.wants_usage:
            usage = writing.encode(usage_write.chat(ended.counts))
            out += b"data: " + self._head + b',"choices":[],"usage":' + usage + b"}\n\n"
        return out + DONE

    def fail(self, failure: Failure) -> bytes:
        """Return the error event; ``[DONE]`` never follows it."""
        return event_of(errors.body_for(failure, "chat"))

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return self._begin + b'{"role":"assistant","content":"","refusal":null}' + self._rest

    def _delta(self, delta: bytes) -> bytes:
        if not self._started:
            return self._start() + self._begin + delta + self._rest
        return self._begin + delta + self._rest

    def _call(self, event: CallStart) -> bytes:
        origin = self._framing.origin(event.name)
        call_id = ids.call_id(event.id or f"call_{self._framing.new_id()}", ids.LONGEST_CALL_ID)
        call: dict[str, Any] = {"index": self._calls, "id": call_id, "type": "function"}
        call["function"] = {"name": origin.name, "arguments": ""}
        self._calls += 1
        self._custom = [] if origin.custom else None
        self._has_arguments = False
        if origin.custom and self.free_text == "custom":
            call = {**call, "type": "custom", "custom": {"name": origin.name, "input": ""}}
            del call["function"]
        return self._delta(writing.encode({"tool_calls": [call]}))

    def _arguments(self, text: str) -> bytes:
        if self._custom is not None:
            self._custom.append(text)
            return b""
        self._has_arguments = True
        at = str(self._calls - 1).encode()
        head = b'{"tool_calls":[{"index":' + at + b',"function":{"arguments":'
        return self._delta(head + writing.text(text) + b"}}]}")

    def _call_end(self) -> bytes:
        if self._custom is None:  # clients read the arguments as JSON, and OpenAI never leaves them empty
            return b"" if self._has_arguments else self._arguments("{}")
        text, self._custom = input_in("".join(self._custom)), None
        given = {"custom": {"input": text}} if self.free_text == "custom" else {"function": {"arguments": text}}
        return self._delta(writing.encode({"tool_calls": [{"index": self._calls - 1, **given}]}))

    def _signature(self, event: ThinkingEnd) -> bytes:
        """Write a thought's signature, for clients that give it back."""
        if not event.signature:
            return b""
        thought = Thinking("", event.signature, self._framing.vendor, event.redacted)
        self._thoughts += 1
        return self._delta(writing.encode({"reasoning_details": [detail(thought, self._thoughts - 1)]}))


class CursorWriter(ChatWriter):
    """Writes for Cursor, which knows no call but a function's: free text stands where its arguments would."""

    free_text = "function"


def whole_for_cursor(answer: Answer, framing: Framing) -> bytes:
    """Return a whole answer for Cursor."""
    return whole(answer, framing, "function")


def whole(answer: Answer, framing: Framing, free_text: FreeText = "custom") -> bytes:
    """Return a whole answer."""
    body: dict[str, Any] = {
        "id": f"chatcmpl-{framing.new_id()}",
        "object": "chat.completion",
        "created": framing.created_s,
        "model": framing.slug,
        "choices": [
            {
                "index": 0,
                "message": _message(answer, framing, free_text),
                "logprobs": None,
                "finish_reason": _STOPS.get(answer.stop, "stop"),
            }
        ],
    }
    if answer.counts is not None:
        body["usage"] = usage_write.chat(answer.counts)
    if answer.tier in _TIERS:
        body["service_tier"] = answer.tier
    return writing.encode(body)


def _message(answer: Answer, framing: Framing, free_text: FreeText) -> dict[str, Any]:
    texts = [part.text for part in answer.parts if isinstance(part, Text)]
    refusals = [part.text for part in answer.parts if isinstance(part, Refusal)]
    thoughts = [part for part in answer.parts if isinstance(part, Thinking)]
    calls = [_call(part, framing, free_text) for part in answer.parts if isinstance(part, ToolCall)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not calls else None,
        "refusal": "".join(refusals) or None,
    }
    if any(thought.text for thought in thoughts):
        message["reasoning_content"] = "\n\n".join(thought.text for thought in thoughts if thought.text)
    signed = [Thinking(one.text, one.signature, framing.vendor, one.redacted) for one in thoughts if one.signature]
    if signed:
        message["reasoning_details"] = [detail(thought, at) for at, thought in enumerate(signed)]
    if calls:
        message["tool_calls"] = calls
    return message


def _call(call: ToolCall, framing: Framing, free_text: FreeText) -> dict[str, Any]:
    origin: Origin = framing.origin(call.name)
    call_id = ids.call_id(call.id or f"call_{framing.new_id()}", ids.LONGEST_CALL_ID)
    given = input_in(call.arguments) if origin.custom else call.arguments or "{}"
    if origin.custom and free_text == "custom":
        return {"id": call_id, "type": "custom", "custom": {"name": origin.name, "input": given}}
    return {"id": call_id, "type": "function", "function": {"name": origin.name, "arguments": given}}
