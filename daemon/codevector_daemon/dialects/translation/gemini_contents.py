"""The contents of a Gemini request, read into turns."""

from collections import deque
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.dialects.translation import media, wire
from codevector_daemon.dialects.translation.canonical import (
    Document,
    Image,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.marks import from_base64

VENDOR: Final = "google"
_KEPT_BY_GOOGLE: Final = ("https://generativelanguage.googleapis.com/", "gs://")
_ONLY_ANSWER: Final = ("output", "result", "content")


class _Blob(Struct, rename="camel"):
    mime_type: str | None = None
    data: str | None = None
    file_uri: str | None = None
    display_name: str | None = None


class _Call(Struct):
    name: str
    id: str | None = None
    args: dict[str, Any] | None = None


class _Answered(Struct, rename="camel"):
    inline_data: _Blob | None = None
    file_data: _Blob | None = None


class _Response(Struct):
    name: str
    id: str | None = None
    response: dict[str, Any] | None = None
    parts: list[_Answered] | None = None


class GeminiPart(Struct, rename="camel"):
    """One part; it is what its one field says."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: _Blob | None = None
    file_data: _Blob | None = None
    function_call: _Call | None = None
    function_response: _Response | None = None
    executable_code: Any = None
    code_execution_result: Any = None


class Content(Struct):
    """What one side said."""

    parts: list[GeminiPart] | None = None
    role: str | None = None


class Contents:
    """Collects contents into turns. Calls get ids, and answers the ids of their calls: by name, in order."""

    def __init__(self, dropped: list[str]) -> None:
        self._dropped = dropped
        self._said: list[_Said] = []
        self._asked: dict[str, deque[_Asked]] = {}
        """Calls by the names and by the ids that an answer may give, in order; see ``_key``."""
        self._calls = 0

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns so far."""
        return tuple(said.turn() for said in self._said)

    def add(self, content: Content, place: str) -> None:
        """Take what one side said; raises BadBody for what cannot be carried."""
        if content.role not in {None, "user", "model", "function"}:
            raise wire.bad(f"{place}.role", "must be one of: user, model")
        role: Role = "assistant" if content.role == "model" else "user"
        if not self._said or self._said[-1].role != role:  # an SDK keeps each piece of a stream as a content of its own
            self._said.append(_Said(role))
        for index, part in enumerate(content.parts or ()):
            self._add_part(self._said[-1], part, f"{place}.parts[{index}]")

    def _add_part(self, said: "_Said", part: GeminiPart, place: str) -> None:
        vendor, signature = from_base64(part.thought_signature or "", VENDOR)
        if part.thought:
            redacted = not part.text and vendor == "anthropic-redacted"
            owner = "anthropic" if redacted else vendor
            said.add(Thinking(part.text or "", signature, owner, redacted))
            return
        if signature:
            said.add(Thinking("", signature, vendor))
        if part.function_call is not None:
            said.add(self._call(part.function_call))
        elif part.function_response is not None:
            said.add(self._result(part.function_response, place))
        elif part.executable_code is not None or part.code_execution_result is not None:
            self._dropped.append("contents.codeExecution")
        elif part.inline_data is not None or part.file_data is not None:
            said.add(_blob(part.inline_data or part.file_data or _Blob(), place))
        elif part.text:
            said.add(Text(part.text))

    def _call(self, given: _Call) -> ToolCall:
        self._calls += 1
        call = ToolCall(given.id or f"call_{self._calls}", given.name, wire.json_text(given.args or {}))
        asked = _Asked(call.id)
        for key in (_key(name=given.name), _key(call_id=call.id)):
            self._asked.setdefault(key, deque()).append(asked)
        return call

    def _result(self, given: _Response, place: str) -> ToolResult:
        key = _key(name=given.name) if given.id is None else _key(call_id=given.id)
        asked = self._asked.get(key, deque())
        while asked and asked[0].answered:
            asked.popleft()
        if asked:
            asked[0].answered = True
        call_id = given.id or (asked[0].call_id if asked else None)
        if call_id is None:
            raise wire.bad(f"{place}.functionResponse.name", "names a function that was not called")
        text, failed = _said(given.response or {})
        shown: list[Text | Image | Document] = [Text(text)] if text else []
        shown += [_blob(part.inline_data or part.file_data or _Blob(), place) for part in given.parts or ()]
        return ToolResult(call_id, tuple(shown), is_error=failed, name=given.name)


class _Asked:
    """A call, and whether its answer came."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.answered = False


class _Said:
    """What one side said. Pieces of one text or of one thought become one, joined once: there may be very many."""

    def __init__(self, role: Role) -> None:
        self.role: Role = role
        self._parts: list[Part] = []
        self._pieces: list[str] = []
        """What the last part's text is made of, where it is a text or a thought."""

    def add(self, part: Part) -> None:
        """Add a part, or a piece of the last one."""
        last = self._parts[-1] if self._parts else None
        if isinstance(part, Thinking) and isinstance(last, Thinking) and not last.signature and not part.redacted:
            self._pieces.append(part.text)
            vendor = part.vendor if part.signature else last.vendor
            self._parts[-1] = Thinking("", part.signature, vendor)
        elif isinstance(part, Text) and isinstance(last, Text):
            self._pieces.append(part.text)
        else:
            self._close()
            self._parts.append(part)
            self._pieces = [part.text] if isinstance(part, Text | Thinking) else []

    def turn(self) -> Turn:
        """Return it as a turn."""
        self._close()
        return Turn(self.role, tuple(self._parts))

    def _close(self) -> None:
        last = self._parts[-1] if self._parts else None
        if isinstance(last, Text | Thinking):
            text = "".join(self._pieces)
            self._parts[-1] = replace(last, text=text)
            self._pieces = [text]


def _key(*, name: str | None = None, call_id: str | None = None) -> str:
    return f"id {call_id}" if name is None else f"name {name}"


def _blob(blob: _Blob, place: str) -> Image | Document:
    kind = blob.mime_type or ""
    if kind.startswith(("audio/", "video/")):
        raise wire.bad(place, f"holds {kind.partition('/')[0]}, which the model behind this name does not read")
    if blob.data is not None:
        data = blob.data.replace("-", "+").replace("_", "/")  # Google accepts base64 for URLs too
        return Image(kind, data=data) if kind.startswith("image/") else media.inline(kind, data, blob.display_name)
    uri = blob.file_uri or ""
    if uri.startswith(_KEPT_BY_GOOGLE) or not uri:
        raise wire.bad(f"{place}.fileData", "names a file kept by Google: send its data as 'inlineData'")
    return Image(kind, url=uri) if kind.startswith("image/") else Document(kind or media.PDF, url=uri)


def _said(response: dict[str, Any]) -> tuple[str, bool]:
    """Return what a function answered as text, and whether it is an error."""
    if set(response) == {"error"}:
        return _text(response["error"]), True
    for name in _ONLY_ANSWER:
        if set(response) == {name}:
            return _text(response[name]), False
    return wire.json_text(response), False


def _text(value: object) -> str:
    return value if isinstance(value, str) else wire.json_text(value)
