"""Reads answers of Google Gemini, streamed or whole, as canonical events."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.gemini_usage import gemini_usage, served_tier
from codevector_daemon.dialects.translation import answers, errors
from codevector_daemon.dialects.translation.canonical import NOTHING_RAW
from codevector_daemon.dialects.translation.collect import collect
from codevector_daemon.dialects.translation.events import (
    Answer,
    CallDelta,
    CallEnd,
    CallStart,
    Counted,
    Event,
    Failure,
    Ping,
    RefusalDelta,
    Start,
    Stop,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
)

_STOPS: Final[Mapping[str, StopReason]] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "LANGUAGE": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "MODEL_ARMOR": "refusal",
    "ESCALATION": "refusal",
    "PUP_LIMITED_DISABLED": "refusal",
    "CONTINUATION": "length",
}

_BROKE_OFF: Final = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    }
)
"""Reasons that say there is no answer: what the model made could not be read, and is not given."""


class _Call(Struct):
    name: str | None = None
    id: str | None = None
    args: dict[str, Any] | None = None


class _Part(Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: _Call | None = None


class _Content(Struct):
    parts: list[_Part] | None = None


class _Candidate(Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None
    index: int | None = None


class _Feedback(Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class _Chunk(Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: Raw = NOTHING_RAW
    prompt_feedback: _Feedback | None = None
    error: Any = None


_chunk = Decoder(_Chunk)
_fields: Decoder[dict[str, Any] | None] = Decoder(dict[str, Any] | None)


class GeminiStream:
    """Reads one streamed answer, event by event. The protocol has no last event: a finish reason is the end."""

    def __init__(self) -> None:
        self._started = False
        self._thinking = False
        self._called = False
        self._stopped = False
        self._usage = NOTHING_RAW
        """The last usage block: a running total comes with every event, and reading each would cost the most."""

    def event(self, raw: bytes) -> list[Event]:
        """Return what one raw event says; raises BadAnswer for nonsense."""
        chunk = answers.event(_chunk, raw)
        return [Ping()] if isinstance(chunk, str) else self.chunk(chunk)

    def chunk(self, chunk: _Chunk) -> list[Event]:
        """Return what one decoded piece says."""
        if chunk.error:
            return [errors.in_stream(chunk.error)]
        events: list[Event] = [] if self._started else [Start()]
        self._started = True
        for candidate in chunk.candidates or ():
            if candidate.index in {None, 0}:
                self._candidate(candidate, events)
        feedback = chunk.prompt_feedback
        if feedback is not None and feedback.block_reason:
            words = feedback.block_reason_message or f"The prompt was blocked: {feedback.block_reason[:64]}."
            events += [RefusalDelta(words), Stop("refusal")]
            self._stopped = True
        self._usage = chunk.usage_metadata if chunk.usage_metadata is not NOTHING_RAW else self._usage
        if self._stopped:
            events += _counted(bytes(self._usage))
        return events

    def ended_without_word(self) -> bool:
        """Tell whether the model had finished."""
        return self._stopped

    def _candidate(self, candidate: _Candidate, events: list[Event]) -> None:
        for part in (candidate.content.parts if candidate.content else None) or ():
            self._part(part, events)
        if candidate.finish_reason and candidate.finish_reason != "FINISH_REASON_UNSPECIFIED":
            self._end_thought("", events)
            if candidate.finish_reason in _BROKE_OFF:
                events.append(
                    Failure("api_error", f"The model gave no answer that can be used: {candidate.finish_reason}.")
                )
                return
            reason = _STOPS.get(candidate.finish_reason, "refusal" if "IMAGE" in candidate.finish_reason else "end")
            events.append(Stop("tool" if reason == "end" and self._called else reason))
            self._stopped = True

    def _part(self, part: _Part, events: list[Event]) -> None:
        if part.thought:
            self._thinking = True
            events.append(ThinkingDelta(part.text or ""))
            return
        if part.function_call is not None:
            self._end_thought(part.thought_signature or "", events)
            self._called = True
            call = part.function_call
            arguments = answers.text_of(call.args or {})
            events += [CallStart(call.id or "", call.name or ""), CallDelta(arguments), CallEnd()]
        elif part.text:
            self._end_thought(part.thought_signature if self._thinking else "", events)
            events.append(TextDelta(part.text))

    def _end_thought(self, signature: str | None, events: list[Event]) -> None:
        if self._thinking or signature:
            events.append(ThinkingEnd(signature or ""))
        self._thinking = False


def _counted(raw: bytes) -> list[Counted]:
    fields = answers.decode(_fields, raw) if raw else None
    usage = gemini_usage(fields) if fields else None
    return [Counted(usage.counts, served_tier(fields or {}))] if usage is not None else []


def whole(body: bytes) -> Answer:
    """Read a whole answer; raises BadAnswer for nonsense and for an error in a 200."""
    answer = answers.decode(_chunk, body)
    if answer.error:
        raise errors.bad_answer(answer.error)
    if not answer.candidates and answer.prompt_feedback is None:
        raise answers.nonsense("it has no candidates")
    return collect(GeminiStream().chunk(answer))
