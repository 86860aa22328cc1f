"""Reads a request of Responses into a conversation."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder
from msgspec.structs import replace

from codevector_daemon.dialects.translation import openai_common, wire
from codevector_daemon.dialects.translation.canonical import (
    NOTHING_RAW,
    Conversation,
    OutputFormat,
    Reasoning,
    Sampling,
    Text,
    Tool,
)
from codevector_daemon.dialects.translation.responses_items import Item, Items

RUN_BY_CLIENT: Final = frozenset({"local_shell", "shell", "apply_patch", "computer", "computer_use_preview"})
"""Tools with a form of their own that the client runs: without them it could not do its work."""


class _Tool(Struct):
    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    format: Any = None
    tools: "list[_Tool] | None" = None
    function: "_Tool | None" = None


class _Text(Struct):
    format: openai_common.Schema | None = None
    verbosity: str | None = None


class _Reasoning(Struct):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None


class _Options(Struct):
    include_usage: bool | None = None


class _Request(Struct):
    input: str | list[Item] | None = None
    model: str | None = None
    stream: bool | None = None
    stream_options: _Options | None = None
    instructions: str | None = None
    tools: list[_Tool] | None = None
    tool_choice: Raw = NOTHING_RAW
    parallel_tool_calls: bool | None = None
    text: _Text | None = None
    response_format: openai_common.Schema | None = None
    reasoning: _Reasoning | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    max_output_tokens: int | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    store: bool | None = None
    include: list[str] | None = None
    truncation: str | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    prompt: Any = None
    background: bool | None = None


_request = Decoder(_Request)
_ELSEWHERE: Final[Mapping[str, str]] = {
    "previous_response_id": "names an answer kept by the vendor that gave it: send the whole conversation as 'input'",
    "conversation": "names a conversation kept by the vendor: send it whole as 'input'",
    "prompt": "names a template kept by the vendor: send its text",
    "background": "cannot be true: the model behind this name answers at once",
}
_INCLUDED_ANYWAY: Final = "reasoning.encrypted_content"


def read(body: bytes) -> Conversation:
    """Read a request; raises BadBody naming the field that is wrong or cannot be carried."""
    request = wire.decode(_request, body)
    for field, why in _ELSEWHERE.items():
        if getattr(request, field):
            raise wire.bad(field, why)
    if request.input is None:
        raise wire.bad("input", "is missing")
    dropped = wire.left_out(body, _Request)
    dropped += [f"include.{name}" for name in request.include or () if name != _INCLUDED_ANYWAY]
    dropped += ["truncation"] if request.truncation == "auto" else []
    dropped += ["store"] if request.store else []
    items = Items(frozenset(tool.name for tool in request.tools or () if tool.type == "custom" and tool.name))
    if isinstance(request.input, str):
        items.add(Item(role="user", content=request.input), "input")
    for index, item in enumerate(request.input if isinstance(request.input, list) else ()):
        items.add(item, f"input[{index}]")
    declared = openai_common.Declared()
    for index, tool in enumerate(request.tools or ()):
        _declare(declared, tool, f"tools[{index}]")
    instructions = (Text(request.instructions),) if request.instructions else ()
    text = request.text or _Text()
    return Conversation(
        system=(*instructions, *items.system),
        turns=items.turns,
        tools=tuple(declared.tools),
        choice=openai_common.choice(request.tool_choice),
        parallel=request.parallel_tool_calls,
        output=_output(text.format or request.response_format),
        sampling=Sampling(temperature=request.temperature, top_p=request.top_p),
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        max_tokens=request.max_output_tokens,
        reasoning=_reasoning(request.reasoning),
        user=request.safety_identifier or request.user,
        metadata=request.metadata,
        service_tier=request.service_tier,
        verbosity=text.verbosity,
        cache_key=request.prompt_cache_key,
        wants_usage=bool(request.stream_options and request.stream_options.include_usage),
        origins=declared.origins,
        dropped=(*dropped, *items.dropped, *declared.dropped),
    )


def _declare(declared: openai_common.Declared, tool: _Tool, place: str, namespace: str | None = None) -> None:
    inner = tool.function or tool  # Cursor nests functions as Chat does in some of its modes
    match tool.type:
        case "function":
            if inner.name is None:
                raise wire.bad(f"{place}.name", "is missing")
            name = declared.known_as(inner.name, namespace)
            declared.tools.append(Tool(name, inner.description, inner.parameters, inner.strict))
        case "custom":
            if tool.name is None:
                raise wire.bad(f"{place}.name", "is missing")
            declared.custom(tool.name, tool.description, tool.format, namespace)
        case "namespace":
            for index, one in enumerate(tool.tools or ()):
                _declare(declared, one, f"{place}.tools[{index}]", tool.name)
        case kind if kind in RUN_BY_CLIENT:
            raise wire.bad(f"{place}.type", f"is '{kind}', a tool that only OpenAI's models know")
        case kind:
            declared.leave_out(kind)


def _output(given: openai_common.Schema | None) -> OutputFormat | None:
    return None if given is None else openai_common.output(replace(given))


def _reasoning(given: _Reasoning | None) -> Reasoning | None:
    shown = given is not None and bool(given.summary or given.generate_summary)
    if given is None or (given.effort is None and not shown):
        return None
    return Reasoning(effort=given.effort, shown=shown, display="reasoning.summary" if shown else "")
