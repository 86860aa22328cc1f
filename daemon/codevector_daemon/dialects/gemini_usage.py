"""Gemini's ``usageMetadata`` as disjoint counts."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.dialects.counting import BadCount, Usage, first, lying_outside, number, total
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts

_KNOWN: Final = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount")
_OUTPUT: Final = ("candidatesTokenCount", "responseTokenCount", "thoughtsTokenCount")
_TRAFFIC: Final = {"ON_DEMAND_FLEX": "flex", "ON_DEMAND_PRIORITY": "priority", "ON_DEMAND": "standard"}
_USUAL: Final = (False, True)
"""The prompt contains what the cache gave, the thoughts lie outside the candidates."""


class _Input(Struct, frozen=True):
    prompt: int = 0
    cached: int = 0
    tools: int = 0
    audio: int = 0
    parts: dict[str, int] = {}

    def counts(self, *, cached_inside: bool) -> TokenCounts:
        uncached = self.prompt - (self.cached if cached_inside else 0) + self.tools
        return TokenCounts(uncached_input=uncached, cache_read=self.cached, audio_input=min(self.audio, uncached))


class _Output(Struct, frozen=True):
    candidates: int = 0
    thoughts: int = 0
    audio: int = 0
    parts: dict[str, int] = {}

    def counts(self, *, thoughts_inside: bool) -> TokenCounts:
        output = self.candidates + (0 if thoughts_inside else self.thoughts)
        audio = min(self.audio, output - self.thoughts)
        return TokenCounts(output=output, reasoning=self.thoughts, audio_output=audio)


def gemini_usage(given: Mapping[str, Any], *, searches: int = 0, finished: bool = True) -> Usage | None:
    """Read a usage block; None where it holds no count at all.

    ``searches`` is how many of the searches that grounded the answer are charged: the block itself does not say.
    Until the answer is ``finished``, output that is not mentioned is not known to be none.
    """
    fields = {_camel(name): value for name, value in given.items()}
    if all(fields.get(name) is None for name in _KNOWN):
        return None
    refused: list[str] = []
    asked: _Input | None = None
    made: _Output | None = None
    try:
        asked = _input(fields)
    except BadCount as error:
        refused.append(str(error))
    try:
        made = _output(fields)
    except BadCount as error:
        refused.append(str(error))
    read, written = asked or _Input(), made or _Output()
    sides = ((read.prompt, read.cached), (written.candidates, written.thoughts))
    cache_outside, thoughts_outside = lying_outside(sides, _USUAL, () if refused else _totals(fields, read.tools))
    if cache_outside is None:
        asked, read = None, _Input()
        refused.append("cachedContentTokenCount")
    if thoughts_outside is None:
        made, written = None, _Output()
        refused.append("thoughtsTokenCount")
    counts = read.counts(cached_inside=not cache_outside).plus(written.counts(thoughts_inside=not thoughts_outside))
    counts = replace(counts, server_tool_calls=searches)
    parts = _present(read.parts | written.parts)
    has_input = asked is not None and fields.get("promptTokenCount") is not None
    has_output = made is not None and (finished or any(fields.get(name) is not None for name in _OUTPUT))
    return Usage(
        counts=counts,
        has_input=has_input,
        has_output=has_output,
        refused=refused[0] if refused else None,
        extras=Extras(parts=parts) if parts else NO_EXTRAS,
    )


def served_tier(given: Mapping[str, Any]) -> str | None:
    """Return the tier that served: Vertex says it as the kind of traffic, the Gemini API by its name."""
    fields = {_camel(name): value for name, value in given.items()}
    tier, traffic = fields.get("serviceTier"), fields.get("trafficType")
    if isinstance(tier, str) and tier:
        return tier.lower().removeprefix("service_tier_")[:32]
    return _TRAFFIC.get(traffic) if isinstance(traffic, str) else None


_SEEN: Final = ("IMAGE", "VIDEO")


def _input(fields: Mapping[str, Any]) -> _Input:
    """Read the input; what tools read for the model comes besides the prompt."""
    cached = first(fields, "cachedContentTokenCount") or 0
    shown, kept = _kinds(fields, "promptTokensDetails"), _kinds(fields, "cacheTokensDetails")
    read = _kinds(fields, "toolUsePromptTokensDetails")
    fresh = {kind: max(0, shown.get(kind, 0) - kept.get(kind, 0)) + read.get(kind, 0) for kind in ("AUDIO", *_SEEN)}
    return _Input(
        prompt=first(fields, "promptTokenCount") or 0,
        cached=cached,
        tools=first(fields, "toolUsePromptTokenCount") or 0,
        audio=fresh["AUDIO"],
        parts={
            "image_input": fresh["IMAGE"],
            "video_input": fresh["VIDEO"],
            "audio_cached": min(kept.get("AUDIO", 0), cached),
            "image_cached": min(kept.get("IMAGE", 0), cached),
        },
    )


def _output(fields: Mapping[str, Any]) -> _Output:
    made = _kinds(fields, "candidatesTokensDetails")
    return _Output(
        candidates=first(fields, "candidatesTokenCount", "responseTokenCount") or 0,
        thoughts=first(fields, "thoughtsTokenCount") or 0,
        audio=made.get("AUDIO", 0),
        parts={"image_output": made.get("IMAGE", 0), "video_output": made.get("VIDEO", 0)},
    )


def _totals(fields: Mapping[str, Any], tools: int) -> tuple[int, ...]:
    """Return what prompt and output may add up to: the total counts what tools read, or leaves it out."""
    stated = total(fields, "totalTokenCount")
    return () if stated is None else (stated, stated - tools)


def _kinds(fields: Mapping[str, Any], name: str) -> dict[str, int]:
    """Return the tokens of each kind of content (``TEXT``, ``IMAGE``, ``AUDIO``, ``VIDEO``)."""
    given = fields.get(name)
    found: dict[str, int] = {}
    for one in given if isinstance(given, list) else []:
        kind = one.get("modality") if isinstance(one, dict) else None
        if isinstance(kind, str):
            found[kind.upper()] = number(one.get("tokenCount", one.get("token_count")), name) or 0
    return found


def _present(parts: Mapping[str, int]) -> dict[str, int]:
    return {name: tokens for name, tokens in parts.items() if tokens}


def _camel(name: str) -> str:
    """Return a field's name as the REST interface spells it; some proxies write it with underscores."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
