"""Reads answers of the Responses protocol: streamed, whole, or retrieved later."""

import re
from typing import Any, Final

from msgspec import Raw, Struct, ValidationError
from msgspec.json import Decoder

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
from codevector_daemon.dialects.heads import LONGEST_ID
from codevector_daemon.dialects.responses_usage import Item, Ran, responses_usage
from codevector_daemon.dialects.sse import payload_of

_KIND = re.compile(rb'(?:event: ?([\w.]+)\r?\n|data: ?\{"type": ?"([\w.]+)")')
"""What an event is, as nearly every vendor begins one; any other is parsed to find out."""

_LIFE: Final = frozenset(
    b"response." + name
    for name in (b"created", b"queued", b"in_progress", b"completed", b"incomplete", b"failed", b"cancelled")
)
"""Events that carry the response itself; all others but errors carry parts of its text, and other things."""

_LAST = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
_UNDER_WAY = {"queued", "in_progress"}

_SOUGHT: Final = ends.Sought(ends.USAGE.usage, every=(b'_search_call"',))
"""What must not be overlooked in the middle of a long response: its usage, and each search, since that is charged."""

_NOTHING: Final = Raw()
"""A field that is not there."""

_PLAIN: Final = ("id", "model", "status", "service_tier", "usage", "tool_usage", "error")


class _Response(Struct):
    """What is read of a response; the rest is skipped unparsed."""

    id: Any = None
    model: Any = None
    status: Any = None
    service_tier: Any = None
    usage: Any = None
    tool_usage: Any = None
    error: Any = None
    tools: Raw = _NOTHING
    output: list[Item] | None = None


class _Event(Struct):
    """An event of a response's life: it starts, it ends, or it breaks."""

    type: Any = None
    response: _Response | None = None
    error: Any = None
    code: Any = None


_whole = Decoder(_Response)
_event = Decoder(_Event)


class ResponsesReader:
    """Reads one answer. ``_response`` is the newest state of it: the last one says everything."""

    def __init__(self, *, background: bool = False) -> None:
        self._background = background
        self._text = AnswerText("responses", _event_text)
        self._body = b""
        self._response = _Response()
        self._usage: Usage | None = None
        self._streamed = False
        self._finished = False
        self._error: str | None = None

    def event(self, raw: bytes) -> Verdict:
        """Take one whole server-sent event and say what becomes of it."""
        self._streamed = True
        kind = _KIND.match(raw)
        name = (kind[1] or kind[2]) if kind else b"error"
        if name in _LIFE or not name.startswith(b"response."):
            return self._parse(raw)
        if name.endswith(b".delta"):
            self._text.add(raw)
        return Verdict.PASS

    def body(self, body: bytes) -> None:
        """Take a whole response; one that runs in the background says only that it was queued."""
        self._body = body
        response = _read(ends.document(body, _SOUGHT))
        if response is not None:
            self._take(response)
            self._finished = True
            self._error = _error_of(response)

    def progress(self) -> int:
        """Return the output tokens so far: reported where final, else a quick guess."""
        if self._usage is not None and self._usage.has_output:
            return self._usage.counts.output
        return self._text.tokens()

    def reading(self) -> Reading:
        """Return what is known by now."""
        response = self._response
        fields = response.usage if isinstance(response.usage, dict) else {}
        return reading_of(
            self._usage,
            cost_nano(fields),
            finished=self._finished,
            service_tier=text_or_none(response.service_tier, 32),
            served_model=text_or_none(response.model),
            error=self._error,
            response_id=text_or_none(response.id, LONGEST_ID),
            later=response.status in _UNDER_WAY and (self._background or not self._streamed),
        )

    def kept(self) -> Kept:
        """Return what was kept for an estimate of the output."""
        return self._text.kept(b"" if self._streamed else self._body)

    def text_of(self, kept: Kept) -> str:
        """Return the text generated in what was kept."""
        return text_in(kept, _event_text, _body_text)

    def _take(self, response: _Response) -> None:
        """Take the newest state of the response; what it used is worked out once, as its output may be long."""
        self._response, self._usage = response, None
        if isinstance(response.usage, dict):
            self._usage = responses_usage(response.usage, Ran.of(response.tool_usage, response.tools, response.output))

    def _parse(self, raw: bytes) -> Verdict:
        event = _read_event(ends.payload(raw, _SOUGHT))
        if event is None:
            return Verdict.PASS
        if event.type == "error":
            self._error = error_class(event.error or {"code": event.code, "type": None}) or "error"
            return Verdict.LAST
        if event.response is None:
            self._text.add(raw)
            return Verdict.PASS
        if not isinstance(event.type, str) or event.type.encode() not in _LIFE:
            return Verdict.PASS
        self._take(event.response)
        if event.type not in _LAST:
            return Verdict.PASS
        self._finished = True
        self._error = _error_of(event.response) or ("failed" if event.type == "response.failed" else None)
        return Verdict.LAST


def _read(body: bytes | memoryview) -> _Response | None:
    """Read a response; one of an odd shape for what can be understood of it."""
    try:
        return _whole.decode(body)
    except ValidationError:
        return _odd(_value(body))
    except UNREADABLE:
        return None


def _read_event(data: bytes | memoryview) -> _Event | None:
    try:
        return _event.decode(data)
    except ValidationError:
        found = _value(data)
    except UNREADABLE:
        return None
    if not isinstance(found, dict):
        return None
    return _Event(found.get("type"), _odd(found.get("response")), found.get("error"), found.get("code"))


def _odd(found: object) -> _Response | None:
    """Return what can be understood of a response whose output is no list of objects."""
    if not isinstance(found, dict):
        return None
    plain: dict[str, Any] = {name: found.get(name) for name in _PLAIN}
    return _Response(**plain)


def _value(data: bytes | memoryview) -> object:
    try:
        return json_value(data)
    except UNREADABLE:
        return None


def _error_of(response: _Response) -> str | None:
    """Return the class of a response's error; an incomplete one (cut at its longest) is no error."""
    found = error_class(response.error)
    return found or ("failed" if response.status == "failed" else None)


def _event_text(raw: bytes) -> str:
    """Return what a delta generated: text, reasoning, refusal, or a tool's arguments."""
    event = _value(payload_of(raw))
    delta = event.get("delta") if isinstance(event, dict) else None
    return delta if isinstance(delta, str) else ""


def _body_text(answer: object) -> str:
    return items_text(answer.get("output")) if isinstance(answer, dict) else ""


def items_text(items: object) -> str:
    """Return what the items of a response's output hold: text, reasoning, and the calls of tools."""
    if not isinstance(items, list):
        return ""
    found: list[object] = []
    for item in items:
        if not isinstance(item, dict):
            continue
        found += [item.get(name) for name in ("name", "arguments", "input", "code")]
        for name in ("content", "summary"):
            parts = item.get(name)
            parts = parts if isinstance(parts, list) else []
            found += [part.get("text") or part.get("refusal") for part in parts if isinstance(part, dict)]
    return "".join(value for value in found if isinstance(value, str))
