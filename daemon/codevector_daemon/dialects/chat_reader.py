"""Reads answers of Chat Completions, streamed or whole."""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder

from codevector_daemon.dialects import ends
from codevector_daemon.dialects.answer import (
    BLOCK_BYTES,
    UNREADABLE,
    AnswerText,
    error_class,
    json_value,
    reading_of,
    text_in,
    text_or_none,
)
from codevector_daemon.dialects.base import Kept, Reading, Verdict
from codevector_daemon.dialects.chat_usage import chat_usage
from codevector_daemon.dialects.counting import Usage, cost_nano
from codevector_daemon.dialects.sse import payload_of

_DONE = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")
_LONGEST_DONE: Final = 256
"""Nothing but a comment ever stands beside ``[DONE]``; a longer event need not be searched for it."""

_FINISH_REASON = b'"finish_reason"'
_FINISHED = re.compile(_FINISH_REASON + rb'\s*:\s*"')
"""The model has finished. Some vendors leave ``[DONE]`` off and simply end the answer after it."""

_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_NO_CHOICE = re.compile(rb'"choices"\s*:\s*(?:\[\s*\]|null)')
_ERROR = re.compile(rb'"error"\s*(?:[,}]|:\s*[^n\s])')
"""A usage or error that is there: within text the quotes would be escaped, and ``null`` says nothing."""

_LONGEST_NOTHING: Final = 64
"""An empty list of choices, with blanks in it."""

_LONGEST_ENDING: Final = 4096
"""Choices that only say why the model finished; those of a long text need not be searched for usage."""

_NOTHING: Final = Raw()
"""A field that is not there."""


class _Answer(Struct):
    """What is read of a whole answer, or of one chunk; the rest is skipped unparsed."""

    id: Any = None
    model: Any = None
    service_tier: Any = None
    usage: Any = None
    x_groq: Any = None
    error: Any = None
    object: Any = None
    type: Any = None
    code: Any = None
    choices: Raw = _NOTHING


_answer = Decoder(_Answer)


class ChatReader:
    """Reads one answer. The last usage block wins, because some vendors repeat a running total in every event."""

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._text = AnswerText("chat", _event_text)
        self._body = b""
        self._usage: Usage | None = None
        self._running_total = b""
        self._cost_nano: int | None = None
        self._error: str | None = None
        self._finished = False
        self._known = False
        self._model: str | None = None
        self._id: str | None = None
        self._tier: str | None = None

    def event(self, raw: bytes) -> Verdict:
        """Take one whole server-sent event and say what becomes of it."""
        if len(raw) < _LONGEST_DONE and b"[DONE]" in raw and _DONE.search(raw):
            self._finished = True
            return Verdict.LAST
        find = raw.find  # twice as fast as ``in``, which first takes the bytes for a number
        if not self._known or len(raw) > BLOCK_BYTES or (find(b'"error"') >= 0 and _holds(raw, b'"error"', _ERROR)):
            return self._parse(raw)
        usage_at = find(b'"usage"')
        if usage_at >= 0 and _has_usage(raw, usage_at):
            if _has_no_choice(raw):
                return self._parse(raw)
            self._running_total = raw
        self._text.add(raw)
        return Verdict.PASS

    def body(self, body: bytes) -> None:
        """Take a whole answer that was not streamed."""
        self._body = body
        answer = _read(ends.document(body))
        if answer is not None:
            self._finished = True
            self._take(answer)

    def progress(self) -> int:
        """Return the output tokens so far: reported where known, else a quick guess."""
        self._read_running_total()
        if self._usage is not None and self._usage.has_output:
            return self._usage.counts.output
        return self._text.tokens()

    def reading(self) -> Reading:
        """Return what is known by now."""
        self._read_running_total()
        return reading_of(
            self._usage,
            self._cost_nano,
            finished=self._finished or any(_says_why(raw) for raw in self._text.recent()),
            service_tier=self._tier,
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

    def _read_running_total(self) -> None:
        """Read the last event that had choices and usage; the totals before it say nothing more."""
        raw, self._running_total = self._running_total, b""
        chunk = _read(payload_of(raw)) if raw else None
        if chunk is not None:
            self._take(chunk)

    def _parse(self, raw: bytes) -> Verdict:
        self._read_running_total()
        chunk = _read(ends.payload(raw))
        if chunk is None:
            return Verdict.PASS
        self._known = True
        self._text.add(raw)
        extra = self._take(chunk) and _is_empty(chunk.choices) and not chunk.error and chunk.object != "error"
        return Verdict.HIDE if extra and self._hide_usage else Verdict.PASS

    def _take(self, answer: _Answer) -> bool:
        """Take what an answer or a chunk of it says of itself, and tell whether that was a count."""
        self._note(answer.id, answer.model, answer.service_tier)
        error = answer.error or ({"type": answer.type, "code": answer.code} if answer.object == "error" else None)
        self._error = error_class(error) or self._error
        return self._take_usage(_usage_in(answer))

    def _note(self, answer_id: object, model: object, tier: object) -> None:
        self._id = text_or_none(answer_id) or self._id
        self._model = text_or_none(model) or self._model
        self._tier = text_or_none(tier, 32) or self._tier

    def _take_usage(self, fields: object) -> bool:
        """Take a usage block and tell whether it held a count."""
        if not isinstance(fields, dict):
            return False
        usage = chat_usage(fields, self._model)
        self._usage = usage or self._usage
        cost = cost_nano(fields)
        self._cost_nano = self._cost_nano if cost is None else cost
        return usage is not None


def _has_usage(raw: bytes, at: int) -> bool:
    """Tell whether an event holds a usage block, trying first how nearly every vendor writes one, or writes none."""
    value = raw[at + len(b'"usage"') : at + len(b'"usage": null')]
    if value.startswith((b":{", b": {")):
        return True
    if value.startswith((b":null", b": null")) and raw.find(b'"usage"', at + 1) < 0:
        return False
    return _holds(raw, b'"usage"', _USAGE)


def _has_no_choice(raw: bytes) -> bool:
    """Tell whether an event with usage is the extra one, again trying first how nearly every vendor writes it."""
    at = raw.find(b'"choices"')
    if at < 0:
        return True
    value = raw[at + len(b'"choices"') : at + len(b'"choices": [{')]
    return not value.startswith((b":[{", b": [{")) and _NO_CHOICE.search(raw) is not None


def _says_why(raw: bytes) -> bool:
    """Tell whether an event says why the model finished; in a long one that stands behind the text."""
    return _holds(raw, _FINISH_REASON, _FINISHED, max(0, len(raw) - BLOCK_BYTES))


def _holds(raw: bytes, key: bytes, pattern: re.Pattern[bytes], start: int = 0) -> bool:
    """Search for a pattern that begins with ``key``; finding the key first is ten times as fast as the pattern."""
    at = raw.find(key, start)
    while at >= 0:
        if pattern.match(raw, at):
            return True
        at = raw.find(key, at + 1)
    return False


def _usage_in(answer: _Answer) -> object:
    """Return a chunk's usage block: its own, else Groq's (``x_groq``), else Moonshot's (in the choice)."""
    if answer.usage is not None:
        return answer.usage
    if isinstance(answer.x_groq, dict):
        return answer.x_groq.get("usage")
    if memoryview(answer.choices).nbytes > _LONGEST_ENDING or b'"usage"' not in bytes(answer.choices):
        return None
    choices = _decoded(answer.choices)
    return choices[0].get("usage") if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None


def _read(data: bytes | memoryview) -> _Answer | None:
    """Read the JSON object of an answer or a chunk; None where there is none."""
    try:
        return _answer.decode(data)
    except UNREADABLE:
        return None


def _is_empty(choices: Raw) -> bool:
    """Tell whether there is no choice: the list is empty, null or missing."""
    size = memoryview(choices).nbytes
    return size == 0 or (size <= _LONGEST_NOTHING and not _decoded(choices))


def _decoded(data: bytes | memoryview | Raw) -> object:
    try:
        return json_value(data)
    except UNREADABLE:
        return None


def _event_text(raw: bytes) -> str:
    return _body_text(_decoded(payload_of(raw)))


def _body_text(answer: object) -> str:
    return _choices_text(answer.get("choices")) if isinstance(answer, dict) else ""


def _choices_text(choices: object) -> str:
    if not isinstance(choices, list):
        return ""
    return "".join(_choice_text(choice) for choice in choices if isinstance(choice, dict))


def _choice_text(choice: Mapping[str, Any]) -> str:
    """Return what a choice generated: text, reasoning, refusal and the calls of tools."""
    message = choice.get("delta") or choice.get("message") or choice
    if not isinstance(message, dict):
        return ""
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    found = [reasoning, *(message.get(name) for name in ("content", "text", "refusal"))]
    calls = message.get("tool_calls")
    calls = calls if isinstance(calls, list) else []
    functions = [call.get("function") for call in calls if isinstance(call, dict)] + [message.get("function_call")]
    for function in functions:
        if isinstance(function, dict):
            found += [function.get("name"), function.get("arguments")]
    return "".join(_plain(value) for value in found)


def _plain(value: object) -> str:
    """Return a string, or the texts of a list of content parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_plain(part.get("text")) for part in value if isinstance(part, dict))
    return ""
