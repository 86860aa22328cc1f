"""What a request body holds that an estimate of its input counts: texts, messages, tools and pictures."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from codevector_daemon.dialects.answer import UNREADABLE, json_value
from codevector_daemon.dialects.base import Image, Prompt
from codevector_daemon.dialects.images import image_in_base64, image_in_data_url

_SHORTEST_FILE = 1024
_BASE64 = re.compile(r"(?:data:[\w.+-]+/[\w.+-]+;base64,)?[A-Za-z0-9+/]{800}")
"""So long a run of these without a space or line break is no text that a person or a model wrote."""
_KINDS = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))

_PICTURES = {"image_url", "input_image", "image"}
_SKIPPED = {"type", "role", "id", "tool_use_id", "tool_call_id", "cache_control", "signature", "encrypted_content"}
"""Fields whose strings are no prompt text, or whose size says nothing about tokens."""


def chat_prompt(body: bytes) -> Prompt:
    """Read a body of Chat Completions; what cannot be read counts as nothing."""
    request = _request(body)
    if "messages" not in request and "input" in request:  # Cursor's, on this route
        return responses_prompt(body)
    return _prompt(
        messages=_list(request.get("messages")),
        tools=_list(request.get("tools")) + _list(request.get("functions")),
        others=[request.get("response_format"), request.get("prompt"), request.get("prediction")],
    )


def messages_prompt(body: bytes) -> Prompt:
    """Read a body of the Messages protocol; what cannot be read counts as nothing."""
    request = _request(body)
    return _prompt(
        messages=_list(request.get("messages")),
        tools=_list(request.get("tools")),
        others=[request.get("system"), request.get("output_config")],
    )


def responses_prompt(body: bytes) -> Prompt:
    """Read a body of the Responses protocol; what cannot be read counts as nothing."""
    request = _request(body)
    given = request.get("input")
    return _prompt(
        messages=given if isinstance(given, list) else [given] if isinstance(given, str) else [],
        tools=_list(request.get("tools")),
        others=[request.get("instructions"), request.get("text")],
    )


def completions_prompt(body: bytes) -> Prompt:
    """Read a body of legacy completions; what cannot be read counts as nothing."""
    request = _request(body)
    found = _prompt(messages=[], tools=[], others=[request.get("prompt"), request.get("suffix")])
    return replace(found, tokens=_numbers(request.get("prompt")))


def embeddings_prompt(body: bytes) -> Prompt:
    """Read a body of embeddings; what cannot be read counts as nothing."""
    given = _request(body).get("input")
    return replace(_prompt(messages=[], tools=[], others=[given]), tokens=_numbers(given))


def _numbers(value: object) -> int:
    """Count the tokens that a client sends as numbers: a list of them, or a list of such lists."""
    if not isinstance(value, list):
        return 0
    return sum(_numbers(item) if isinstance(item, list) else isinstance(item, int) for item in value)


def _prompt(messages: list[Any], tools: list[Any], others: list[Any]) -> Prompt:
    texts: list[str] = []
    images: list[Image] = []
    for part in (*_parts(others), *_parts(messages)):
        if isinstance(part, Image):
            images.append(part)
        else:
            texts.append(part)
    texts += [msgspec.json.encode(tool).decode() for tool in tools]
    return Prompt(texts=tuple(texts), messages=len(messages), tools=len(tools), images=tuple(images))


def _request(body: bytes) -> dict[str, Any]:
    try:
        request = json_value(body)
    except UNREADABLE:
        return {}
    return request if isinstance(request, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _parts(value: object) -> Iterator[str | Image]:
    """Yield every text and picture inside a value; the nesting was limited when it was decoded."""
    if isinstance(value, str):
        if not _is_file(value):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        kind = value.get("type")
        if isinstance(kind, str) and kind in _PICTURES:
            yield _picture(value)
            return
        for name, item in value.items():
            if name not in _SKIPPED:
                yield from _parts(item)


def _is_file(text: str) -> bool:
    """Tell whether a string is a file in base64 (a document, a sound): its length says nothing about tokens."""
    found = _BASE64.match(text) if len(text) > _SHORTEST_FILE else None
    return found is not None and all(kind.search(found[0]) for kind in _KINDS)


def _picture(part: dict[str, Any]) -> Image:
    """Read a picture's size from its inline data; one that is only linked has no known size."""
    given = part.get("image_url")
    link = given.get("url") if isinstance(given, dict) else given
    detail = (given if isinstance(given, dict) else part).get("detail")
    detail = detail if isinstance(detail, str) else "auto"
    if isinstance(link, str):
        return image_in_data_url(link, detail)
    source = part.get("source")
    data = source.get("data") if isinstance(source, dict) else None
    return image_in_base64(data, detail) if isinstance(data, str) else Image(detail=detail)
