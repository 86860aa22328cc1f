"""Reads answers of the Responses protocol: streamed, whole, or retrieved later."""

import re
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.answer import UNREADABLE, AnswerText, error_class, json_value, reading_of, text_or_none
from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.counting import Usage, cost_nano
from codevector_daemon.dialects.responses_usage import Ran, responses_usage
from codevector_daemon.dialects.sse import data_of

_WORTH_PARSING = re.compile(
    rb'"type"\s*:\s*"(?:response\.(?:created|queued|in_progress|completed|incomplete|failed|cancelled)|error)"'
)
_DELTA = re.compile(rb'(?:event: ?|data: ?\{"type":")response\.[a-z_.]+\.delta["\r\n]')
_NAMES = (b"response.c", b"response.in", b"response.q", b"response.failed", b'"error"')
"""What such an event always holds; looking for these first is ten times as fast as the pattern."""

_LAST = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
_UNDER_WAY = {"queued", "in_progress"}

_NOTHING: Final = Raw()
"""A field that is not there."""


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
    output: Raw = _NOTHING


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

    def __init__(self) -> None:
        self._text = AnswerText(_event_text)
        self._response = _Response()
        self._streamed = False
        self._finished = False
        self._error: str | None = None

    def event(self, raw: bytes) -> Verdict:
        """Take one whole server-sent event and say what becomes of it."""
        self._streamed = True
        if not _DELTA.match(raw) and any(name in raw for name in _NAMES) and _WORTH_PARSING.search(raw):
            return self._parse(raw)
        self._text.add(raw)
        return Verdict.PASS

    def body(self, body: bytes) -> None:
        """Take a whole response; one that runs in the background says only that it was queued."""
        try:
            self._response = _whole.decode(body)
        except UNREADABLE:
            return
        self._finished = True
        self._error = _error_of(self._response)

    def progress(self) -> int:
        """Return the output tokens so far: reported where final, else a quick guess."""
        usage = self._usage()
        if usage is not None and usage.has_output:
            return usage.counts.output
        return self._text.tokens()

    def reading(self) -> Reading:
        """Return what is known by now."""
        response = self._response
        fields = response.usage if isinstance(response.usage, dict) else {}
        return reading_of(
            self._usage(),
            cost_nano(fields),
            finished=self._finished,
            service_tier=text_or_none(response.service_tier, 32),
            served_model=text_or_none(response.model),
            error=self._error,
            response_id=text_or_none(response.id),
            later=not self._streamed and response.status in _UNDER_WAY,
        )

    def output_text(self) -> str:
        """Return the generated text kept for an estimate."""
        if self._streamed or self._response.output is _NOTHING:
            return self._text.text()
        return items_text(json_value(self._response.output))

    def _usage(self) -> Usage | None:
        response = self._response
        if not isinstance(response.usage, dict):
            return None
        return responses_usage(response.usage, Ran.of(response.tool_usage, response.tools, response.output))

    def _parse(self, raw: bytes) -> Verdict:
        try:
            event = _event.decode(data_of(raw))
        except UNREADABLE:
            return Verdict.PASS
        if event.type == "error":
            self._error = error_class(event.error or {"code": event.code, "type": None}) or "error"
            return Verdict.LAST
        if event.response is None:
            self._text.add(raw)
            return Verdict.PASS
        self._response = event.response
        if event.type not in _LAST:
            return Verdict.PASS
        self._finished = True
        self._error = _error_of(event.response) or ("failed" if event.type == "response.failed" else None)
        return Verdict.LAST


def _error_of(response: _Response) -> str | None:
    """Return the class of a response's error; an incomplete one (cut at its longest) is no error."""
    found = error_class(response.error)
    return found or ("failed" if response.status == "failed" else None)


def _event_text(raw: bytes) -> str:
    """Return what a delta generated: text, reasoning, refusal, or a tool's arguments."""
    try:
        event = json_value(data_of(raw))
    except UNREADABLE:
        return ""
    delta = event.get("delta") if isinstance(event, dict) else None
    return delta if isinstance(delta, str) else ""


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
