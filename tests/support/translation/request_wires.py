"""Recorded requests as each protocol's own SDK sends them."""

import json
from collections.abc import Iterator
from typing import Any

from support.translation.asked import PDF, Asked, Done, Part, Pdf, Pic, Spoken, Use

FEW = 1024
"""What a Messages client asks for where nothing else is said: the protocol demands a limit."""


def _with(fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return fields | {name: value for name, value in more.items() if value not in (None, (), [])}


def _url(pic: Pic) -> str:
    return pic.url or f"data:image/png;base64,{pic.data}"


def _failed(done: Done) -> str:
    return f"Error: {done.text}" if done.failed else done.text


# -- Chat Completions -------------------------------------------------------------------------------------------------


def _chat_part(part: Part) -> dict[str, Any]:
    match part:
        case str():
            return {"type": "text", "text": part}
        case Pic():
            return {"type": "image_url", "image_url": {"url": _url(part)}}
        case Pdf():
            data = f"data:application/pdf;base64,{PDF}"
            return {"type": "file", "file": {"filename": part.name, "file_data": data}}
    raise AssertionError(part)


def _chat_turn(turn: Spoken) -> Iterator[dict[str, Any]]:
    calls = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": json.dumps(part.input)}}
        for part in turn.parts
        if isinstance(part, Use)
    ]
    shown: list[Part] = []
    for part in turn.parts:
        if isinstance(part, Done):
            yield {"role": "tool", "tool_call_id": part.id, "content": _failed(part)}
            shown += [f"Shown by the tool call {part.id}:", *part.pics] if part.pics else []
        elif not isinstance(part, Use):
            shown.append(part)
    if not shown and not calls:
        return
    plain = len(shown) == 1 and isinstance(shown[0], str)
    content = shown[0] if plain else [_chat_part(part) for part in shown] or None
    yield _with({"role": turn.role, "content": content}, tool_calls=calls)


def chat(asked: Asked) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": text} for text in asked.system]
    messages += [message for turn in asked.turns for message in _chat_turn(turn)]
    tools = [
        {"type": "function", "function": {"name": one.name, "description": one.description, "parameters": one.schema}}
        for one in asked.tools
    ]
    choice: Any = asked.choice
    if choice not in {None, "auto", "none", "required"}:
        choice = {"type": "function", "function": {"name": asked.choice}}
    schema = {"type": "json_schema", "json_schema": {"name": "person", "schema": asked.schema, "strict": True}}
    return _with(
        {"model": "slug", "messages": messages},
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=asked.parallel,
        response_format=schema if asked.schema else None,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop=list(asked.stop),
        max_completion_tokens=asked.max_tokens,
        user=asked.user,
    )


# -- Anthropic Messages -----------------------------------------------------------------------------------------------


def _messages_part(part: Part) -> dict[str, Any]:
    match part:
        case str():
            return {"type": "text", "text": part}
        case Pic():
            inline = {"type": "base64", "media_type": "image/png", "data": part.data}
            return {"type": "image", "source": {"type": "url", "url": part.url} if part.url else inline}
        case Pdf():
            source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
            return {"type": "document", "source": source, "title": part.name}
        case Use():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.input}
        case Done():
            content = [{"type": "text", "text": part.text}, *(_messages_part(pic) for pic in part.pics)]
            result = {"type": "tool_result", "tool_use_id": part.id, "content": content if part.pics else part.text}
            return result | ({"is_error": True} if part.failed else {})
    raise AssertionError(part)


def messages(asked: Asked) -> dict[str, Any]:
    turns = []
    for turn in asked.turns:
        plain = len(turn.parts) == 1 and isinstance(turn.parts[0], str)
        content: Any = turn.parts[0] if plain else [_messages_part(part) for part in turn.parts]
        turns.append({"role": turn.role, "content": content})
    tools = [{"name": one.name, "description": one.description, "input_schema": one.schema} for one in asked.tools]
    kinds = {"auto": "auto", "none": "none", "required": "any"}
    choice: dict[str, Any] | None = None
    if asked.choice is not None:
        choice = {"type": kinds[asked.choice]} if asked.choice in kinds else {"type": "tool", "name": asked.choice}
    if choice and asked.parallel is False:
        choice["disable_parallel_tool_use"] = True
    system: Any = [{"type": "text", "text": text} for text in asked.system]
    return _with(
        {"model": "slug", "max_tokens": asked.max_tokens or FEW, "messages": turns},
        system=asked.system[0] if len(asked.system) == 1 else system,
        tools=tools,
        tool_choice=choice,
        output_config={"format": {"type": "json_schema", "schema": asked.schema}} if asked.schema else None,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop_sequences=list(asked.stop),
        metadata={"user_id": asked.user} if asked.user else None,
    )


# -- Responses --------------------------------------------------------------------------------------------------------


def _responses_part(part: Part) -> dict[str, Any]:
    match part:
        case str():
            return {"type": "input_text", "text": part}
        case Pic():
            return {"type": "input_image", "image_url": _url(part), "detail": "auto"}
        case Pdf():
            return {
                "type": "input_file",
                "filename": part.name,
                "file_data": f"data:application/pdf;base64,{PDF}",
            }
    raise AssertionError(part)


def _responses_turn(turn: Spoken) -> Iterator[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    for part in turn.parts:
        match part:
            case Use():
                call = {"type": "function_call", "call_id": part.id, "name": part.name}
                yield call | {"arguments": json.dumps(part.input)}
            case Done():
                shown: Any = [_responses_part(one) for one in (part.text, *part.pics)]
                output = shown if part.pics else _failed(part)
                yield {"type": "function_call_output", "call_id": part.id, "output": output}
            case str() if turn.role == "assistant":
                content = [{"type": "output_text", "text": part, "annotations": []}]
                yield {"type": "message", "role": "assistant", "content": content, "id": "m", "status": "completed"}
            case _:
                said.append(_responses_part(part))
    if said:
        yield {"role": "user", "content": said}


def responses(asked: Asked) -> dict[str, Any]:
    tools = [
        {
            "type": "function",
            "name": one.name,
            "description": one.description,
            "parameters": one.schema,
            "strict": False,
        }
        for one in asked.tools
    ]
    choice: Any = asked.choice
    if choice not in {None, "auto", "none", "required"}:
        choice = {"type": "function", "name": asked.choice}
    items = [{"role": "developer", "content": text} for text in asked.system[1:]]
    items += [item for turn in asked.turns for item in _responses_turn(turn)]
    form = {"format": {"type": "json_schema", "name": "person", "schema": asked.schema, "strict": True}}
    return _with(
        {"model": "slug", "input": items},
        instructions=asked.system[0] if asked.system else None,
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=asked.parallel,
        text=form if asked.schema else None,
        temperature=asked.temperature,
        top_p=asked.top_p,
        max_output_tokens=asked.max_tokens,
        safety_identifier=asked.user,
    )


# -- Gemini -----------------------------------------------------------------------------------------------------------


def _gemini_part(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case str():
            yield {"text": part}
        case Pic() if part.url:
            yield {"fileData": {"mimeType": "image/png", "fileUri": part.url}}
        case Pic():
            yield {"inlineData": {"mimeType": "image/png", "data": part.data}}
        case Pdf():
            yield {"inlineData": {"mimeType": "application/pdf", "data": PDF, "displayName": part.name}}
        case Use():
            yield {"functionCall": {"name": part.name, "args": part.input}}
        case Done():
            response = {"error" if part.failed else "output": part.text}
            yield {"functionResponse": {"name": part.name, "response": response}}
            for pic in part.pics:
                yield from _gemini_part(pic)


def gemini(asked: Asked) -> dict[str, Any]:
    roles = {"user": "user", "assistant": "model"}
    contents = [
        {"role": roles[turn.role], "parts": [one for part in turn.parts for one in _gemini_part(part)]}
        for turn in asked.turns
    ]
    functions = [
        {"name": one.name, "description": one.description, "parametersJsonSchema": one.schema} for one in asked.tools
    ]
    modes = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
    calling: dict[str, Any] | None = None
    if asked.choice is not None:
        named = {"mode": "ANY", "allowedFunctionNames": [asked.choice]}
        calling = {"mode": modes[asked.choice]} if asked.choice in modes else named
    config = _with(
        {},
        temperature=asked.temperature,
        topP=asked.top_p,
        stopSequences=list(asked.stop),
        maxOutputTokens=asked.max_tokens,
        responseMimeType="application/json" if asked.schema else None,
        responseJsonSchema=asked.schema,
    )
    return _with(
        {"contents": contents},
        systemInstruction={"parts": [{"text": text} for text in asked.system]} if asked.system else None,
        tools=[{"functionDeclarations": functions}] if functions else None,
        toolConfig={"functionCallingConfig": calling} if calling else None,
        generationConfig=config or None,
    )


WIRE = {"chat": chat, "messages": messages, "responses": responses, "gemini": gemini}
