"""Writes answers of Responses as streams of events."""

from typing import Any, Final

from codevector_daemon.dialects.translation import errors, writing
from codevector_daemon.dialects.translation.canonical import Thinking, ToolCall
from codevector_daemon.dialects.translation.events import (
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
from codevector_daemon.dialects.translation.responses_output import (
    Fields,
    ended_status,
    item_of_call,
    item_of_thought,
    message_item,
    response,
)
from codevector_daemon.dialects.translation.writing import Ended, Framing

_PING: Final = b": ping\n\n"


class _Open:
    """The item that is being written: its kind, its place, and what came of it so far."""

    def __init__(self, kind: str, at: int, item: Fields) -> None:
        self.kind = kind
        self.at = at
        self.item = item
        self.pieces: list[str] = []
        self.finished: list[str] = []
        """Paragraphs of a thought that are over."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class ResponsesWriter:
    """Writes one streamed answer. Items follow each other; one is open at a time."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._id = f"resp_{framing.new_id()}"
        self._sequence = 0
        self._output: list[Fields] = []
        self._open: _Open | None = None
        self._started = False
        self._delta_head = b""

    def write(self, event: Event) -> bytes:  # noqa: PLR0911 - one arm for each kind of event
        """Return the raw events that an event becomes."""
        match event:
            case TextDelta():
                return self._piece("output_text", event.text)
            case CallDelta():
                return self._arguments(event.text)
            case ThinkingDelta():
                return self._piece("reasoning", event.text)
            case CallStart():
                return self._call(event)
            case CallEnd():
                return self._close()
            case ThinkingEnd():
                return self._thought_over(event)
            case ThinkingBreak():
                return self._paragraph()
            case RefusalDelta():
                return self._piece("refusal", event.text)
            case Ping():
                return _PING if self._started else b""
            case _:
                return self._start()

    def end(self, ended: Ended) -> bytes:
        """Return the end of the open item and ``response.completed`` or ``response.incomplete``."""
        out = self._start() + self._close()
        status = ended_status(ended.stop.reason, self._output)
        final = response(self._framing, self._id, self._output, status, ended)
        return out + self._event(f"response.{status}", response=final)

    def fail(self, failure: Failure) -> bytes:
        """Return ``response.failed`` where the answer had begun, and the error event."""
        out = b""
        if self._started:
            failed = response(self._framing, self._id, self._output, "failed", None)
            failed["error"] = {"code": failure.code or "server_error", "message": failure.message}
            out = self._event("response.failed", response=failed)
        error = errors.value_for(failure, "responses")["error"]
        return out + self._event(
            "error", code=failure.code or failure.kind, message=failure.message, param=failure.param, error=error
        )

    def _event(self, kind: str, **fields: Any) -> bytes:  # noqa: ANN401 - the fields of any event
        numbered = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return writing.event(kind, numbered)

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        begun = response(self._framing, self._id, [], "in_progress", None)
        return self._event("response.created", response=begun) + self._event("response.in_progress", response=begun)

    def _begin(self, kind: str, item: Fields) -> bytes:
        out = self._start() + self._close()
        self._open = _Open(kind, len(self._output), item)
        return out + self._event("response.output_item.added", output_index=self._open.at, item=item)

    def _piece(self, kind: str, text: str) -> bytes:
        """Write a piece of text, of a refusal or of a thought, opening its item where another one is open."""
        out = b""
        if self._open is None or self._open.kind != kind:
            out = self._begin_thought() if kind == "reasoning" else self._begin_message(kind)
        if self._open is None:
            raise AssertionError("an item was begun and none is open")
        self._open.pieces.append(text)
        sequence, self._sequence = str(self._sequence).encode(), self._sequence + 1
        return out + self._delta_head + writing.text(text) + b',"sequence_number":' + sequence + b"}\n\n"

    def _begin_message(self, kind: str) -> bytes:
        item = message_item(f"msg_{self._framing.new_id()}", [], "in_progress")
        out = self._begin(kind, item)
        place = {"item_id": item["id"], "output_index": len(self._output), "content_index": 0}
        part: Fields = {"type": "refusal", "refusal": ""}
        if kind == "output_text":
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        self._prepare(f"response.{kind}.delta", {**place, **({"logprobs": []} if kind == "output_text" else {})})
        return out + self._event("response.content_part.added", **place, part=part)

    def _begin_thought(self) -> bytes:
        item: Fields = {"id": f"rs_{self._framing.new_id()}", "type": "reasoning", "summary": []}
        return self._begin("reasoning", item) + self._begin_paragraph()

    def _begin_paragraph(self) -> bytes:
        place = self._summary_place()
        self._prepare("response.reasoning_summary_text.delta", place)
        part = {"type": "summary_text", "text": ""}
        return self._event("response.reasoning_summary_part.added", **place, part=part)

    def _summary_place(self) -> Fields:
        if self._open is None:
            raise AssertionError("no thought is open")
        return {
            "item_id": self._open.item["id"],
            "output_index": self._open.at,
            "summary_index": len(self._open.finished),
        }

    def _prepare(self, kind: str, place: Fields) -> None:
        """Keep all of a delta's event but its text and number, because most events are deltas."""
        head = writing.encode({"type": kind, **place})[:-1]
        self._delta_head = b"event: " + kind.encode() + b"\ndata: " + head + b',"delta":'

    def _paragraph(self) -> bytes:
        if self._open is None or self._open.kind != "reasoning" or not self._open.pieces:
            return b""
        return self._end_paragraph() + self._begin_paragraph()

    def _end_paragraph(self) -> bytes:
        if self._open is None:
            raise AssertionError("no thought is open")
        text, place = self._open.text, self._summary_place()
        out = self._event("response.reasoning_summary_text.done", **place, text=text)
        part = {"type": "summary_text", "text": text}
        out += self._event("response.reasoning_summary_part.done", **place, part=part)
        self._open.finished.append(text)
        self._open.pieces = []
        return out

    def _thought_over(self, event: ThinkingEnd) -> bytes:
        out = b""
        if self._open is None or self._open.kind != "reasoning":
            if not event.signature:
                return b""
            prefix = "rs_redacted" if event.redacted else "rs_"
            item: Fields = {"id": f"{prefix}{self._framing.new_id()}", "type": "reasoning", "summary": []}
            out = self._begin("reasoning", item)
        return out + self._close(event.signature)

    def _call(self, event: CallStart) -> bytes:
        call = ToolCall(event.id, event.name, "")
        item = item_of_call(call, self._framing, "in_progress")
        out = self._begin(item["type"], item)
        self._prepare(
            "response.function_call_arguments.delta", {"item_id": item["id"], "output_index": len(self._output)}
        )
        return out

    def _arguments(self, text: str) -> bytes:
        """Write a piece of arguments; free text has to be taken out of them when they are whole."""
        if self._open is None:
            return b""
        self._open.pieces.append(text)
        if self._open.kind != "function_call":
            return b""
        sequence, self._sequence = str(self._sequence).encode(), self._sequence + 1
        return self._delta_head + writing.text(text) + b',"sequence_number":' + sequence + b"}\n\n"

    def _close(self, signature: str = "") -> bytes:
        """End the open item."""
        if self._open is None:
            return b""
        if self._open.kind == "reasoning":
            out, item = self._end_thought(self._open, signature)
        elif self._open.kind in {"output_text", "refusal"}:
            out, item = self._end_message(self._open)
        else:
            out, item = self._end_call(self._open)
        out += self._event("response.output_item.done", output_index=self._open.at, item=item)
        self._output.append(item)
        self._open = None
        return out

    def _end_thought(self, opened: _Open, signature: str) -> tuple[bytes, Fields]:
        out = self._end_paragraph() if opened.pieces else b""
        thought = Thinking("", signature)
        return out, item_of_thought(thought, opened.finished, opened.item["id"], self._framing)

    def _end_message(self, opened: _Open) -> tuple[bytes, Fields]:
        place = {"item_id": opened.item["id"], "output_index": opened.at, "content_index": 0}
        part: Fields = {"type": "refusal", "refusal": opened.text}
        said: Fields = {"refusal": opened.text}
        if opened.kind == "output_text":
            part = {"type": "output_text", "text": opened.text, "annotations": [], "logprobs": []}
            said = {"text": opened.text, "logprobs": []}
        out = self._event(f"response.{opened.kind}.done", **place, **said)
        out += self._event("response.content_part.done", **place, part=part)
        return out, message_item(opened.item["id"], [part], "completed")

    def _end_call(self, opened: _Open) -> tuple[bytes, Fields]:
        place = {"item_id": opened.item["id"], "output_index": opened.at}
        item = {**opened.item, "status": "completed"}
        if opened.kind == "function_call":
            item["arguments"] = opened.text or "{}"
            return self._event(
                "response.function_call_arguments.done", **place, name=item["name"], arguments=item["arguments"]
            ), item
        item["input"] = input_in(opened.text)
        out = self._event("response.custom_tool_call_input.delta", **place, delta=item["input"])
        return out + self._event("response.custom_tool_call_input.done", **place, input=item["input"]), item
