"""Writes answers of Anthropic Messages, streamed or whole."""

from typing import Any, Final

from codevector_daemon.dialects.sse import event_of
from codevector_daemon.dialects.translation import errors, ids, usage_write, wire, writing
from codevector_daemon.dialects.translation.canonical import Refusal, Text, Thinking, ToolCall
from codevector_daemon.dialects.translation.events import (
    Answer,
    CallDelta,
    CallEnd,
    CallStart,
    Event,
    Failure,
    Ping,
    RefusalDelta,
    Start,
    StopReason,
    TextDelta,
    ThinkingBreak,
    ThinkingDelta,
    ThinkingEnd,
)
from codevector_daemon.dialects.translation.writing import Ended, Framing
from codevector_daemon.metering.counts import NOTHING, TokenCounts

_STOPS: Final[dict[StopReason, str]] = {
    "end": "end_turn",
    "length": "max_tokens",
    "tool": "tool_use",
    "sequence": "stop_sequence",
    "refusal": "refusal",
    "pause": "pause_turn",
    "context": "model_context_window_exceeded",
}
_PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
_STOP: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA: Final = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":'


class MessagesWriter:
    """Writes one streamed answer. Blocks follow each other: ``_kind`` is the open one's, ``""`` where none is."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._started = False
        self._next_index = 0
        self._kind = ""
        self._prefix = b""

    def write(self, event: Event) -> bytes:  # noqa: C901, PLR0911 - one arm for each kind of event
        """Return the raw events that an event becomes."""
        match event:
            case TextDelta():
                return self._piece("text", b'"text_delta","text":', event.text)
            case CallDelta():
                return self._prefix + b'"input_json_delta","partial_json":' + writing.text(event.text) + b"}}\n\n"
            case ThinkingDelta():
                return self._piece("thinking", b'"thinking_delta","thinking":', event.text)
            case CallStart():
                return self._call(event)
            case CallEnd():
                return self._close()
            case ThinkingEnd():
                return self._signature(event)
            case ThinkingBreak():
                return self._piece("thinking", b'"thinking_delta","thinking":', "\n\n")
            case RefusalDelta():
                return self._piece("text", b'"text_delta","text":', event.text)
            case Start():
                return self._start(event.counts or NOTHING)
            case Ping():
                return _PING if self._started else b""
            case _:
                return b""

    def end(self, ended: Ended) -> bytes:
        """Return ``message_delta`` with reason and usage, and ``message_stop``."""
        delta: dict[str, Any] = {"stop_reason": _STOPS[ended.stop.reason], "stop_sequence": ended.stop.sequence}
        fields = {"type": "message_delta", "delta": delta, "usage": usage_write.messages(ended.counts)}
        return self._start(NOTHING) + self._close() + writing.event("message_delta", fields) + _STOP

    def fail(self, failure: Failure) -> bytes:
        """Return the error event; ``message_stop`` never follows it."""
        return event_of(errors.body_for(failure, "messages"), name="error")

    def _start(self, counts: TokenCounts) -> bytes:
        if self._started:
            return b""
        self._started = True
        message = _message(self._framing, [], None, None, counts)
        return writing.event("message_start", {"type": "message_start", "message": message})

    def _piece(self, kind: str, field: bytes, text: str) -> bytes:
        if self._kind == kind:
            return self._prefix + field + writing.text(text) + b"}}\n\n"
        block: dict[str, Any] = {"type": kind, kind: ""}
        if kind == "thinking":
            block["signature"] = ""
        return self._open(kind, block) + self._prefix + field + writing.text(text) + b"}}\n\n"

    def _open(self, kind: str, block: dict[str, Any]) -> bytes:
        out = self._start(NOTHING) + self._close()
        at, self._kind = self._next_index, kind
        self._next_index += 1
        self._prefix = _DELTA + str(at).encode() + b',"delta":{"type":'
        fields = {"type": "content_block_start", "index": at, "content_block": block}
        return out + writing.event("content_block_start", fields)

    def _close(self) -> bytes:
        if not self._kind:
            return b""
        self._kind = ""
        fields = {"type": "content_block_stop", "index": self._next_index - 1}
        return writing.event("content_block_stop", fields)

    def _call(self, event: CallStart) -> bytes:
        call_id = ids.call_id(event.id or f"toolu_{self._framing.new_id()}")
        block = {"type": "tool_use", "id": call_id, "name": self._framing.origin(event.name).name, "input": {}}
        return self._open("tool_use", block)

    def _signature(self, event: ThinkingEnd) -> bytes:
        """Sign the open thought, so that it can be told from Anthropic's own when the client gives it back."""
        if event.redacted:
            block = {"type": "redacted_thinking", "data": self._framing.mark(event.signature)}
            return self._open("redacted_thinking", block) + self._close()
        if self._kind != "thinking" and not event.signature:
            return b""
        out = b"" if self._kind == "thinking" else self._open("thinking", {**_EMPTY_THOUGHT})
        signature = writing.text(self._framing.mark(event.signature))
        return out + self._prefix + b'"signature_delta","signature":' + signature + b"}}\n\n" + self._close()


_EMPTY_THOUGHT: Final = {"type": "thinking", "thinking": "", "signature": ""}


def whole(answer: Answer, framing: Framing) -> bytes:
    """Return a whole answer."""
    content = [_block(part, framing) for part in answer.parts]
    return writing.encode(_message(framing, content, answer.stop, answer.sequence, answer.counts or NOTHING))


def _message(
    framing: Framing,
    content: list[dict[str, Any]],
    stop: StopReason | None,
    sequence: str | None,
    counts: TokenCounts,
) -> dict[str, Any]:
    return {
        "id": f"msg_{framing.new_id()}",
        "type": "message",
        "role": "assistant",
        "model": framing.slug,
        "content": content,
        "stop_reason": None if stop is None else _STOPS[stop],
        "stop_sequence": sequence,
        "usage": usage_write.messages(counts),
    }


def _block(part: Text | Refusal | Thinking | ToolCall, framing: Framing) -> dict[str, Any]:
    match part:
        case Thinking(redacted=True):
            return {"type": "redacted_thinking", "data": framing.mark(part.signature)}
        case Thinking():
            return {"type": "thinking", "thinking": part.text, "signature": framing.mark(part.signature)}
        case ToolCall():
            call_id = ids.call_id(part.id or f"toolu_{framing.new_id()}")
            name = framing.origin(part.name).name
            return {"type": "tool_use", "id": call_id, "name": name, "input": wire.json_object(part.arguments)}
        case _:
            return {"type": "text", "text": part.text}
