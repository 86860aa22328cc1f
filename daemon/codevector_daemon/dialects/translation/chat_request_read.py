"""Reads a request of Chat Completions into a conversation."""

from collections.abc import Iterator
from typing import Any

from msgspec import Raw, Struct
from msgspec.json import Decoder
from msgspec.structs import replace

from codevector_daemon.dialects.translation import media, openai_common, wire
from codevector_daemon.dialects.translation.canonical import (
    NOTHING_RAW,
    Conversation,
    Document,
    Image,
    OutputFormat,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.details import read_details


class _Url(Struct):
    url: str
    detail: str | None = None


class _File(Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _Cache(Struct):
    """A hint that the prompt up to here should be cached; OpenAI's says so a second time in its ``mode``."""

    ttl: str | None = None
    mode: str | None = None


class _ChatPart(Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: _Url | str | None = None
    file: _File | None = None
    cache_control: _Cache | None = None
    prompt_cache_breakpoint: _Cache | None = None


class _Function(Struct):
    name: str
    arguments: str = ""


class _Custom(Struct):
    name: str
    input: str = ""


class _Call(Struct):
    id: str
    function: _Function | None = None
    custom: _Custom | None = None


class _Message(Struct):
    role: str
    content: str | list[_ChatPart] | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    cache_control: _Cache | None = None


class _Declared(Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    format: Any = None


class _Tool(Struct):
    type: str = "function"
    function: _Declared | None = None
    custom: _Declared | None = None
    cache_control: _Cache | None = None


class _Format(Struct):
    type: str
    json_schema: openai_common.Schema | None = None


class _Reasoning(Struct):
    effort: str | None = None
    max_tokens: int | None = None
    enabled: bool | None = None


class _Thinking(Struct):
    type: str = "enabled"
    budget_tokens: int | None = None


class _Options(Struct):
    include_usage: bool | None = None


class _Request(Struct):
    messages: list[_Message]
    model: str | None = None
    stream: bool | None = None
    stream_options: _Options | None = None
    tools: list[_Tool] | None = None
    tool_choice: Raw = NOTHING_RAW
    parallel_tool_calls: bool | None = None
    response_format: _Format | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: str | list[str] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    reasoning_effort: str | None = None
    reasoning: _Reasoning | None = None
    thinking: _Thinking | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    verbosity: str | None = None
    prompt_cache_key: str | None = None
    n: int | None = None
    modalities: list[str] | None = None
    functions: Any = None
    function_call: Any = None
    audio: Any = None


_request = Decoder(_Request)


def read(body: bytes) -> Conversation:
    """Read a request; raises BadBody naming the field that is wrong or cannot be carried."""
    request = wire.decode(_request, body)
    _refuse(request)
    dropped = wire.left_out(body, _Request)
    system, turns = _turns(request.messages)
    declared = openai_common.Declared()
    for index, tool in enumerate(request.tools or ()):
        _declare(declared, tool, index)
    return Conversation(
        system=system,
        turns=turns,
        tools=tuple(declared.tools),
        choice=openai_common.choice(request.tool_choice),
        parallel=request.parallel_tool_calls,
        output=_output(request.response_format),
        sampling=Sampling(
            temperature=request.temperature,
            top_p=request.top_p,
            top_k=request.top_k,
            seed=request.seed,
            frequency_penalty=request.frequency_penalty,
            presence_penalty=request.presence_penalty,
        ),
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        reasoning=_reasoning(request),
        user=request.safety_identifier or request.user,
        metadata=request.metadata,
        service_tier=request.service_tier,
        verbosity=request.verbosity,
        cache_key=request.prompt_cache_key,
        wants_usage=bool(request.stream_options and request.stream_options.include_usage),
        origins=declared.origins,
        dropped=(*dropped, *_other_words(request), *declared.dropped),
    )


def _other_words(request: _Request) -> Iterator[str]:
    """Yield what was said a second time in other words, and differently: one of them holds."""
    if request.user and request.safety_identifier not in {None, request.user}:
        yield "user"
    if request.max_completion_tokens and request.max_tokens not in {None, request.max_completion_tokens}:
        yield "max_tokens"
    wishes = [name for name in ("reasoning_effort", "reasoning", "thinking") if getattr(request, name) is not None]
    yield from wishes[1:]


def _refuse(request: _Request) -> None:
    """Refuse what changes the answer's very form."""
    if request.n not in {None, 1}:
        raise wire.bad("n", "must be 1: the model behind this name gives one choice")
    if "audio" in (request.modalities or ()) or request.audio:
        raise wire.bad("modalities", "asks for audio, which the model behind this name does not give")
    if request.functions or request.function_call:
        raise wire.bad("functions", "is not carried to this model's protocol: send 'tools'")


def _turns(messages: list[_Message]) -> tuple[tuple[Text, ...], tuple[Turn, ...]]:
    """Return the system prompt that stands before all, and the turns."""
    system: list[Text] = []
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        turn = _turn(message, f"messages[{index}]")
        if turn.role == "system" and not turns:
            system += turn.parts
        else:
            turns.append(turn)
    return tuple(system), tuple(turns)


def _turn(message: _Message, place: str) -> Turn:
    match message.role:
        case "system" | "developer":
            return Turn("system", openai_common.only_text(_parts(message, place), place))
        case "user":
            return Turn("user", _parts(message, place))
        case "assistant":
            return Turn("assistant", _assistant(message, place))
        case "tool":
            if message.tool_call_id is None:
                raise wire.bad(f"{place}.tool_call_id", "is missing")
            return Turn("user", (ToolResult(call_id=message.tool_call_id, parts=_parts(message, place)),))
        case _:
            raise wire.bad(f"{place}.role", "must be one of: system, developer, user, assistant, tool")


def _assistant(message: _Message, place: str) -> tuple[Part, ...]:
    parts: list[Part] = [*read_details(message.reasoning_details or ())]
    thought = message.reasoning_content or message.reasoning
    if thought and not parts:
        parts.append(Thinking(text=thought, vendor="chat"))
    parts += _parts(message, place)
    if message.refusal:
        parts.append(Refusal(message.refusal))
    parts += [_call(call, f"{place}.tool_calls[{index}]") for index, call in enumerate(message.tool_calls or ())]
    return tuple(parts)


def _call(call: _Call, place: str) -> ToolCall:
    if call.custom is not None:
        return ToolCall(call.id, call.custom.name, wire.json_text({"input": call.custom.input}))
    if call.function is None:
        raise wire.bad(f"{place}.function", "is missing")
    return ToolCall(call.id, call.function.name, call.function.arguments)


def _parts(message: _Message, place: str) -> tuple[Part, ...]:
    content = message.content
    cache = _ttl(message.cache_control)
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content, cache),) if content else ()
    parts = tuple(_part(part, f"{place}.content[{index}]") for index, part in enumerate(content))
    if cache is None or not parts or isinstance(parts[-1], Refusal) or parts[-1].cache is not None:
        return parts
    return (*parts[:-1], replace(parts[-1], cache=cache))


def _part(part: _ChatPart, place: str) -> Text | Refusal | Image | Document:
    cache = _ttl(part.cache_control) or _ttl(part.prompt_cache_breakpoint)
    match part.type:
        case "text" | "input_text" | "output_text":
            return Text(part.text or "", cache)
        case "refusal":
            return Refusal(part.refusal or "")
        case "image_url" if part.image_url is not None:
            return _image(part.image_url, cache)
        case "file" if part.file is not None:
            return _document(part.file, cache, place)
        case _:
            raise wire.bad(f"{place}.type", f"is '{part.type}', which cannot be carried to this model's protocol")


def _image(given: _Url | str, cache: str | None) -> Image:
    url, detail = (given, None) if isinstance(given, str) else (given.url, given.detail)
    return media.image(url, detail, cache)


def _document(file: _File, cache: str | None, place: str) -> Document:
    if file.file_data is None:
        raise wire.bad(f"{place}.file", "names an uploaded file, which only its own vendor has: send 'file_data'")
    return media.document(file.file_data, file.filename, cache)


def _ttl(cache: _Cache | None) -> str | None:
    return None if cache is None else cache.ttl or "5m"


def _declare(declared: openai_common.Declared, tool: _Tool, index: int) -> None:
    one = tool.custom or tool.function
    if one is None and tool.type in {"function", "custom"}:
        raise wire.bad(f"tools[{index}].{tool.type}", "is missing")
    if one is None:
        declared.leave_out(tool.type)
    elif tool.custom is not None:
        declared.custom(one.name, one.description, one.format)
    else:
        declared.tools.append(Tool(one.name, one.description, one.parameters, one.strict, _ttl(tool.cache_control)))


def _output(given: _Format | None) -> OutputFormat | None:
    if given is None:
        return None
    return openai_common.output(replace(given.json_schema or openai_common.Schema(), type=given.type))


def _reasoning(request: _Request) -> Reasoning | None:
    """Read the effort as OpenAI asks for it, as OpenRouter does (``reasoning``), or as DeepSeek does (``thinking``)."""
    if request.reasoning_effort is not None:
        return Reasoning(effort=request.reasoning_effort, shown=True)
    if request.reasoning is not None:
        effort = "none" if request.reasoning.enabled is False else request.reasoning.effort
        return Reasoning(effort=effort, budget=request.reasoning.max_tokens, shown=True)
    if request.thinking is not None:
        effort = "none" if request.thinking.type == "disabled" else None
        return Reasoning(effort=effort, budget=request.thinking.budget_tokens, shown=True)
    return None
