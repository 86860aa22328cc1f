"""The contents of a Gemini request, read into turns."""

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
        self.turns: list[Turn] = []
        self._dropped = dropped
        self._unanswered: list[ToolCall] = []
        self._calls = 0

    def add(self, content: Content, place: str) -> None:
        """Take what one side said; raises BadBody for what cannot be carried."""
        if content.role not in {None, "user", "model", "function"}:
            raise wire.bad(f"{place}.role", "must be one of: user, model")
        parts: list[Part] = []
        for index, part in enumerate(content.parts or ()):
            self._add_part(parts, part, f"{place}.parts[{index}]")
        role: Role = "assistant" if content.role == "model" else "user"
        if self.turns and self.turns[-1].role == role:  # an SDK keeps each piece of a stream as a content of its own
            merged = list(self.turns[-1].parts)
            for one in parts:
                _append(merged, one)
            self.turns[-1] = Turn(role, tuple(merged))
        else:
            self.turns.append(Turn(role, tuple(parts)))

    def _add_part(self, parts: list[Part], part: GeminiPart, place: str) -> None:
        vendor, signature = from_base64(part.thought_signature or "", VENDOR)
        if part.thought:
            redacted = not part.text and vendor == "anthropic-redacted"
            owner = "anthropic" if redacted else vendor
            _append(parts, Thinking(part.text or "", signature, owner, redacted))
            return
        if signature:
            _append(parts, Thinking("", signature, vendor))
        if part.function_call is not None:
            parts.append(self._call(part.function_call))
        elif part.function_response is not None:
            parts.append(self._result(part.function_response, place))
        elif part.executable_code is not None or part.code_execution_result is not None:
            self._dropped.append("contents.codeExecution")
        elif part.inline_data is not None or part.file_data is not None:
            parts.append(_blob(part.inline_data or part.file_data or _Blob(), place))
        elif part.text:
            _append(parts, Text(part.text))

    def _call(self, given: _Call) -> ToolCall:
        self._calls += 1
        call = ToolCall(given.id or f"call_{self._calls}", given.name, wire.json_text(given.args or {}))
        self._unanswered.append(call)
        return call

    def _result(self, given: _Response, place: str) -> ToolResult:
        call = next((one for one in self._unanswered if _answers(given, one)), None)
        if call is not None:
            self._unanswered.remove(call)
        call_id = given.id or (call.id if call is not None else None)
        if call_id is None:
            raise wire.bad(f"{place}.functionResponse.name", "names a function that was not called")
        text, failed = _said(given.response or {})
        shown: list[Text | Image | Document] = [Text(text)] if text else []
        shown += [_blob(part.inline_data or part.file_data or _Blob(), place) for part in given.parts or ()]
        return ToolResult(call_id, tuple(shown), is_error=failed, name=given.name)


def _answers(given: _Response, call: ToolCall) -> bool:
    return call.id == given.id if given.id is not None else call.name == given.name


def _append(parts: list[Any], part: Part) -> None:
    """Add a part; pieces of one text or one thought become one."""
    last = parts[-1] if parts else None
    if isinstance(part, Thinking) and isinstance(last, Thinking) and not last.signature and not part.redacted:
        vendor = part.vendor if part.signature else last.vendor
        parts[-1] = replace(last, text=last.text + part.text, signature=part.signature, vendor=vendor)
    elif isinstance(part, Text) and isinstance(last, Text):
        parts[-1] = Text(last.text + part.text)
    else:
        parts.append(part)


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
