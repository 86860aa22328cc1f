"""What a Gemini request holds that an estimate of its input counts. Google takes camelCase and snake_case alike."""

from collections.abc import Mapping
from typing import Any

import msgspec

from codevector_daemon.dialects.answer import UNREADABLE, json_value
from codevector_daemon.dialects.base import Image, Prompt
from codevector_daemon.dialects.images import image_in_base64


def gemini_prompt(body: bytes) -> Prompt:
    """Read a body of generateContent; what cannot be read counts as nothing."""
    try:
        request = json_value(body)
    except UNREADABLE:
        return Prompt()
    if not isinstance(request, dict):
        return Prompt()
    contents = [one for one in _list(request.get("contents")) if isinstance(one, dict)]
    system = either(request, "systemInstruction", "system_instruction")
    parts = [part for one in (system, *contents) for part in _parts(one)]
    tools = _declared(request)
    texts = [text for part in parts if (text := _text(part))] + tools
    images = [image for part in parts if (image := _picture(part)) is not None]
    return Prompt(texts=tuple(texts), messages=len(contents), tools=len(tools), images=tuple(images))


def either(fields: Mapping[str, Any], camel: str, snake: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a field under either of its spellings."""
    return fields.get(camel) if camel in fields else fields.get(snake)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _parts(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}]
    given = content.get("parts") if isinstance(content, dict) else None
    given = [given] if isinstance(given, dict) else _list(given)
    return [part for part in given if isinstance(part, dict)]


def _text(part: Mapping[str, Any]) -> str:
    """Return a part's text, or what a function was called with or gave back."""
    text = part.get("text")
    if isinstance(text, str):
        return text
    calls = (
        either(part, "functionCall", "function_call"),
        either(part, "functionResponse", "function_response"),
        either(part, "executableCode", "executable_code"),
        either(part, "codeExecutionResult", "code_execution_result"),
    )
    return "".join(msgspec.json.encode(call).decode() for call in calls if isinstance(call, dict))


def _picture(part: Mapping[str, Any]) -> Image | None:
    """Return the picture that a part carries inline or links to; sounds and films are not estimated."""
    for camel, snake in (("inlineData", "inline_data"), ("fileData", "file_data")):
        given = either(part, camel, snake)
        kind = either(given, "mimeType", "mime_type") if isinstance(given, dict) else None
        if isinstance(kind, str) and kind.startswith("image/"):
            data = given.get("data")
            return image_in_base64(data, "auto") if isinstance(data, str) else Image()
    return None


def _declared(request: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for tool in _list(request.get("tools")):
        if isinstance(tool, dict):
            functions = _list(either(tool, "functionDeclarations", "function_declarations"))
            found += [msgspec.json.encode(function).decode() for function in functions]
    return found
