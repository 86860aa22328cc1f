"""Reads answers of the Messages protocol, streamed or whole."""

import re
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder, encode

from codevector_daemon.dialects import ends
from codevector_daemon.dialects.answer import (
    UNREADABLE,
    AnswerText,
    error_class,
    json_value,
    reading_of,
    text_in,
    text_or_none,
)
from codevector_daemon.dialects.base import Kept, Reading, Verdict
from codevector_daemon.dialects.counting import Usage, cost_nano
from codevector_daemon.dialects.messages_usage import merged, messages_usage, served_tier
from codevector_daemon.dialects.sse import name_of, payload_of

_KIND = re.compile(rb'(?:event: ?(\w+)\r?\n|data: ?\{"type": ?"(\w+)")')
"""What an event is, as nearly every vendor begins one; any other is parsed to find out."""

_TEXT_KINDS: Final = frozenset({b"content_block_start", b"content_block_delta", b"content_block_stop", b"ping"})

_NOTHING: Final = Raw()
"""A field that is not there."""


class _Body(Struct):
    """What is read of a whole answer; the rest is skipped unparsed."""

    type: Any = None
    id: Any = None
    model: Any = None
    usage: Any = None
    error: Any = None
    stop_reason: Any = None


class _Event(Struct):
    """What is read of an event."""

    type: Any = None
    message: Any = None
    usage: Any = None
    error: Any = None
    delta: Raw = _NOTHING


_whole = Decoder(_Body)
_event = Decoder(_Event)


class MessagesReader:
    """Reads one answer. ``_fields`` is the usage so far: the deltas are cumulative, so a field that comes replaces."""

    def __init__(self) -> None:
        self._text = AnswerText("messages", _event_text)
        self._body = b""
        self._fields: dict[str, Any] = {}
        self._output_final = False
        self._declined = False
        self._error: str | None = None
        self._finished = False
        self._model: str | None = None
        self._id: str | None = None

    def event(self, raw: bytes) -> Verdict:
        """Take one whole server-sent event and say what becomes of it."""
        kind = _KIND.match(raw)
        if kind is None or (kind[1] or kind[2]) not in _TEXT_KINDS:
            return self._parse(raw)
        self._text.add(raw)
        return Verdict.PASS

    def body(self, body: bytes) -> None:
        """Take a whole answer that was not streamed."""
        self._body = body
        try:
            answer = _whole.decode(ends.document(body))
        except UNREADABLE:
            return
        self._finished = True
        self._output_final = True
        self._declined = answer.stop_reason == "refusal"
        self._note(answer.id, answer.model, answer.usage)
        if answer.type == "error" or answer.error:
            self._error = error_class(answer.error or {"type": "error"})

    def progress(self) -> int:
        """Return the output tokens so far: reported where final, else a quick guess."""
        usage = self._usage()
        if usage is not None and usage.has_output:
            return usage.counts.output
        return self._text.tokens()

    def reading(self) -> Reading:
        """Return what is known by now."""
        return reading_of(
            self._usage(),
            cost_nano(self._fields),
            finished=self._finished,
            service_tier=served_tier(self._fields),
            served_model=self._model,
            error=self._error,
            response_id=self._id,
        )

    def kept(self) -> Kept:
        """Return what was kept for an estimate of the output."""
        return self._text.kept(self._body)

    def text_of(self, kept: Kept) -> str:
        """Return the text generated in what was kept."""
        return text_in(kept, _event_text, _body_text)

    def _usage(self) -> Usage | None:
        return messages_usage(self._fields, self._model, output_final=self._output_final, declined=self._declined)

    def _parse(self, raw: bytes) -> Verdict:
        try:
            event = _event.decode(payload_of(raw))
        except UNREADABLE:
            return Verdict.PASS
        match event.type or name_of(raw):
            case "message_start":
                message = event.message
                if isinstance(message, dict):
                    self._note(message.get("id"), message.get("model"), message.get("usage"))
            case "message_delta":
                self._take_delta(event)
            case "message_stop":
                self._finished = True
                return Verdict.LAST
            case "error":
                self._error = error_class(event.error or {"type": "error"})
                return Verdict.LAST
            case _:
                self._text.add(raw)
        return Verdict.PASS

    def _take_delta(self, event: _Event) -> None:
        usage, change = event.usage, _value(event.delta)
        self._declined = self._declined or (isinstance(change, dict) and change.get("stop_reason") == "refusal")
        if isinstance(usage, dict):
            self._fields = merged(self._fields, usage)
            self._output_final = self._output_final or usage.get("output_tokens") is not None

    def _note(self, answer_id: object, model: object, usage: object) -> None:
        self._id = text_or_none(answer_id) or self._id
        self._model = text_or_none(model) or self._model
        if isinstance(usage, dict):
            self._fields = merged(self._fields, usage)


def _value(raw: bytes | memoryview | Raw) -> object:
    try:
        return json_value(raw)
    except UNREADABLE:
        return None


def _event_text(raw: bytes) -> str:
    event = _value(payload_of(raw))
    if not isinstance(event, dict):
        return ""
    return _block_text(event.get("delta")) + _block_text(event.get("content_block"))


def _body_text(answer: object) -> str:
    content = answer.get("content") if isinstance(answer, dict) else None
    return "".join(_block_text(block) for block in content) if isinstance(content, list) else ""


def _block_text(block: object) -> str:
    """Return what a content block or its delta generated: text, thinking, and the input of tool calls."""
    if not isinstance(block, dict):
        return ""
    found = [block.get(name) for name in ("text", "thinking", "partial_json", "name")]
    arguments = block.get("input")
    if arguments:
        found.append(encode(arguments).decode())
    return "".join(value for value in found if isinstance(value, str))
