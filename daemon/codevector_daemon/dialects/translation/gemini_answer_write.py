"""Writes answers of Google Gemini, streamed or whole."""

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
    RefusalDelta,
    StopReason,
    TextDelta,
    ThinkingBreak,
    ThinkingDelta,
    ThinkingEnd,
)
from codevector_daemon.dialects.translation.marks import in_base64, marked
from codevector_daemon.dialects.translation.writing import Ended, Framing

_STOPS: Final[dict[StopReason, str]] = {"length": "MAX_TOKENS", "context": "MAX_TOKENS", "refusal": "SAFETY"}


class GeminiWriter:
    """Writes one streamed answer. A function call is one part, so its arguments wait until they are whole."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._id = framing.new_id()
        tail = {"modelVersion": framing.slug, "responseId": self._id}
        self._tail = b'],"role":"model"},"index":0}],' + writing.encode(tail)[1:] + b"\n\n"
        self._call: CallStart | None = None
        self._arguments: list[str] = []

    def write(self, event: Event) -> bytes:
        """Return the raw events that an event becomes."""
        match event:
            case TextDelta() | RefusalDelta():
                return self._part(b'{"text":' + writing.text(event.text) + b"}")
            case ThinkingDelta():
                return self._part(b'{"text":' + writing.text(event.text) + b',"thought":true}')
            case ThinkingBreak():
                return self._part(b'{"text":"\\n\\n","thought":true}')
            case CallStart():
                self._call, self._arguments = event, []
            case CallDelta():
                self._arguments.append(event.text)
            case CallEnd() if self._call is not None:
                call = ToolCall(self._call.id, self._call.name, "".join(self._arguments))
                return self._part(writing.encode(_part(call, self._framing)))
            case ThinkingEnd() if event.signature:
                thought = Thinking("", event.signature, redacted=event.redacted)
                return self._part(writing.encode(_part(thought, self._framing)))
        return b""

    def end(self, ended: Ended) -> bytes:
        """Return the last event, with the reason and the usage."""
        fields = {
            "candidates": [_candidate([{"text": ""}], ended.stop.reason)],
            "usageMetadata": usage_write.gemini(ended.counts),
            "modelVersion": self._framing.slug,
            "responseId": self._id,
        }
        return event_of(writing.encode(fields))

    def fail(self, failure: Failure) -> bytes:
        """Return the error event; no finish reason ever follows it."""
        return event_of(errors.body_for(failure, "gemini"))

    def _part(self, part: bytes) -> bytes:
        return b'data: {"candidates":[{"content":{"parts":[' + part + self._tail


class GeminiArrayWriter:
    """Writes one streamed answer as one JSON array, for clients that did not ask for server-sent events."""

    def __init__(self, framing: Framing) -> None:
        self._writer = GeminiWriter(framing)
        self._begun = False

    def write(self, event: Event) -> bytes:
        """Return the elements that an event becomes."""
        return self._elements(self._writer.write(event))

    def end(self, ended: Ended) -> bytes:
        """Return the last element, with the reason and the usage, and the end of the array."""
        return self._elements(self._writer.end(ended)) + b"\n]"

    def fail(self, failure: Failure) -> bytes:
        """Return the error as the last element, so that what arrived can be read."""
        return self._elements(self._writer.fail(failure)) + b"\n]"

    def _elements(self, events: bytes) -> bytes:
        """Return the payloads of events as elements; none of them has a line break."""
        if not events:
            return b""
        before, self._begun = b",\n" if self._begun else b"[", True
        return before + b",\n".join(line[6:] for line in events.splitlines() if line)


def whole(answer: Answer, framing: Framing) -> bytes:
    """Return a whole answer."""
    parts = [_part(part, framing) for part in answer.parts]
    fields: dict[str, Any] = {"candidates": [_candidate(parts, answer.stop)]}
    if answer.counts is not None:
        fields["usageMetadata"] = usage_write.gemini(answer.counts)
    return writing.encode(fields | {"modelVersion": framing.slug, "responseId": framing.new_id()})


def _candidate(parts: list[dict[str, Any]], reason: StopReason) -> dict[str, Any]:
    content = {"parts": parts, "role": "model"}
    return {"content": content, "finishReason": _STOPS.get(reason, "STOP"), "index": 0}


def _part(part: Text | Refusal | Thinking | ToolCall, framing: Framing) -> dict[str, Any]:
    match part:
        case ToolCall():
            call_id = ids.call_id(part.id or f"call_{framing.new_id()}")
            name = framing.origin(part.name).name
            return {"functionCall": {"id": call_id, "name": name, "args": wire.json_object(part.arguments)}}
        case Thinking():
            vendor = f"{framing.vendor}-redacted" if part.redacted else framing.vendor
            signed = {"thoughtSignature": in_base64(marked(vendor, part.signature))} if part.signature else {}
            return {"text": part.text, "thought": True, **signed}
        case _:
            return {"text": part.text}
