"""Reads answers of Chat Completions, streamed or whole."""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.answer import UNREADABLE, AnswerText, error_class, json_value, reading_of, text_or_none
from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.chat_usage import chat_usage
from codevector_daemon.dialects.counting import Usage, cost_nano
from codevector_daemon.dialects.sse import data_of

_DONE = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")
_LONGEST_DONE: Final = 256
"""Nothing but a comment ever stands beside ``[DONE]``; a longer event need not be searched for it."""

_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')
"""The model has finished. Some vendors leave ``[DONE]`` off and simply end the answer after it."""

_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_NO_CHOICE = re.compile(rb'"choices"\s*:\s*(?:\[\s*\]|null)')
_ERROR = re.compile(rb'"error"\s*(?:[,}]|:\s*[^n\s])')
"""A usage or error that is there: within text the quotes would be escaped, and ``null`` says nothing."""

_NOTHING: Final = Raw()
"""A field that is not there."""


class _Body(Struct):
    """What is read of a whole answer; the rest is skipped unparsed."""

    id: Any = None
    model: Any = None
    service_tier: Any = None
    usage: Any = None
    error: Any = None
    object: Any = None
    choices: Raw = _NOTHING


_whole = Decoder(_Body)


class ChatReader:
    """Reads one answer. The last usage block wins, because some vendors repeat a running total in every event."""

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._text = AnswerText(_event_text)
        self._choices: Raw = _NOTHING
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
        if not self._known or (find(b'"error"') >= 0 and _holds(raw, b'"error"', _ERROR)):
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
        try:
            answer = _whole.decode(body)
        except UNREADABLE:
            return
        self._finished = True
        self._note(answer.id, answer.model, answer.service_tier)
        self._take_usage(answer.usage)
        self._take_error(answer.error if answer.object != "error" else {"type": "error"})
        self._choices = answer.choices

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
            finished=self._finished or any(_FINISHED.search(raw) for raw in self._text.recent()),
            service_tier=self._tier,
            served_model=self._model,
            error=self._error,
            response_id=self._id,
        )

    def output_text(self) -> str:
        """Return the generated text kept for an estimate."""
        if self._choices is _NOTHING:
            return self._text.text()
        return _choices_text(json_value(self._choices))

    def _read_running_total(self) -> None:
        """Read the last event that had choices and usage; the totals before it say nothing more."""
        raw, self._running_total = self._running_total, b""
        chunk = _decoded(raw) if raw else {}
        self._note(chunk.get("id"), chunk.get("model"), chunk.get("service_tier"))
        self._take_usage(_usage_in(chunk))

    def _parse(self, raw: bytes) -> Verdict:
        self._read_running_total()
        chunk = _decoded(raw)
        if not chunk:
            return Verdict.PASS
        self._known = True
        self._text.add(raw)
        self._note(chunk.get("id"), chunk.get("model"), chunk.get("service_tier"))
        counted = self._take_usage(_usage_in(chunk))
        error = chunk.get("error") or (chunk if chunk.get("object") == "error" else None)
        self._take_error(error)
        extra = counted and not chunk.get("choices") and not error
        return Verdict.HIDE if extra and self._hide_usage else Verdict.PASS

    def _note(self, answer_id: object, model: object, tier: object) -> None:
        self._id = text_or_none(answer_id) or self._id
        self._model = text_or_none(model) or self._model
        self._tier = text_or_none(tier, 32) or self._tier

    def _take_usage(self, fields: object) -> bool:
        """Take a usage block and tell whether it held a count."""
        if not isinstance(fields, dict):
            return False
        usage = chat_usage(fields)
        self._usage = usage or self._usage
        cost = cost_nano(fields)
        self._cost_nano = self._cost_nano if cost is None else cost
        return usage is not None

    def _take_error(self, error: object) -> None:
        self._error = error_class(error) or self._error


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


def _holds(raw: bytes, key: bytes, pattern: re.Pattern[bytes]) -> bool:
    """Search for a pattern that begins with ``key``; finding the key first is ten times as fast as the pattern."""
    at = raw.find(key)
    while at >= 0:
        if pattern.match(raw, at):
            return True
        at = raw.find(key, at + 1)
    return False


def _usage_in(chunk: Mapping[str, Any]) -> object:
    """Return a chunk's usage block: its own, else Groq's (``x_groq``), else Moonshot's (in the choice)."""
    usage = chunk.get("usage")
    if usage is not None:
        return usage
    groq = chunk.get("x_groq")
    if isinstance(groq, dict):
        return groq.get("usage")
    choices = chunk.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0].get("usage")
    return None


def _decoded(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in an event; an empty one where there is none."""
    try:
        chunk = json_value(data_of(raw))
    except UNREADABLE:
        return {}
    return chunk if isinstance(chunk, dict) else {}


def _event_text(raw: bytes) -> str:
    return _choices_text(_decoded(raw).get("choices"))


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
