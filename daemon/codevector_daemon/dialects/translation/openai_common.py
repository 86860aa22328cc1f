"""What Chat Completions and Responses share: tool choices, output formats, and tools no other protocol knows."""

from typing import Any

from msgspec import Raw, Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.translation import wire
from codevector_daemon.dialects.translation.canonical import Origin, OutputFormat, Part, Text, Tool, ToolChoice
from codevector_daemon.dialects.translation.ids import tool_name


class Schema(Struct):
    """An output format: Responses spells it flat, Chat nests all but the type."""

    type: str = "json_schema"
    name: str | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class _Named(Struct):
    name: str | None = None


class _Choice(Struct):
    """A tool choice of either form: Chat nests the name, Responses does not."""

    type: str
    name: str | None = None
    mode: str | None = None
    function: _Named | None = None
    custom: _Named | None = None
    allowed_tools: "_Choice | None" = None
    tools: list[dict[str, Any]] | None = None


_choice: Decoder[str | _Choice | None] = Decoder(str | _Choice | None)
_MODES = {"auto": "auto", "none": "none", "required": "required", "any": "required"}

FREE_TEXT_SCHEMA = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of the tool, as plain text."}},
    "required": ["input"],
}
"""The schema under which a tool that takes free text is shown to a model that only knows JSON arguments."""


class Declared:
    """The tools of a request while they are read. A function call of them becomes the client's own form again."""

    def __init__(self) -> None:
        self.tools: list[Tool] = []
        self.origins: dict[str, Origin] = {}
        self.dropped: list[str] = []

    def custom(self, name: str, description: str | None, grammar: object, namespace: str | None = None) -> None:
        """Add a tool that takes free text, as a function with one argument."""
        told = [description or ""]
        if isinstance(grammar, dict):
            inner = grammar.get("grammar") if isinstance(grammar.get("grammar"), dict) else grammar
            definition = inner.get("definition") if isinstance(inner, dict) else None
            told += [f"The input must follow this grammar:\n{definition}"] if isinstance(definition, str) else []
        known = self.known_as(name, namespace)
        self.origins[known] = Origin(name=name, namespace=namespace, custom=True)
        self.tools.append(Tool(known, "\n\n".join(part for part in told if part) or None, FREE_TEXT_SCHEMA))

    def known_as(self, name: str, namespace: str | None) -> str:
        """Return the name under which a tool of a namespace is shown, and remember where it belongs."""
        if namespace is None:
            return name
        known = name_in(namespace, name)
        self.origins[known] = Origin(name=name, namespace=namespace)
        return known

    def leave_out(self, kind: str) -> None:
        """Leave out a tool that only its own vendor runs. The model does without it, and the client is told."""
        self.dropped.append(f"tools.{kind}")


def name_in(namespace: str, name: str) -> str:
    """Return the one name of a tool in a namespace, as other protocols show it."""
    return tool_name(name if name.startswith(namespace) else f"{namespace}__{name}")


def choice(raw: Raw) -> ToolChoice | None:
    """Read a tool choice; raises BadBody for one that cannot be carried."""
    given = wire.decode(_choice, bytes(raw), "tool_choice") if bytes(raw) else None
    if given is None:
        return None
    if isinstance(given, str):
        if given not in _MODES:
            raise wire.bad("tool_choice", "must be one of: none, auto, required, or an object that names a tool")
        return ToolChoice(_MODES[given])  # type: ignore[arg-type]  # one of the modes by the line above
    if given.type == "allowed_tools":
        return _allowed(given.allowed_tools or given)
    named = given.function or given.custom or given
    if given.type not in {"function", "custom", "tool"} or named.name is None:
        raise wire.bad("tool_choice", f"asks for '{given.type[:64]}', which the model behind this name cannot run")
    return ToolChoice("named", named.name)


def output(given: Schema) -> OutputFormat | None:
    """Return the output format of a ``type`` as both protocols spell it."""
    match given.type:
        case "text":
            return None
        case "json_object":
            return OutputFormat()
        case "json_schema" if given.schema is not None:
            return OutputFormat(given.schema, given.name, given.strict, given.description)
        case _:
            raise wire.bad("response_format", "must be of type text, json_object, or json_schema with a schema")


def only_text(parts: tuple[Part, ...], place: str) -> tuple[Text, ...]:
    """Return the parts of a system message; raises BadBody for anything but text."""
    texts = tuple(part for part in parts if isinstance(part, Text))
    if len(texts) < len(parts):
        raise wire.bad(f"{place}.content", "must be text: a system message holds nothing else")
    return texts


def _allowed(given: _Choice) -> ToolChoice:
    names = []
    for tool in given.tools or ():
        function = tool.get("function")
        name = function.get("name") if isinstance(function, dict) else tool.get("name")
        if isinstance(name, str):
            names.append(name)
    return ToolChoice("required" if given.mode == "required" else "auto", allowed=tuple(names))
