"""Reads a request of Google Gemini into a conversation."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.translation import wire
from codevector_daemon.dialects.translation.canonical import (
    Conversation,
    OutputFormat,
    Reasoning,
    Sampling,
    Text,
    Tool,
    ToolChoice,
)
from codevector_daemon.dialects.translation.gemini_contents import Content, Contents
from codevector_daemon.dialects.translation.gemini_schema import camel_keys, json_schema
from codevector_daemon.dialects.translation.unread import unread

_SNAKE: Final = re.compile(rb'"[a-z]+_[a-z_]+"\s*:')
_MODES: Final = {"MODE_UNSPECIFIED": "auto", "AUTO": "auto", "ANY": "required", "NONE": "none", "VALIDATED": "auto"}


class _Declaration(Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parametersJsonSchema: Any = None  # noqa: N815 - Google's name


class _Declared(Struct, rename="camel"):
    function_declarations: list[_Declaration]


class _Calling(Struct, rename="camel"):
    mode: str | None = None
    allowed_function_names: list[str] | None = None


class _ToolConfig(Struct, rename="camel"):
    function_calling_config: _Calling | None = None


class _Thinking(Struct, rename="camel"):
    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class _Config(Struct, rename="camel"):
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    candidate_count: int | None = None
    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_mime_type: str | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: Any = None
    response_modalities: list[str] | None = None
    thinking_config: _Thinking | None = None


class _Request(Struct, rename="camel"):
    contents: Content | list[Content]
    system_instruction: Content | str | None = None
    tools: list[dict[str, Any]] | None = None
    tool_config: _ToolConfig | None = None
    generation_config: dict[str, Any] | None = None
    cached_content: str | None = None
    model: str | None = None
    labels: dict[str, str] | None = None
    service_tier: str | None = None


_request = Decoder(_Request)


def read(body: bytes) -> Conversation:
    """Read a request; raises BadBody naming the field that is wrong or cannot be carried."""
    if _SNAKE.search(body):
        body = camel_keys(body)
    request = wire.decode(_request, body)
    if request.cached_content:
        raise wire.bad("cachedContent", "names a cache kept by Google: send its contents")
    config = _config(request.generation_config)
    dropped = wire.left_out(body, _Request)
    dropped += [f"generationConfig.{name}" for name in unread(request.generation_config, _Config)]
    contents = Contents(dropped)
    given = request.contents
    for index, content in enumerate(given if isinstance(given, list) else [given]):
        contents.add(content, f"contents[{index}]")
    calling = (request.tool_config or _ToolConfig()).function_calling_config
    return Conversation(
        system=_system(request.system_instruction),
        turns=contents.turns,
        tools=tuple(_tools(request.tools or [], dropped)),
        choice=_choice(calling, dropped),
        output=_output(config),
        sampling=Sampling(
            temperature=config.temperature,
            top_p=config.top_p,
            top_k=None if config.top_k is None else int(config.top_k),
            seed=config.seed,
            frequency_penalty=config.frequency_penalty,
            presence_penalty=config.presence_penalty,
        ),
        stop=tuple(config.stop_sequences or ()),
        max_tokens=config.max_output_tokens,
        reasoning=_reasoning(config.thinking_config),
        metadata=request.labels,
        service_tier=request.service_tier,
        dropped=tuple(dropped),
    )


def _config(given: dict[str, Any] | None) -> _Config:
    try:
        config = msgspec.convert(given or {}, _Config)
    except msgspec.ValidationError as error:
        raise BadBody(f"The field 'generationConfig' is wrong: {error}.") from error
    if (config.candidate_count or 1) != 1:
        raise wire.bad("generationConfig.candidateCount", "must be 1: the model behind this name gives one answer")
    if "responseFormat" in (given or {}):
        raise wire.bad(
            "generationConfig.responseFormat", "is not carried: send responseMimeType and responseJsonSchema"
        )
    if set(config.response_modalities or ()) - {"TEXT"}:
        raise wire.bad("generationConfig.responseModalities", "asks for more than the text this model gives")
    return config


def _system(given: Content | str | None) -> tuple[Text, ...]:
    if isinstance(given, str):
        return (Text(given),)
    parts = given.parts or [] if given is not None else []
    if any(part.text is None for part in parts):
        raise wire.bad("systemInstruction.parts", "must be text")
    return tuple(Text(part.text or "") for part in parts)


def _tools(tools: list[dict[str, Any]], dropped: list[str]) -> Iterator[Tool]:
    for index, tool in enumerate(tools):
        for kind, value in tool.items():
            if kind != "functionDeclarations":
                dropped.append(f"tools.{kind}")
                continue
            dropped += [f"tools.{name}" for name in unread({kind: value}, _Declared)]
            for one in _declarations(value, f"tools[{index}].functionDeclarations"):
                schema = one.parametersJsonSchema
                if schema is None and one.parameters is not None:
                    schema = json_schema(one.parameters)
                yield Tool(one.name, one.description, schema)


def _declarations(value: object, place: str) -> list[_Declaration]:
    try:
        return msgspec.convert(value, list[_Declaration])
    except msgspec.ValidationError as error:
        raise BadBody(f"The field '{place}' is wrong: {error}.") from error


def _choice(calling: _Calling | None, dropped: list[str]) -> ToolChoice | None:
    if calling is None:
        return None
    mode = _MODES.get((calling.mode or "MODE_UNSPECIFIED").upper())
    if mode is None:
        raise wire.bad("toolConfig.functionCallingConfig.mode", "must be one of: AUTO, ANY, NONE, VALIDATED")
    if (calling.mode or "").upper() == "VALIDATED":  # no other protocol holds free calls to their schemas
        dropped.append("toolConfig.functionCallingConfig.mode")
    allowed = tuple(calling.allowed_function_names or ())
    if mode == "required" and len(allowed) == 1:
        return ToolChoice("named", allowed[0])
    return ToolChoice(mode, allowed=allowed)  # type: ignore[arg-type]  # one of the modes by the lines above


def _output(config: _Config) -> OutputFormat | None:
    has_schema = config.response_json_schema is not None or config.response_schema is not None
    kind = config.response_mime_type or ("application/json" if has_schema else "text/plain")
    if kind not in {"text/plain", "application/json"} or (has_schema and kind == "text/plain"):
        raise wire.bad("generationConfig.responseMimeType", "must be text/plain, or application/json where a schema is")
    if kind == "text/plain":
        return None
    if config.response_json_schema is not None:
        return OutputFormat(schema=config.response_json_schema)
    return OutputFormat(schema=json_schema(config.response_schema) if config.response_schema is not None else None)


def _reasoning(given: _Thinking | None) -> Reasoning | None:
    if given is None or given == _Thinking():
        return None
    level = (given.thinking_level or "").lower()
    effort = level if level and level != "thinking_level_unspecified" else None
    budget = given.thinking_budget
    if budget == 0:
        effort, budget = "none", None
    if budget is not None and budget < 0:  # -1: the model decides
        budget = None
    display = "" if given.include_thoughts is None else "generationConfig.thinkingConfig.includeThoughts"
    return Reasoning(effort, budget, shown=bool(given.include_thoughts), display=display)
