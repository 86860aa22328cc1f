"""The usage block of Chat Completions and of the vendors that speak it, as disjoint counts."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from codevector_daemon.dialects.counting import BadCount, Usage, first, inside, searches
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts

_KNOWN = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")


_IN_PARTS = {"image_tokens": "image_input", "video_tokens": "video_input"}
_OUT_PARTS = {"image_tokens": "image_output", "video_tokens": "video_output"}


class _Prompt(Struct, frozen=True):
    tokens: int
    read: int = 0
    written: int = 0
    audio: int = 0
    parts: dict[str, int] = {}
    seconds: int = 0


class _Completion(Struct, frozen=True):
    tokens: int
    reasoning: int = 0
    audio: int = 0
    parts: dict[str, int] = {}


def chat_usage(fields: Mapping[str, Any]) -> Usage | None:
    """Read a usage block; None where it holds no count at all (a null usage is a missing one).

    A refused count leaves its side (input or output) unreported, so that this side is estimated.
    """
    if all(fields.get(name) is None for name in _KNOWN):
        return None
    refused: list[str] = []
    prompt = completion = None
    total, calls = 0, 0
    try:
        prompt = _prompt(fields)
    except BadCount as error:
        refused.append(str(error))
    try:
        completion = _completion(fields)
    except BadCount as error:
        refused.append(str(error))
    try:
        total, calls = first(fields, "total_tokens") or 0, searches(fields)
    except BadCount as error:
        refused.append(str(error))
    return _join(prompt, completion, total, calls, refused[0] if refused else None)


def _prompt(fields: Mapping[str, Any]) -> _Prompt | None:
    details = inside(fields, "prompt_tokens_details")
    hit = first(fields, "prompt_cache_hit_tokens")
    miss = first(fields, "prompt_cache_miss_tokens")
    tokens = first(fields, "prompt_tokens")
    if tokens is None and (hit is not None or miss is not None):
        tokens = (hit or 0) + (miss or 0)
    read = first(details, "cached_tokens")
    if read is None:
        read = hit if hit is not None else first(fields, "cached_tokens", "cache_read_input_tokens")
    written = first(details, "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
    if written is None:
        written = first(fields, "cache_creation_input_tokens")
    audio = first(details, "audio_tokens")
    seconds = first(fields, "prompt_audio_seconds")  # Mistral
    if tokens is None:
        return None
    return _Prompt(tokens, read or 0, written or 0, audio or 0, _parts(details, _IN_PARTS), seconds or 0)


def _completion(fields: Mapping[str, Any]) -> _Completion | None:
    details = inside(fields, "completion_tokens_details")
    tokens = first(fields, "completion_tokens")
    reasoning = first(details, "reasoning_tokens")
    if reasoning is None:
        reasoning = first(fields, "reasoning_tokens")
    audio = first(details, "audio_tokens")
    return None if tokens is None else _Completion(tokens, reasoning or 0, audio or 0, _parts(details, _OUT_PARTS))


def _parts(details: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, int]:
    """Return the tokens of other kinds than text that some models charge apart."""
    found = {part: first(details, name) for name, part in names.items()}
    return {part: tokens for part, tokens in found.items() if tokens}


def _join(prompt: _Prompt | None, completion: _Completion | None, total: int, calls: int, refused: str | None) -> Usage:
    """Make the counts disjoint."""
    asked = prompt or _Prompt(0)
    given = completion or _Completion(0)
    cache = asked.read + asked.written
    cache_outside, reasoning_outside = _outside(asked.tokens, cache, given, total)
    uncached = asked.tokens if cache_outside else asked.tokens - cache
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
        has_output=completion is not None or (prompt is not None and total == asked.tokens and refused is None),
        refused=refused,
        extras=_extras(asked, given),
    )


def _extras(asked: _Prompt, given: _Completion) -> Extras:
    parts = asked.parts | given.parts
    return Extras(parts=parts, audio_seconds=asked.seconds) if parts or asked.seconds else NO_EXTRAS


def _outside(prompt: int, cache: int, given: _Completion, total: int) -> tuple[bool, bool]:
    """Tell whether the cache lies outside the prompt, and the reasoning outside the completion.

    Contained is the rule; the total says otherwise where only that adds up, and so does a part larger than its whole.
    """
    cache_must, reasoning_must = cache > prompt, given.reasoning > given.tokens
    readings = ((False, False), (False, True), (True, False), (True, True))
    for cache_out, reasoning_out in readings:
        if cache_must > cache_out or reasoning_must > reasoning_out:
            continue
        if total == prompt + given.tokens + cache_out * cache + reasoning_out * given.reasoning:
            return cache_out, reasoning_out
    return cache_must, reasoning_must
