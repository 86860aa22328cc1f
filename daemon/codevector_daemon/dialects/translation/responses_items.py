"""The items of a Responses input, read into turns."""

from typing import Any, Final

from msgspec import Struct

from codevector_daemon.dialects.translation import media, wire
from codevector_daemon.dialects.translation.canonical import (
    Document,
    Image,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.free_text import as_arguments, input_in
from codevector_daemon.dialects.translation.marks import unmarked
from codevector_daemon.dialects.translation.openai_common import name_in, only_text

VENDOR: Final = "openai"
_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_LEFT_OUT: Final = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "tool_search_call",
        "tool_search_output",
        "mcp_list_tools",
        "compaction_trigger",
        "configuration_update",
    }
)
"""What the vendor's own tools did: the answer that followed says what came of it."""


class _Cache(Struct):
    """A hint that the prompt up to here should be cached; OpenAI's says so a second time in its ``mode``."""

    ttl: str | None = None
    mode: str | None = None


class _Url(Struct):
    url: str
    detail: str | None = None


class _Content(Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: _Url | str | None = None
    detail: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None
    prompt_cache_breakpoint: _Cache | None = None


class _Summary(Struct):
    text: str = ""


class Item(Struct):
    """One item; one without a type is a message."""

    type: str | None = None
    role: str | None = None
    id: str | None = None
    content: str | list[_Content] | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: str | None = None
    input: str | None = None
    output: str | list[_Content] | dict[str, Any] | None = None
    summary: list[_Summary] | None = None
    encrypted_content: str | None = None


class Items:
    """Collects items into turns: everything the model made until the next input is one turn of it."""

    def __init__(self, free_text: frozenset[str] = frozenset()) -> None:
        self._free_text = free_text
        self.system: list[Text] = []
        self.dropped: list[str] = []
        self._said: list[tuple[Role, list[Part]]] = []

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns so far."""
        return tuple(Turn(role, tuple(parts)) for role, parts in self._said)

    def add(self, item: Item, place: str) -> None:
        """Take one item; raises BadBody for one that cannot be carried."""
        match item.type or "message":
            case "message":
                self._message(item, place)
            case "function_call":
                given = item.arguments or "{}"
                if item.name in self._free_text:  # Cursor gives such a call back in the form of a function's
                    given = as_arguments(input_in(given))
                self._push("assistant", (_call(item, place, given),))
            case "custom_tool_call":
                self._push("assistant", (_call(item, place, as_arguments(item.input or "")),))
            case "function_call_output" | "custom_tool_call_output":
                self._push("user", (_result(item, place),))
            case "reasoning":
                self._push("assistant", (_thought(item),))
            case kind if kind in _LEFT_OUT:
                self.dropped.append(f"input.{kind}")
            case kind:
                raise wire.bad(f"{place}.type", f"is '{kind}', which cannot be carried to this model's protocol")

    def _message(self, item: Item, place: str) -> None:
        role = _ROLES.get(item.role or "")
        if role is None:
            raise wire.bad(f"{place}.role", "must be one of: user, assistant, system, developer")
        parts = _parts(item.content, f"{place}.content")
        if role == "system" and not self._said:
            self.system += only_text(parts, place)
        else:
            self._push(role, only_text(parts, place) if role == "system" else parts)

    def _push(self, role: Role, parts: tuple[Part, ...]) -> None:
        if role == "assistant" and self._said and self._said[-1][0] == role:
            self._said[-1][1].extend(parts)
        else:
            self._said.append((role, list(parts)))


def _parts(content: str | list[_Content] | None, place: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(one, f"{place}[{index}]") for index, one in enumerate(content or ()))


def _part(one: _Content, place: str) -> Part:
    cache = None if one.prompt_cache_breakpoint is None else one.prompt_cache_breakpoint.ttl or "5m"
    match one.type:
        case "input_text" | "output_text" | "text" | "summary_text":
            return Text(one.text or "", cache)
        case "refusal":
            return Refusal(one.refusal or "")
        case "input_image" | "image_url" if one.image_url is not None:
            return _image(one, cache)
        case "input_file" if one.file_data is not None:
            return media.document(one.file_data, one.filename, cache)
        case "input_file" if one.file_url is not None:
            return Document(url=one.file_url, name=one.filename, cache=cache)
        case "input_image" | "input_file":
            raise wire.bad(place, "names an uploaded file, which only its own vendor has: send its data")
        case kind:
            raise wire.bad(f"{place}.type", f"is '{kind}', which cannot be carried to this model's protocol")


def _image(one: _Content, cache: str | None) -> Image:
    if isinstance(one.image_url, _Url):
        return media.image(one.image_url.url, one.image_url.detail or one.detail, cache)
    return media.image(one.image_url or "", one.detail, cache)


def _call(item: Item, place: str, arguments: str) -> ToolCall:
    if item.call_id is None or item.name is None:
        raise wire.bad(f"{place}.{'call_id' if item.call_id is None else 'name'}", "is missing")
    name = item.name if item.namespace is None else name_in(item.namespace, item.name)
    return ToolCall(item.call_id, name, arguments)


def _result(item: Item, place: str) -> ToolResult:
    if item.call_id is None:
        raise wire.bad(f"{place}.call_id", "is missing")
    if isinstance(item.output, dict):
        return ToolResult(item.call_id, (Text(wire.json_text(item.output)),))
    return ToolResult(item.call_id, _parts(item.output, f"{place}.output"))


def _thought(item: Item) -> Thinking:
    """Read a reasoning item. OpenAI's own keeps its id in the signature, because both go back together."""
    text = "\n\n".join(part.text for part in item.summary or () if part.text)
    if not text and isinstance(item.content, list):
        text = "\n\n".join(part.text or "" for part in item.content)
    vendor, own = unmarked(item.encrypted_content or "", VENDOR)
    if vendor == VENDOR and own == (item.encrypted_content or ""):
        own = with_id(item.id or "", own)
    redacted = bool(own) and not text and vendor == "anthropic" and (item.id or "").startswith("rs_redacted")
    return Thinking(text, own, vendor, redacted)


def with_id(item_id: str, encrypted: str) -> str:
    """Return the signature that an OpenAI reasoning item's id and content make; nothing without content."""
    return f"{item_id}|{encrypted}" if encrypted else ""


def split_id(signature: str) -> tuple[str, str]:
    """Return the id and the content of an OpenAI reasoning item."""
    item_id, _, encrypted = signature.rpartition("|")
    return item_id, encrypted
