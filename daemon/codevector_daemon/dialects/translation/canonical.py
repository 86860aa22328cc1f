"""One conversation, whatever protocol it was asked in: what every reader makes and every writer takes."""

from typing import Any, Final, Literal

from msgspec import Raw, Struct

Role = Literal["user", "assistant", "system"]
ChoiceMode = Literal["auto", "none", "required", "named"]


class Text(Struct, frozen=True):
    """Plain text. ``cache`` is the time for which the prompt up to here should be cached, such as ``5m``."""

    text: str
    cache: str | None = None


class Image(Struct, frozen=True):
    """A picture: base64 data of a media type, or an address."""

    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    detail: str | None = None
    cache: str | None = None


class Document(Struct, frozen=True):
    """A document: base64 data, plain text, or an address."""

    media_type: str = "application/pdf"
    data: str | None = None
    text: str | None = None
    url: str | None = None
    name: str | None = None
    cache: str | None = None


class Thinking(Struct, frozen=True):
    """What the model thought. ``signature`` only means something to ``vendor``, and goes to nobody else.

    ``redacted`` says that there is no readable text, only the vendor's own data in ``signature``.
    """

    text: str = ""
    signature: str = ""
    vendor: str = ""
    redacted: bool = False


class Refusal(Struct, frozen=True):
    """The words with which a model declined."""

    text: str


class ToolCall(Struct, frozen=True):
    """A call of a tool; ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str = "{}"
    cache: str | None = None


class ToolResult(Struct, frozen=True):
    """What a tool answered."""

    call_id: str
    parts: tuple[Any, ...] = ()
    """Each a ``Shown``."""
    is_error: bool = False
    name: str | None = None
    cache: str | None = None


Part = Text | Image | Document | Thinking | Refusal | ToolCall | ToolResult
Shown = Text | Image | Document


class Turn(Struct, frozen=True):
    """What one side said. A ``system`` turn stands between others; the prompt before all is ``Conversation.system``."""

    role: Role
    parts: tuple[Any, ...] = ()
    """Each a ``Part``."""


class Tool(Struct, frozen=True):
    """A tool the client runs. ``schema`` is the JSON schema of its arguments."""

    name: str
    description: str | None = None
    schema: Any = None
    strict: bool | None = None
    cache: str | None = None


class ToolChoice(Struct, frozen=True):
    """How tools are to be used; ``allowed`` limits which of them may be."""

    mode: ChoiceMode = "auto"
    name: str | None = None
    allowed: tuple[str, ...] = ()


class OutputFormat(Struct, frozen=True):
    """JSON asked for as output: any, or of a schema."""

    schema: Any = None
    name: str | None = None
    strict: bool | None = None
    description: str | None = None


class Sampling(Struct, frozen=True):
    """How the next token is chosen."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


class Reasoning(Struct, frozen=True):
    """How much to think: an effort by name, a budget in tokens, or neither where the model may decide."""

    effort: str | None = None
    budget: int | None = None
    shown: bool = False
    """The client asked to see a summary."""
    display: str = ""
    """The client's own field that says whether it wants to see one, empty where it says nothing."""


class Conversation(Struct, frozen=True):
    """A whole request. ``dropped`` names what of the client's request has no place here."""

    system: tuple[Text, ...] = ()
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    output: OutputFormat | None = None
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    reasoning: Reasoning | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    verbosity: str | None = None
    cache_key: str | None = None
    wants_usage: bool = True
    origins: dict[str, "Origin"] = {}
    """What became of the client's tools whose form or name no other protocol knows, by the name used here."""
    dropped: tuple[str, ...] = ()


class Origin(Struct, frozen=True):
    """How the client knows a tool: its own name, the namespace it is in, and whether it takes free text."""

    name: str
    namespace: str | None = None
    custom: bool = False


EMPTY_SCHEMA: Final = {"type": "object", "properties": {}}
"""The schema of a tool without arguments."""

NOTHING_RAW: Final = Raw()
"""A field that is not there."""
