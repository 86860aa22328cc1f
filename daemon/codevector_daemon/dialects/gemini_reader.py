"""Reads Gemini's answers: a stream of events, a stream of one JSON array, or a single object."""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw, Struct, ValidationError
from msgspec.json import Decoder, encode

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
from codevector_daemon.dialects.counting import Usage
from codevector_daemon.dialects.gemini_prompt import either
from codevector_daemon.dialects.gemini_usage import gemini_usage, served_tier
from codevector_daemon.dialects.json_array import element_of, is_piece, start_of
from codevector_daemon.dialects.messages_usage import merged
from codevector_daemon.dialects.sse import event_of, payload_of

_SEARCHES_EACH = re.compile(r"gemini-(?:[3-9]|\d\d)")
"""From Gemini 3 on every search is charged; before it a grounded prompt, however often it searched (ai.google.dev)."""


ENDS: Final = 64
"""Chunks read at either end of a stream that is one array; reading 12,000 of them would take 15 ms."""

_BLANKS: Final = 64
"""Bytes in which the answer's first character is looked for."""

_NOTHING: Final = Raw()
"""A field that is not there."""


class _Candidate(Struct):
    """What is read of a candidate, in either spelling; what it generated is skipped unparsed."""

    finishReason: Any = None  # noqa: N815 - as on the wire
    finish_reason: Any = None
    groundingMetadata: Any = None  # noqa: N815
    grounding_metadata: Any = None


class _Chunk(Struct):
    """What is read of a whole answer, or of one chunk, in either spelling."""

    candidates: list[_Candidate] | None = None
    usageMetadata: Raw = _NOTHING  # noqa: N815
    usage_metadata: Raw = _NOTHING
    modelVersion: Any = None  # noqa: N815
    model_version: Any = None
    responseId: Any = None  # noqa: N815
    response_id: Any = None
    promptFeedback: Any = None  # noqa: N815
    prompt_feedback: Any = None
    error: Any = None


_answer: Final = Decoder(_Chunk)
_raws: Final = Decoder(list[Raw])
_USAGE: Final = ("usageMetadata", "usage_metadata")
_SOUGHT: Final = ends.Sought((b'"usageMetadata"', b'"usage_metadata"'), every=(b'"grounding',))
"""What must not be overlooked in the middle of a long chunk: its usage, and each search, since that is charged."""
_CHUNK: Final = frozenset(_Chunk.__struct_fields__) - {"candidates", *_USAGE}
_CANDIDATE: Final = frozenset(_Candidate.__struct_fields__)


class GeminiReader:
    """Reads one answer. ``_fields`` is the usage so far: it is cumulative, so a field that comes replaces."""

    def __init__(self, model: str) -> None:
        self._text = AnswerText("gemini", _event_text)
        self._body = b""
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
            raw = raw if len(raw) > BLOCK_BYTES else event_of(element_of(raw))
        self._text.add(raw)
        if (
            self._known and len(raw) <= BLOCK_BYTES and not _is_special(raw)
        ):  # of these only the newest is ever parsed, which costs 25 µs each
            self._running_total = raw
            return Verdict.PASS
        chunk = _chunk(_payload(raw))
        if chunk is None:
            return Verdict.PASS
        self._known, self._running_total = True, b""
        stopped = self._take(chunk)
        if self._error is not None:
            return Verdict.LAST
        return Verdict.HOLD if stopped else Verdict.PASS

    def body(self, body: bytes) -> None:
        """Take a whole answer: one object, or the array of chunks that a stream without ``alt=sse`` is."""
        self._body = body
        chunks = _array(body) if body[:_BLANKS].lstrip().startswith(b"[") else [body]
        for raw in chunks:
            chunk = _chunk(ends.document(raw, _SOUGHT) if raw is body else raw)
            if chunk is not None:
                self._take(chunk)
                self._finished = self._finished or raw is body

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

    def kept(self) -> Kept:
        """Return what was kept for an estimate of the output."""
        return self._text.kept(self._body)

    def text_of(self, kept: Kept) -> str:
        """Return the text generated in what was kept."""
        return text_in(kept, _event_text, _body_text)

    def _usage(self) -> Usage | None:
        self._read_running_total()
        each = _SEARCHES_EACH.search(self._model or self._asked) is not None
        return gemini_usage(
            self._fields, searches=self._queries if each else min(1, self._queries), finished=self._finished
        )

    def _read_running_total(self) -> None:
        """Read the newest event; the counts run along in every one, and those before it say nothing more."""
        raw, self._running_total = self._running_total, b""
        chunk = _chunk(payload_of(raw)) if raw else None
        if chunk is not None:
            self._take(chunk)

    def _take(self, chunk: _Chunk) -> bool:
        """Take one chunk and tell whether the model stopped with it."""
        usage = _value(chunk.usage_metadata if chunk.usageMetadata is _NOTHING else chunk.usageMetadata)
        if isinstance(usage, dict):
            self._fields = merged(self._fields, usage)
        self._model = text_or_none(_first(chunk.modelVersion, chunk.model_version)) or self._model
        self._id = text_or_none(_first(chunk.responseId, chunk.response_id)) or self._id
        error = chunk.error
        if error:
            self._error = error_class(
                {"status": error["status"]} if isinstance(error, dict) and "status" in error else error
            )
        candidates = chunk.candidates or []
        self._queries = max(self._queries, sum(_searched(one) for one in candidates))
        feedback = _first(chunk.promptFeedback, chunk.prompt_feedback)
        blocked = isinstance(feedback, dict) and bool(either(feedback, "blockReason", "block_reason"))
        ends = blocked or any(_first(one.finishReason, one.finish_reason) for one in candidates)
        self._finished = self._finished or ends
        return ends


def _payload(raw: bytes) -> bytes | memoryview:
    """Return what is to be decoded of an event, or of a long piece of an array."""
    if is_piece(raw):
        return ends.part(raw, start_of(raw), len(raw), _SOUGHT)
    return ends.payload(raw, _SOUGHT)


def _is_special(raw: bytes) -> bool:
    """Tell whether an event holds more than text and a running total; its fields have two spellings each."""
    find = raw.find  # twice as fast as ``in``, which first takes the bytes for a number
    return find(b"inish") >= 0 or find(b'"error"') >= 0 or find(b"eedback") >= 0 or find(b"earch") >= 0


def _array(body: bytes) -> list[Raw]:
    """Return the chunks of a stream that is one array, but for those between its ends: they only carry counts along."""
    try:
        chunks = _raws.decode(body)
    except UNREADABLE:
        return []
    return chunks[:ENDS] + chunks[ENDS:][-ENDS:]


def _chunk(data: bytes | memoryview | Raw) -> _Chunk | None:
    """Read an answer or a chunk; one of an odd shape for what can be understood of it."""
    try:
        return _answer.decode(data)
    except ValidationError:
        found = _value(data)
    except UNREADABLE:
        return None
    return _odd(found) if isinstance(found, dict) else None


def _odd(found: Mapping[str, Any]) -> _Chunk:
    candidates = found.get("candidates")
    given = [one for one in candidates if isinstance(one, dict)] if isinstance(candidates, list) else []
    plain: dict[str, Any] = {name: found.get(name) for name in _CHUNK}
    plain |= {name: Raw(encode(found[name])) for name in _USAGE if name in found}
    return _Chunk(candidates=[_Candidate(**{name: one.get(name) for name in _CANDIDATE}) for one in given], **plain)


def _value(data: bytes | memoryview | Raw) -> object:
    try:
        return json_value(data)
    except UNREADABLE:
        return None


def _first(camel: object, snake: object) -> object:
    """Return a field in the spelling in which it came."""
    return snake if camel is None else camel


def _searched(candidate: _Candidate) -> int:
    """Count the searches that grounded an answer."""
    grounding = _first(candidate.groundingMetadata, candidate.grounding_metadata)
    queries = either(grounding, "webSearchQueries", "web_search_queries") if isinstance(grounding, dict) else None
    return len({query for query in queries if isinstance(query, str)}) if isinstance(queries, list) else 0


def _event_text(raw: bytes) -> str:
    return _body_text(_value(element_of(raw) if is_piece(raw) else payload_of(raw)))


def _body_text(answer: object) -> str:
    chunks = answer if isinstance(answer, list) else [answer]
    return "".join(_chunk_text(chunk) for chunk in chunks if isinstance(chunk, dict))


def _chunk_text(chunk: Mapping[str, Any]) -> str:
    """Return what a chunk generated: text, thoughts, and the calls of functions."""
    found: list[str] = []
    candidates = chunk.get("candidates")
    for candidate in candidates if isinstance(candidates, list) else []:
        content = candidate.get("content") if isinstance(candidate, dict) else None
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
