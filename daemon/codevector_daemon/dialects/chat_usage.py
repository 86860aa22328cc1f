"""The usage block of Chat Completions and of the vendors that speak it, as disjoint counts."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.dialects.counting import BadCount, Usage, first, inside, lying_outside, searches, total
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts

_KNOWN = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")

_CONTAINED = (False, False)
"""The prompt contains the cache, the completion the reasoning."""

_IN_PARTS = {"image_tokens": "image_input", "video_tokens": "video_input"}
_OUT_PARTS = {"image_tokens": "image_output", "video_tokens": "video_output"}


class _Prompt(Struct, frozen=True):
    tokens: int
    read: int = 0
    written: int = 0
    audio: int = 0
    parts: dict[str, int] = {}
    seconds: int = 0
    cited: int = 0
    """What the provider's searches made the model read besides."""


class _Completion(Struct, frozen=True):
    tokens: int
    reasoning: int = 0
    audio: int = 0
    parts: dict[str, int] = {}
    beside: bool = False
    """Whether the reasoning is named beside the completion, and not among its details."""

    def with_hidden(self, output: int) -> "_Completion":
        """Return it with the thoughts that only the ``output`` by the total shows, if it names none."""
        if self.reasoning or output <= self.tokens:
            return self
        return replace(self, tokens=output, reasoning=output - self.tokens)


def chat_usage(fields: Mapping[str, Any], served: str | None = None) -> Usage | None:
    """Read a usage block; None where it holds no count at all (a null usage is a missing one).

    A count that is refused, or contradicts the rest, leaves its side (input or output) unreported, so that this side is
    estimated. ``served`` is the model that the answer names.
    """
    if all(fields.get(name) is None for name in _KNOWN):
        return None
    refused: list[str] = []
    prompt = completion = None
    calls = 0
    try:
        prompt = _prompt(fields)
    except BadCount as error:
        refused.append(str(error))
    try:
        completion = _completion(fields)
    except BadCount as error:
        refused.append(str(error))
    stated = None if refused else total(fields, "total_tokens")
    try:
        calls = searches(fields)
    except BadCount as error:
        refused.append(str(error))
    if prompt is not None and completion is not None and stated is not None and _hides_thoughts(served):
        completion = completion.with_hidden(stated - prompt.tokens)
    return _join(prompt, completion, stated, calls, refused)


def _prompt(fields: Mapping[str, Any]) -> _Prompt | None:
    details = inside(fields, "prompt_tokens_details")
    hit = first(fields, "prompt_cache_hit_tokens")
    miss = first(fields, "prompt_cache_miss_tokens")
    tokens = first(fields, "prompt_tokens")
    if (tokens is None or tokens == miss) and (hit is not None or miss is not None):
        tokens = (hit or 0) + (miss or 0)
    read = first(details, "cached_tokens")
    if read is None:
        read = hit if hit is not None else first(fields, "cached_tokens", "cache_read_input_tokens")
    written = first(details, "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
    if written is None:
        written = first(fields, "cache_creation_input_tokens")
    audio = first(details, "audio_tokens")
    seconds = first(fields, "prompt_audio_seconds")  # Mistral
    cited = first(fields, "citation_tokens")  # Perplexity: its searches' results, at the input's rate
    if tokens is None:
        return None
    parts = _parts(details, _IN_PARTS)
    return _Prompt(tokens, read or 0, written or 0, audio or 0, parts, seconds or 0, cited or 0)


def _completion(fields: Mapping[str, Any]) -> _Completion | None:
    details = inside(fields, "completion_tokens_details")
    tokens = first(fields, "completion_tokens")
    reasoning = first(details, "reasoning_tokens")
    beside = reasoning is None
    if beside:
        reasoning = first(fields, "reasoning_tokens")
    audio = first(details, "audio_tokens")
    if tokens is None:
        return None
    return _Completion(tokens, reasoning or 0, audio or 0, _parts(details, _OUT_PARTS), beside)


def _parts(details: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, int]:
    """Return the tokens of other kinds than text that some models charge apart."""
    found = {part: first(details, name) for name, part in names.items()}
    return {part: tokens for part, tokens in found.items() if tokens}


def _join(
    prompt: _Prompt | None, completion: _Completion | None, stated: int | None, calls: int, refused: list[str]
) -> Usage:
    """Make the counts disjoint; a side that contradicts itself is refused."""
    asked, given = prompt or _Prompt(0), completion or _Completion(0)
    sides = ((asked.tokens, asked.read + asked.written), (given.tokens, given.reasoning))
    cache_outside, reasoning_outside = lying_outside(sides, _CONTAINED, () if stated is None else (stated,))
    silent = completion is None and prompt is not None and stated == asked.tokens and not refused
    if cache_outside is None:
        prompt, asked = None, _Prompt(0)
        refused.append("cached_tokens")
    if reasoning_outside is None and given.beside:
        reasoning_outside = True  # Perplexity's total leaves it out
    if reasoning_outside is None:
        completion, given = None, _Completion(0)
        refused.append("reasoning_tokens")
    uncached = asked.cited + asked.tokens - (0 if cache_outside else asked.read + asked.written)
    output = given.tokens + (given.reasoning if reasoning_outside else 0)
    return Usage(
        counts=TokenCounts(
            uncached_input=uncached,
            cache_read=asked.read,
            cache_write_5m=asked.written,
            output=output,
            reasoning=given.reasoning,
            audio_input=min(asked.audio, uncached),
            audio_output=min(given.audio, output - given.reasoning),
            server_tool_calls=calls,
        ),
        has_input=prompt is not None,
        has_output=completion is not None or silent,
        refused=refused[0] if refused else None,
        extras=_extras(asked, given),
    )


def _hides_thoughts(served: str | None) -> bool:
    """Tell whether a model's thoughts may stand in the total alone, as on Google's own Chat route (and its copies)."""
    return served is not None and "gemini" in served.lower()


def _extras(asked: _Prompt, given: _Completion) -> Extras:
    parts = asked.parts | given.parts
    return Extras(parts=parts, audio_seconds=asked.seconds) if parts or asked.seconds else NO_EXTRAS
