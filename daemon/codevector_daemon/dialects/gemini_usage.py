"""Gemini's ``usageMetadata`` as disjoint counts."""

from collections.abc import Mapping
from typing import Any, Final

from codevector_daemon.dialects.counting import BadCount, Usage, first, number
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts

_KNOWN: Final = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount")
_OUTPUT: Final = ("candidatesTokenCount", "responseTokenCount", "thoughtsTokenCount")
_TRAFFIC: Final = {"ON_DEMAND_FLEX": "flex", "ON_DEMAND_PRIORITY": "priority", "ON_DEMAND": "standard"}


def gemini_usage(given: Mapping[str, Any], *, searches: int = 0, finished: bool = True) -> Usage | None:
    """Read a usage block; None where it holds no count at all.

    ``searches`` is how many of the searches that grounded the answer are charged: the block itself does not say.
    Until the answer is ``finished``, output that is not mentioned is not known to be none.
    """
    fields = {_camel(name): value for name, value in given.items()}
    if all(fields.get(name) is None for name in _KNOWN):
        return None
    refused: list[str] = []
    counts, parts = TokenCounts(server_tool_calls=searches), dict[str, int]()
    has_input = has_output = False
    try:
        read, read_parts = _input(fields)
        has_input = fields.get("promptTokenCount") is not None
        counts, parts = counts.plus(read), parts | read_parts
    except BadCount as error:
        refused.append(str(error))
    try:
        written, written_parts = _output(fields)
        has_output = finished or any(fields.get(name) is not None for name in _OUTPUT)
        counts, parts = counts.plus(written), parts | written_parts
    except BadCount as error:
        refused.append(str(error))
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


def _input(fields: Mapping[str, Any]) -> tuple[TokenCounts, dict[str, int]]:
    """Read the input: the prompt contains what the cache gave; what tools read for the model comes besides it."""
    prompt = first(fields, "promptTokenCount") or 0
    cached = min(first(fields, "cachedContentTokenCount") or 0, prompt)
    tools = first(fields, "toolUsePromptTokenCount") or 0
    shown, kept = _kinds(fields, "promptTokensDetails"), _kinds(fields, "cacheTokensDetails")
    read = _kinds(fields, "toolUsePromptTokensDetails")
    fresh = {kind: max(0, shown.get(kind, 0) - kept.get(kind, 0)) + read.get(kind, 0) for kind in ("AUDIO", *_SEEN)}
    uncached = prompt - cached + tools
    parts = {
        "image_input": fresh["IMAGE"],
        "video_input": fresh["VIDEO"],
        "audio_cached": min(kept.get("AUDIO", 0), cached),
        "image_cached": min(kept.get("IMAGE", 0), cached),
    }
    counts = TokenCounts(uncached_input=uncached, cache_read=cached, audio_input=min(fresh["AUDIO"], uncached))
    return counts, _present(parts)


_SEEN: Final = ("IMAGE", "VIDEO")


def _output(fields: Mapping[str, Any]) -> tuple[TokenCounts, dict[str, int]]:
    """Read the output: thoughts lie outside the candidates, unless the total shows that they lie within."""
    candidates = first(fields, "candidatesTokenCount", "responseTokenCount") or 0
    thoughts = first(fields, "thoughtsTokenCount") or 0
    output = candidates if _within(fields, candidates, thoughts) else candidates + thoughts
    made = _kinds(fields, "candidatesTokensDetails")
    parts = {"image_output": made.get("IMAGE", 0), "video_output": made.get("VIDEO", 0)}
    audio = min(made.get("AUDIO", 0), output - thoughts)
    return TokenCounts(output=output, reasoning=thoughts, audio_output=audio), _present(parts)


def _within(fields: Mapping[str, Any], candidates: int, thoughts: int) -> bool:
    """Tell whether the candidates contain the thoughts: only where nothing else adds up to the total."""
    total = number(fields.get("totalTokenCount"), "totalTokenCount")
    if total is None or thoughts == 0 or thoughts > candidates:
        return False
    prompt = first(fields, "promptTokenCount") or 0
    tools = first(fields, "toolUsePromptTokenCount") or 0
    outside = {prompt + candidates + thoughts, prompt + tools + candidates + thoughts}
    return total not in outside and total in {prompt + candidates, prompt + tools + candidates}


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
