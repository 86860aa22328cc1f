"""What clients ask in the recorded requests: each told once here, and shaped as every protocol's SDK sends it."""

from dataclasses import dataclass
from typing import Any, Literal

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURlY29kZT4+CnN0cmVhbQo="


@dataclass(frozen=True)
class Pic:
    data: str | None = PIXEL
    url: str | None = None


@dataclass(frozen=True)
class Pdf:
    name: str = "report.pdf"


@dataclass(frozen=True)
class Use:
    id: str
    name: str
    input: dict[str, Any]


@dataclass(frozen=True)
class Done:
    id: str
    name: str
    text: str
    pics: tuple[Pic, ...] = ()
    failed: bool = False


Part = str | Pic | Pdf | Use | Done


@dataclass(frozen=True)
class Spoken:
    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Function:
    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One recorded request."""

    name: str
    turns: tuple[Spoken, ...]
    system: tuple[str, ...] = ()
    tools: tuple[Function, ...] = ()
    choice: str | None = None
    """``auto``, ``none``, ``required``, or the name of a tool."""
    parallel: bool | None = None
    schema: dict[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    user: str | None = None


def user(*parts: Part) -> Spoken:
    return Spoken("user", parts)


def model(*parts: Part) -> Spoken:
    return Spoken("assistant", parts)


WEATHER = Function(
    "weather",
    "The weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
PING = Function("ping", "Nothing but a sign of life.", {"type": "object", "properties": {}})
DEEP = Function(
    "edit-file_2",
    'Edits a file; "quotes", ünïcode and\nlines.',
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "where"},
            "edits": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"old": {"type": "string"}, "new": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
                    "required": ["old"],
                    "additionalProperties": False,
                },
            },
            "mode": {"type": "string", "enum": ["all", "first"]},
        },
        "required": ["path", "edits"],
        "additionalProperties": False,
    },
)
KOELN = Use("call_k1", "weather", {"city": "Köln"})
ULM = Use("call_u2", "weather", {"city": "Ulm"})
SIGN = Use("call_p3", "ping", {})
TOOLS = (WEATHER, PING)
HELLO = user("Say hello, bitte ✓")
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}

ALL = (
    Asked("a greeting", (HELLO,)),
    Asked("a system prompt", (HELLO,), system=("Be brief.",)),
    Asked("two system prompts", (HELLO,), system=("Be brief.", "Answer in German.")),
    Asked("several turns", (HELLO, model("Hello!"), user("And again?"), model("Hello again."), user("Once more."))),
    Asked("several texts in a turn", (user("one", "two", "three"),)),
    Asked("odd characters", (user("\u2028 👩‍👩‍👧 \x07 </s> \\n \"q\" 'a'\t漢字"),)),
    Asked("a picture", (user("What is this?", Pic()),)),
    Asked("a linked picture", (user("What is this?", Pic(None, "https://example.org/cat.png")),)),
    Asked("two pictures between texts", (user("first", Pic(), "second", Pic(), "compare"),)),
    Asked("a document", (user("Summarise.", Pdf()),)),
    Asked("tools", (HELLO,), tools=TOOLS),
    Asked("a deep schema", (HELLO,), tools=(DEEP,)),
    Asked("a free choice of tools", (HELLO,), tools=TOOLS, choice="auto"),
    Asked("no tool may be called", (HELLO,), tools=TOOLS, choice="none"),
    Asked("some tool must be called", (HELLO,), tools=TOOLS, choice="required"),
    Asked("one tool must be called", (HELLO,), tools=TOOLS, choice="weather"),
    Asked("one call at a time", (HELLO,), tools=TOOLS, choice="auto", parallel=False),
    Asked("a call answered", (HELLO, model(KOELN), user(Done("call_k1", "weather", "12 °C"))), tools=TOOLS),
    Asked("text before a call", (HELLO, model("Wait.", KOELN), user(Done("call_k1", "weather", "12"))), tools=TOOLS),
    Asked("a call without arguments", (HELLO, model(SIGN), user(Done("call_p3", "ping", "pong"))), tools=TOOLS),
    Asked(
        "parallel calls answered",
        (
            HELLO,
            model(KOELN, ULM, SIGN),
            user(
                Done("call_k1", "weather", "12"),
                Done("call_u2", "weather", "9"),
                Done("call_p3", "ping", "pong"),
            ),
        ),
        tools=TOOLS,
    ),
    Asked(
        "two rounds of tools",
        (
            HELLO,
            model("First.", KOELN),
            user(Done("call_k1", "weather", "12")),
            model("Then.", ULM),
            user(Done("call_u2", "weather", "9")),
            model("Both are cold."),
            user("Thanks!"),
        ),
        tools=TOOLS,
    ),
    Asked(
        "an answer with a picture",
        (HELLO, model(KOELN), user(Done("call_k1", "weather", "see the map", (Pic(),)))),
        tools=TOOLS,
    ),
    Asked(
        "a failed call",
        (HELLO, model(KOELN), user(Done("call_k1", "weather", "no such city", failed=True))),
        tools=TOOLS,
    ),
    Asked(
        "an answer and a word",
        (HELLO, model(KOELN), user(Done("call_k1", "weather", "12"), "Be quick now.")),
        tools=TOOLS,
    ),
    Asked("JSON of a schema", (HELLO,), schema=PERSON),
    Asked("a cool head", (HELLO,), temperature=0.25),
    Asked("a nucleus", (HELLO,), top_p=0.5),
    Asked("stop sequences", (HELLO,), stop=("END", "###")),
    Asked("a limit", (HELLO,), max_tokens=321),
    Asked("a user", (HELLO,), user="user-42"),
)
BY_NAME = {asked.name: asked for asked in ALL}
