"""What the sandbox reads of a request: little enough that both vendors' shapes become one."""

import re
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

_ROOM = 1 << 24
_BYTES_PER_TOKEN = 4
_ASKS_FOR_TOOL = re.compile(r"\b(?:use|call)\s+(?:(?:a|any|the|your)\s+)?(?:[\w.-]+\s+)?tools?\b", re.IGNORECASE)
_TOOL_ROLES = frozenset(("tool", "function"))


class BadPrompt(ValueError):
    """A request that a provider would refuse with a 400."""


class Tool(Struct, frozen=True):
    """A tool that the caller offers, with the JSON Schema of its input."""

    name: str
    schema: dict[str, Any]


class Prompt(Struct, frozen=True):
    """A request, whichever vendor's. ``seed`` is everything the answer may depend on."""

    model: str
    seed: bytes
    input_tokens: int
    limit: int
    stream: bool
    include_usage: bool
    tool: Tool | None
    """The tool to call: only where one is offered and the last words of the user ask for it."""


class _Function(Struct):
    name: str = ""
    parameters: dict[str, Any] | None = None


class _Offer(Struct):
    """A tool in either vendor's shape."""

    name: str = ""
    input_schema: dict[str, Any] | None = None
    function: _Function | None = None


class _StreamOptions(Struct):
    include_usage: bool = False


class _Body(Struct):
    model: str
    messages: list[Raw] = []
    system: Raw = Raw(b"")
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    tools: list[_Offer] | None = None
    tool_choice: Any = None
    stream_options: _StreamOptions | None = None


class _Part(Struct):
    type: str = ""
    text: str = ""


class _Message(Struct):
    role: str = ""
    content: str | list[_Part | str] | None = None


def read_prompt(body: bytes, *, needs_limit: bool) -> Prompt:
    """Read a Chat Completions or Messages body; ``needs_limit``: Messages demands ``max_tokens``. Raises BadPrompt."""
    try:
        read = msgspec.json.decode(body, type=_Body)
        last = msgspec.json.decode(read.messages[-1], type=_Message) if read.messages else _Message()
    except msgspec.MsgspecError as error:
        raise BadPrompt(str(error)) from error
    limit = read.max_completion_tokens or read.max_tokens
    if not read.messages:
        raise BadPrompt("messages: at least one message is required")
    if (limit is None and needs_limit) or (limit is not None and limit < 1):
        raise BadPrompt("max_tokens: must be 1 or more")
    seed = b"\n".join((read.model.encode(), bytes(read.system), *map(bytes, read.messages)))
    return Prompt(
        model=read.model,
        seed=seed,
        input_tokens=-(-len(seed) // _BYTES_PER_TOKEN) + sum(_size(offer) for offer in read.tools or ()),
        limit=_ROOM if limit is None else limit,
        stream=bool(read.stream),
        include_usage=read.stream_options is not None and read.stream_options.include_usage,
        tool=_tool_wanted(read, last),
    )


def _size(offer: _Offer) -> int:
    return -(-len(msgspec.json.encode(offer)) // _BYTES_PER_TOKEN)


def _tool_wanted(read: _Body, last: _Message) -> Tool | None:
    words = _words(last)
    offers = [_tool(offer) for offer in read.tools or ()]
    named = [tool for tool in offers if tool.name and re.search(rf"\b{re.escape(tool.name)}\b", words)]
    if not offers or words == "" or read.tool_choice in ("none", {"type": "none"}):
        return None
    return (named or offers)[0] if _ASKS_FOR_TOOL.search(words) else None


def _words(last: _Message) -> str:
    """Return the text of the last message where a person wrote it: the result of a tool asks for nothing."""
    if last.role in _TOOL_ROLES or last.content is None:
        return ""
    if isinstance(last.content, str):
        return last.content
    parts = [part for part in last.content if isinstance(part, _Part)]
    if any(part.type == "tool_result" for part in parts):
        return ""
    return " ".join(part.text for part in parts)


def _tool(offer: _Offer) -> Tool:
    if offer.function is not None:
        return Tool(offer.function.name, offer.function.parameters or {})
    return Tool(offer.name, offer.input_schema or {})


StopReason = Literal["end", "length", "tool"]
