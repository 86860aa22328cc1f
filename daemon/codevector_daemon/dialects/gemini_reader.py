"""Reads Gemini's answers: a stream of events, a stream of one JSON array, or a single object."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec.json import encode

from codevector_daemon.dialects.answer import UNREADABLE, AnswerText, error_class, json_value, reading_of, text_or_none
from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.counting import Usage
from codevector_daemon.dialects.gemini_prompt import either
from codevector_daemon.dialects.gemini_usage import gemini_usage, served_tier
from codevector_daemon.dialects.json_array import element_of, is_piece
from codevector_daemon.dialects.messages_usage import merged
from codevector_daemon.dialects.sse import data_of, event_of

_SEARCHES_EACH = re.compile(r"gemini-(?:[3-9]|\d\d)")
"""From Gemini 3 on every search is charged; before it a grounded prompt, however often it searched (ai.google.dev)."""


class GeminiReader:
    """Reads one answer. ``_fields`` is the usage so far: it is cumulative, so a field that comes replaces."""

    def __init__(self, model: str) -> None:
        self._text = AnswerText(_event_text)
        self._whole: list[Mapping[str, Any]] = []
        self._fields: dict[str, Any] = {}
        self._queries = 0
        self._asked = model
        self._model: str | None = None
        self._id: str | None = None
        self._error: str | None = None
        self._finished = False
        self._known = False
        self._running_total = b""

    def event(self, raw: bytes) -> Verdict:
        """Take one whole server-sent event, or one piece of an array.

        The one that says why the model stopped is held, as none marks the end.
        """
        if is_piece(raw):
            raw = event_of(element_of(raw))
        self._text.add(raw)
        if self._known and not _is_special(raw):  # of these only the newest is ever parsed, which costs 25 µs each
            self._running_total = raw
            return Verdict.PASS
        chunk = _decoded(data_of(raw))
        if not isinstance(chunk, dict):
            return Verdict.PASS
        self._known, self._running_total = True, b""
        ends = self._take(chunk)
        if self._error is not None:
            return Verdict.LAST
        return Verdict.HOLD if ends else Verdict.PASS

    def body(self, body: bytes) -> None:
        """Take a whole answer: one object, or the array of chunks that a stream without ``alt=sse`` is."""
        answer = _decoded(body)
        chunks = answer if isinstance(answer, list) else [answer]
        self._whole = [chunk for chunk in chunks if isinstance(chunk, dict)]
        for chunk in self._whole:
            self._take(chunk)
        self._finished = self._finished or isinstance(answer, dict)

    def progress(self) -> int:
        """Return the output tokens so far: as reported, since the counts run along, else a quick guess."""
        usage = self._usage()
        if usage is not None and usage.has_output:
            return usage.counts.output
        return self._text.tokens()

    def reading(self) -> Reading:
        """Return what is known by now."""
        usage = self._usage()
        return reading_of(
            usage,
            None,
            finished=self._finished,
            service_tier=served_tier(self._fields),
            served_model=self._model,
            error=self._error,
            response_id=self._id,
        )

    def output_text(self) -> str:
        """Return the generated text kept for an estimate."""
        if self._whole:
            return "".join(_chunk_text(chunk) for chunk in self._whole)
        return self._text.text()

    def _usage(self) -> Usage | None:
        self._read_running_total()
        each = _SEARCHES_EACH.search(self._model or self._asked) is not None
        return gemini_usage(
            self._fields, searches=self._queries if each else min(1, self._queries), finished=self._finished
        )

    def _read_running_total(self) -> None:
        """Read the newest event; the counts run along in every one, and those before it say nothing more."""
        raw, self._running_total = self._running_total, b""
        chunk = _decoded(data_of(raw)) if raw else None
        if isinstance(chunk, dict):
            self._take(chunk)

    def _take(self, chunk: Mapping[str, Any]) -> bool:
        """Take one chunk and tell whether the model stopped with it."""
        usage = either(chunk, "usageMetadata", "usage_metadata")
        if isinstance(usage, dict):
            self._fields = merged(self._fields, usage)
        self._model = text_or_none(either(chunk, "modelVersion", "model_version")) or self._model
        self._id = text_or_none(either(chunk, "responseId", "response_id")) or self._id
        error = chunk.get("error")
        if error:
            self._error = error_class(
                {"status": error["status"]} if isinstance(error, dict) and "status" in error else error
            )
        candidates = _candidates(chunk)
        self._queries = max(self._queries, sum(_searched(one) for one in candidates))
        feedback = either(chunk, "promptFeedback", "prompt_feedback")
        blocked = isinstance(feedback, dict) and bool(either(feedback, "blockReason", "block_reason"))
        ends = blocked or any(either(one, "finishReason", "finish_reason") for one in candidates)
        self._finished = self._finished or ends
        return ends


def _is_special(raw: bytes) -> bool:
    """Tell whether an event holds more than text and a running total; its fields have two spellings each."""
    find = raw.find  # twice as fast as ``in``, which first takes the bytes for a number
    return find(b"inish") >= 0 or find(b'"error"') >= 0 or find(b"eedback") >= 0 or find(b"earch") >= 0


def _decoded(data: bytes) -> object:
    try:
        return json_value(data)
    except UNREADABLE:
        return None


def _candidates(chunk: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = chunk.get("candidates")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _searched(candidate: Mapping[str, Any]) -> int:
    """Count the searches that grounded an answer."""
    grounding = either(candidate, "groundingMetadata", "grounding_metadata")
    queries = either(grounding, "webSearchQueries", "web_search_queries") if isinstance(grounding, dict) else None
    return len({query for query in queries if isinstance(query, str)}) if isinstance(queries, list) else 0


def _event_text(raw: bytes) -> str:
    chunk = _decoded(data_of(raw))
    return _chunk_text(chunk) if isinstance(chunk, dict) else ""


def _chunk_text(chunk: Mapping[str, Any]) -> str:
    """Return what a chunk generated: text, thoughts, and the calls of functions."""
    found: list[str] = []
    for candidate in _candidates(chunk):
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        parts = parts if isinstance(parts, list) else []
        found += [_part_text(part) for part in parts if isinstance(part, dict)]
    return "".join(found)


def _part_text(part: Mapping[str, Any]) -> str:
    text = part.get("text")
    if isinstance(text, str):
        return text
    call = either(part, "functionCall", "function_call") or either(part, "executableCode", "executable_code")
    return encode(call).decode() if isinstance(call, dict) else ""
