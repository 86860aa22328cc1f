"""What Cursor sends on the route of Chat Completions, in the forms of whichever protocol a mode of it took them from.

Its agent sends a body of Responses; its other modes one of Chat whose tools are partly those of Responses (flat) or,
for models named like Claude's, those of Messages, turns included (as seen in 2026: BerriAI/litellm#34029 and
automazeio/vibeproxy#411).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from codevector_daemon.dialects.fields import Field

CURSOR: Final = "cursor"
"""What the translation calls a client that sends such a body, and is answered as Chat answers."""

Fields = dict[str, Any]

_TOOL: Final = ("name", "description", "parameters", "strict", "format")
_KINDS: Final = ("function", "custom")
_BLOCKS: Final = ("tool_use", "tool_result")
_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}

_ABSENT: Final = Raw(b"null")


class _Form(Struct):
    """What tells the forms of a tool apart; nothing of it is decoded that need not be, for every call of Chat pays."""

    type: Raw = Raw(b'"function"')
    name: Raw = _ABSENT
    function: Raw = _ABSENT
    custom: Raw = _ABSENT

    @property
    def is_flat(self) -> bool:
        """Tell whether its name stands where Chat has none."""
        return (
            bytes(self.name).startswith(b'"')
            and self.function == self.custom == _ABSENT
            and bytes(self.type) in {b'"function"', b'"custom"'}
        )


_forms: Final = msgspec.json.Decoder(list[_Form])


def is_hybrid(fields: Mapping[str, Field]) -> bool:
    """Tell whether a body on the route of Chat is not wholly one of Chat, so that no provider would take it there."""
    if "messages" not in fields:
        return "input" in fields
    if "tools" not in fields:
        return False
    try:
        return any(form.is_flat for form in _forms.decode(fields["tools"].raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False  # the provider's to judge


def in_one_form(body: Fields) -> Fields:
    """Return such a body wholly in the form of Responses where it has an ``input``, else wholly in Chat's.

    What is in no form known here stays as it is.
    """
    nested = "messages" in body
    tools, choice = body.get("tools"), body.get("tool_choice")
    changed = dict(body)
    if isinstance(tools, list):
        changed["tools"] = [_tool(tool, nested=nested) if isinstance(tool, dict) else tool for tool in tools]
    if isinstance(choice, dict):
        changed["tool_choice"] = _choice(choice)
    if nested and isinstance(body["messages"], list):
        changed["messages"] = [turn for message in body["messages"] for turn in _turns(message)]
    return changed


def _tool(tool: Fields, *, nested: bool) -> Fields:
    """Return a function or a tool of free text as the one protocol or the other declares it."""
    kind = tool.get("type", "function")
    inner = next((tool[word] for word in _KINDS if isinstance(tool.get(word), dict)), tool)
    if kind not in _KINDS or not isinstance(inner.get("name"), str):
        return tool
    told = {name: inner[name] for name in _TOOL if name in inner}
    if isinstance(schema := tool.get("input_schema"), dict):  # Messages, where "custom" is the word for a function
        kind, told["parameters"] = "function", schema
    hint = {"cache_control": tool["cache_control"]} if "cache_control" in tool else {}
    return {"type": kind, kind: told, **hint} if nested else {"type": kind, **told}


def _choice(choice: Fields) -> str | Fields:
    """Return a tool choice of Messages as OpenAI's protocols spell it."""
    if choice.get("type") == "tool":
        return {"type": "function", "function": {"name": choice.get("name")}}
    return _CHOICES.get(str(choice.get("type")), choice)


def _turns(message: Any) -> Iterator[Any]:  # noqa: ANN401 - whatever JSON holds
    """Yield a message of Chat for one that may hold blocks of Messages: answers of tools stand alone and come first."""
    blocks = message.get("content") if isinstance(message, dict) else None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        yield message
        return
    rest = [_part(block) for block in blocks if block.get("type") not in _BLOCKS]
    calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
    for block in blocks:
        if block.get("type") == "tool_result":
            yield {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": _said(block.get("content"))}
    if calls:
        told = message.get("tool_calls")
        calls = [*told, *calls] if isinstance(told, list) else calls
        yield {**message, "content": rest or None, "tool_calls": calls}
    elif rest or not blocks:
        yield {**message, "content": rest}


def _call(block: Fields) -> Fields:
    arguments = msgspec.json.encode(block.get("input") or {}).decode()
    return {"id": block.get("id"), "type": "function", "function": {"name": block.get("name"), "arguments": arguments}}


def _said(content: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(content, list):
        return [_part(part) if isinstance(part, dict) else part for part in content]
    return content or ""


def _part(block: Fields) -> Fields:
    """Return a picture of Messages as Chat has it; everything else as it is."""
    source = block.get("source")
    if block.get("type") != "image" or not isinstance(source, dict):
        return block
    url = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
    return {"type": "image_url", "image_url": {"url": url}}
