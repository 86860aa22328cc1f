"""The usage of the Responses protocol as disjoint counts, with what its hosted tools used."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.structs import replace

from codevector_daemon.dialects.answer import UNREADABLE, json_value
from codevector_daemon.dialects.chat_usage import chat_usage
from codevector_daemon.dialects.counting import NO_FIELDS, BadCount, Usage, first, inside
from codevector_daemon.metering.counts import Round, TokenCounts

IMAGE_MODEL: Final = "gpt-image-1"
"""What draws where the tool names no model (platform.openai.com/docs/guides/tools-image-generation)."""

_CHAT_NAMES: Final = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "input_tokens_details": "prompt_tokens_details",
    "output_tokens_details": "completion_tokens_details",
}


class Item(Struct):
    """What is read of an item of a response's output."""

    type: Any = None
    status: Any = None
    action: Any = None


class Ran(Struct, frozen=True):
    """What the provider's own tools did. Declared tools say nothing: only what ran is charged."""

    reported: Mapping[str, Any]
    """The ``tool_usage`` of the response; it wins over the calls in the output."""
    has_report: bool = False
    web_searches: int = 0
    file_searches: int = 0
    image_model: str = IMAGE_MODEL

    @classmethod
    def of(cls, tool_usage: object, tools: Raw, output: Sequence[Item] | None) -> "Ran":
        """Read what ran out of a response."""
        reported = tool_usage if isinstance(tool_usage, dict) else NO_FIELDS
        items = output or ()
        return cls(
            reported=reported,
            has_report=bool(reported),
            web_searches=sum(item.type == "web_search_call" and _searched(item) for item in items),
            file_searches=sum(item.type == "file_search_call" for item in items),
            image_model=_image_model(tools) if reported.get("image_gen") else IMAGE_MODEL,
        )


def responses_usage(fields: Mapping[str, Any], ran: Ran) -> Usage | None:
    """Read a usage block; None where it holds no count at all."""
    named = {_CHAT_NAMES.get(name, name): value for name, value in fields.items()}
    usage = chat_usage({**named, "tool_usage": ran.reported} if ran.has_report else named)
    if usage is None:
        return None
    counts, extras, refused = usage.counts, usage.extras, usage.refused
    if not ran.has_report and counts.server_tool_calls == 0:
        counts = replace(counts, server_tool_calls=ran.web_searches)
    if ran.file_searches:
        extras = replace(extras, file_searches=ran.file_searches)
    try:
        drawn = _drawn(inside(ran.reported, "image_gen"), ran.image_model)
    except BadCount as error:
        drawn, refused = None, refused or str(error)
    if drawn is not None:
        counts = counts.plus(drawn.counts)
        extras = replace(extras, rounds=(*extras.rounds, drawn))
    return replace(usage, counts=counts, extras=extras, refused=refused)


def _drawn(fields: Mapping[str, Any], model: str) -> Round | None:
    """Return the tokens of generated pictures, which are charged at another model's rates; None without any."""
    read, written = first(fields, "input_tokens") or 0, first(fields, "output_tokens") or 0
    if read + written == 0:
        return None
    cached = first(fields, "cached_tokens") or 0
    if cached > read:
        raise BadCount("image_gen.cached_tokens")
    seen = first(inside(fields, "input_tokens_details"), "image_tokens") or 0
    seen_cached = first(inside(fields, "cached_tokens_details"), "cached_image_tokens") or 0
    drawn = first(inside(fields, "output_tokens_details"), "image_tokens") or 0
    parts = {"image_input": max(0, seen - seen_cached), "image_cached": seen_cached, "image_output": drawn}
    return Round(
        model=model,
        counts=TokenCounts(uncached_input=read - cached, cache_read=cached, output=written),
        parts={name: tokens for name, tokens in parts.items() if tokens},
    )


def _searched(item: Item) -> bool:
    """Tell whether a web search call searched; opening a page or looking within it is not charged."""
    kind = item.action.get("type", "search") if isinstance(item.action, dict) else "search"
    return kind == "search" and item.status != "failed"


def _image_model(tools: Raw) -> str:
    try:
        declared = json_value(tools)
    except UNREADABLE:
        return IMAGE_MODEL
    found = [tool for tool in declared if isinstance(tool, dict)] if isinstance(declared, list) else []
    named = (tool.get("model") for tool in found if tool.get("type") == "image_generation")
    return next((model[:256] for model in named if isinstance(model, str) and model), IMAGE_MODEL)
