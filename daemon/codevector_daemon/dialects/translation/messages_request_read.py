"""Reads a request of Anthropic Messages into a conversation."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.translation import media, wire
from codevector_daemon.dialects.translation.canonical import (
    NOTHING_RAW,
    Conversation,
    Document,
    Image,
    OutputFormat,
    Part,
    Reasoning,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.marks import unmarked

VENDOR: Final = "anthropic"
RUN_BY_VENDOR: Final = ("web_search", "web_fetch", "code_execution", "tool_search", "mcp_toolset", "advisor")
"""Tools that Anthropic runs itself. The model can do without them; it could not without one that the client runs."""

BILLING_NOTE: Final = "x-anthropic-billing-header:"

_TIERS: Final = {"standard_only": "default"}
_DISPLAYS: Final = frozenset({None, "summarized", "omitted"})
_MODES: Final = {"auto": "auto", "any": "required", "none": "none"}


class _Cache(Struct):
    ttl: str | None = None


class _Source(Struct):
    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    content: Any = None


class _Block(Struct):
    type: str
    text: str | None = None
    source: _Source | str | None = None
    title: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Raw = NOTHING_RAW
    tool_use_id: str | None = None
    content: "str | list[_Block] | dict[str, Any] | None" = None
    is_error: bool | None = None
    cache_control: _Cache | None = None


class _Message(Struct):
    role: str
    content: str | list[_Block]


class _Tool(Struct):
    name: str
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None
    cache_control: _Cache | None = None


class _Choice(Struct):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Format(Struct):
    type: str
    schema: dict[str, Any] | None = None


class _Output(Struct):
    effort: str | None = None
    format: _Format | None = None


class _Thinking(Struct):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class _Metadata(Struct):
    user_id: str | None = None


class _Request(Struct):
    messages: list[_Message]
    model: str | None = None
    max_tokens: int | None = None
    stream: bool | None = None
    system: str | list[_Block] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _Choice | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    thinking: _Thinking | None = None
    output_config: _Output | None = None
    output_format: _Format | None = None
    metadata: _Metadata | None = None
    service_tier: str | None = None


_request = Decoder(_Request)


def read(body: bytes) -> Conversation:
    """Read a request; raises BadBody naming the field that is wrong or cannot be carried."""
    request = wire.decode(_request, body)
    dropped = wire.left_out(body, _Request)
    if request.thinking is not None and request.thinking.display not in _DISPLAYS:
        dropped.append("thinking.display")
    choice = request.tool_choice
    output = request.output_config or _Output()
    return Conversation(
        system=tuple(_system(request.system)),
        turns=tuple(_turn(message, f"messages[{at}]", dropped) for at, message in enumerate(request.messages)),
        tools=tuple(_tools(request.tools or [], dropped)),
        choice=_choice(choice),
        parallel=False if choice is not None and choice.disable_parallel_tool_use else None,
        output=_format(output.format, "output_config.format") or _format(request.output_format, "output_format"),
        sampling=Sampling(temperature=request.temperature, top_p=request.top_p, top_k=request.top_k),
        stop=tuple(request.stop_sequences or ()),
        max_tokens=request.max_tokens,
        reasoning=_reasoning(request.thinking, output.effort),
        user=request.metadata.user_id if request.metadata else None,
        service_tier=_TIERS.get(request.service_tier or "", request.service_tier),
        dropped=tuple(dropped),
    )


def _system(given: str | list[_Block] | None) -> Iterator[Text]:
    """Yield the system prompt without Claude Code's note to Anthropic's billing, which changes with every call.

    Anthropic takes it out itself; before any other model it would make the cache of the whole prompt worthless.
    """
    if isinstance(given, str):
        yield Text(given)
    else:
        for at, block in enumerate(given or ()):
            if block.type != "text":
                raise wire.bad(f"system[{at}].type", "must be text")
            if not (block.text or "").startswith(BILLING_NOTE):
                yield Text(block.text or "", _ttl(block.cache_control))


def _turn(message: _Message, place: str, dropped: list[str]) -> Turn:
    match message.role:
        case "user" | "assistant" | "system" as role:
            content = message.content
        case _:
            raise wire.bad(f"{place}.role", "must be one of: user, assistant, system")
    if isinstance(content, str):
        return Turn(role, (Text(content),) if content else ())
    parts: list[Part] = []
    for at, block in enumerate(content):
        parts += _part(block, f"{place}.content[{at}]", dropped)
    return Turn(role, tuple(parts))


def _part(block: _Block, place: str, dropped: list[str]) -> Iterator[Part]:
    cache = _ttl(block.cache_control)
    match block.type:
        case "tool_use":
            yield _call(block, place, cache)
        case "tool_result":
            yield _result(block, place, dropped, cache)
        case "thinking":
            vendor, own = unmarked(block.signature or "", VENDOR)
            yield Thinking(block.thinking or "", own, vendor)
        case "redacted_thinking":
            vendor, own = unmarked(block.data or "", VENDOR)
            yield Thinking("", own, vendor, redacted=True)
        case "server_tool_use" | "fallback" | "tool_reference":
            dropped.append(f"messages.{block.type}")
        case kind if kind.endswith("_tool_result"):
            dropped.append(f"messages.{kind}")
        case _:
            yield _shown(block, place, cache)


def _shown(block: _Block, place: str, cache: str | None) -> Text | Image | Document:
    source = block.source
    match block.type:
        case "text":
            return Text(block.text or "", cache)
        case "compaction" if isinstance(block.content, str):
            return Text(block.content, cache)
        case "search_result" if isinstance(block.content, list):
            found = [source] if isinstance(source, str) else []
            text = "\n".join([*found, *(part.text or "" for part in block.content)])
            cache = cache or next((ttl for part in block.content if (ttl := _ttl(part.cache_control))), None)
            return Document(media_type="text/plain", text=text, name=block.title, cache=cache)
        case "image" if isinstance(source, _Source):
            return _image(source, place, cache)
        case "document" if isinstance(source, _Source):
            return _document(source, block.title, place, cache)
        case _:
            raise wire.bad(f"{place}.type", f"is '{block.type}', which cannot be carried to this model's protocol")


def _image(source: _Source, place: str, cache: str | None) -> Image:
    if source.type == "base64" and source.data is not None:
        return Image(media_type=source.media_type, data=source.data, cache=cache)
    if source.type == "url" and source.url is not None:
        return media.image(source.url, cache=cache)
    raise wire.bad(f"{place}.source", "must hold base64 data or a URL: only its own vendor has an uploaded file")


def _document(source: _Source, title: str | None, place: str, cache: str | None) -> Document:
    match source.type:
        case "base64" if source.data is not None:
            return media.inline(source.media_type or media.PDF, source.data, title, cache)
        case "text" if source.data is not None:
            return Document(media_type="text/plain", text=source.data, name=title, cache=cache)
        case "url" if source.url is not None:
            return Document(url=source.url, name=title, cache=cache)
        case "content" if isinstance(source.content, str):
            return Document(media_type="text/plain", text=source.content, name=title, cache=cache)
        case _:
            raise wire.bad(f"{place}.source", "must hold base64 data, text or a URL")


def _call(block: _Block, place: str, cache: str | None) -> ToolCall:
    if block.id is None or block.name is None:
        raise wire.bad(f"{place}.{'id' if block.id is None else 'name'}", "is missing")
    return ToolCall(block.id, block.name, bytes(block.input).decode() or "{}", cache)


def _result(block: _Block, place: str, dropped: list[str], cache: str | None) -> ToolResult:
    if block.tool_use_id is None:
        raise wire.bad(f"{place}.tool_use_id", "is missing")
    parts: list[Text | Image | Document] = []
    if isinstance(block.content, str):
        parts += [Text(block.content)] if block.content else []
    elif isinstance(block.content, list):
        for at, inner in enumerate(block.content):
            if inner.type == "tool_reference":
                dropped.append("messages.tool_reference")
            else:
                parts.append(_shown(inner, f"{place}.content[{at}]", _ttl(inner.cache_control)))
    return ToolResult(block.tool_use_id, tuple(parts), is_error=bool(block.is_error), cache=cache)


def _tools(tools: list[_Tool], dropped: list[str]) -> Iterator[Tool]:
    for at, tool in enumerate(tools):
        if tool.type in {None, "custom"}:
            yield Tool(tool.name, tool.description, tool.input_schema, tool.strict, _ttl(tool.cache_control))
        elif str(tool.type).startswith(RUN_BY_VENDOR):
            dropped.append(f"tools.{tool.type}")
        else:
            raise wire.bad(f"tools[{at}].type", f"is '{tool.type}', a tool that only Anthropic's models know")


def _choice(given: _Choice | None) -> ToolChoice | None:
    if given is None:
        return None
    if given.type == "tool" and given.name is not None:
        return ToolChoice("named", given.name)
    if given.type not in _MODES:
        raise wire.bad("tool_choice.type", "must be one of: auto, any, tool (with a name), none")
    return ToolChoice(_MODES[given.type])  # type: ignore[arg-type]  # one of the modes by the line above


def _format(given: _Format | None, place: str) -> OutputFormat | None:
    if given is None:
        return None
    if given.type != "json_schema":
        raise wire.bad(f"{place}.type", "must be json_schema")
    return OutputFormat(schema=given.schema)


def _reasoning(thinking: _Thinking | None, effort: str | None) -> Reasoning | None:
    if thinking is None:
        return Reasoning(effort=effort) if effort is not None else None
    if thinking.type == "disabled":
        return Reasoning(effort="none")
    display = "thinking.display" if thinking.display is not None else ""
    return Reasoning(effort, thinking.budget_tokens, shown=thinking.display != "omitted", display=display)


def _ttl(cache: _Cache | None) -> str | None:
    return None if cache is None else cache.ttl or "5m"
