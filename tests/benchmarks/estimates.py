"""How far estimates are from what vendors report, as the table in ``docs/estimates.md``.

``python -m benchmarks.estimates`` prints it. Reported figures are those that the vendors publish with their own
examples; everything else is measured here: how the quick ratio compares with the exact count for kinds of text.
"""

import base64
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codevector_daemon.dialects import by_name
from codevector_daemon.metering import estimate

_WEATHER = {
    "name": "get_current_weather",
    "description": "Get the current weather in a given location",
    "parameters": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
            "unit": {
                "type": "string",
                "description": "The unit of temperature to return",
                "enum": ["celsius", "fahrenheit"],
            },
        },
        "required": ["location"],
    },
}
_CLAUDE_WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
        },
        "required": ["location"],
    },
}
_COOKBOOK = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following "
        "assistant that translates corporate jargon into plain English.",
    },
    {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Things working well together will increase revenue.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base "
        "on opportunities for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
]


@dataclass(frozen=True)
class Example:
    """A request whose count its vendor publishes."""

    kind: str
    dialect: str
    model: str
    request: dict[str, Any]
    reported: int
    source: str

    @property
    def estimated(self) -> int:
        """What the estimate says."""
        return estimate.input_tokens(by_name[self.dialect], json.dumps(self.request).encode(), self.model)


def png(width: int, height: int) -> str:
    """Return the head of a PNG of this size in base64: all that an estimate reads."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    ).decode()


def chat_picture(width: int, height: int, detail: str) -> dict[str, Any]:
    """Return a chat request of one picture and no text."""
    link = {"url": f"data:image/png;base64,{png(width, height)}", "detail": detail}
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": link}]}]}


def claude_picture(width: int, height: int) -> dict[str, Any]:
    """Return a request of one picture and no text."""
    source = {"type": "base64", "media_type": "image/png", "data": png(width, height)}
    return {"messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}


def user(text: str, **more: Any) -> dict[str, Any]:
    """Return a request of one message."""
    return {"messages": [{"role": "user", "content": text}], **more}


_GEMINI = {"contents": [{"parts": [{"text": "The quick brown fox jumps over the lazy dog."}]}]}
_COOKBOOK_PAGE = "OpenAI cookbook, How to count tokens with tiktoken"
_TOOL_ASK = [
    {"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
    {"role": "user", "content": "What's the weather like in San Francisco?"},
]
_FRAME = 6
"""What an estimate adds for one message; published figures of pictures are without it."""

EXAMPLES = (
    Example("text, six messages", "chat", "gpt-4o", {"messages": _COOKBOOK}, 124, _COOKBOOK_PAGE),
    Example(
        "tools",
        "chat",
        "gpt-4o",
        {"messages": _TOOL_ASK, "tools": [{"type": "function", "function": _WEATHER}]},
        101,
        _COOKBOOK_PAGE,
    ),
    Example(
        "picture 1024 x 1024, high",
        "chat",
        "gpt-4o",
        chat_picture(1024, 1024, "high"),
        765 + _FRAME,
        "OpenAI, Images and vision",
    ),
    Example(
        "picture 2048 x 4096, high",
        "chat",
        "gpt-4o",
        chat_picture(2048, 4096, "high"),
        1105 + _FRAME,
        "OpenAI, Images and vision",
    ),
    Example(
        "picture 4096 x 8192, low",
        "chat",
        "gpt-4o",
        chat_picture(4096, 8192, "low"),
        85 + _FRAME,
        "OpenAI, Images and vision",
    ),
    Example(
        "text, short",
        "messages",
        "claude-sonnet-4-5",
        user("Hello, Claude", system="You are a scientist"),
        14,
        "Anthropic, Token counting",
    ),
    Example(
        "tools",
        "messages",
        "claude-sonnet-4-5",
        user("What's the weather like in San Francisco?", tools=[_CLAUDE_WEATHER]),
        403,
        "Anthropic, Token counting",
    ),
    Example(
        "picture 200 x 200", "messages", "claude-sonnet-4-5", claude_picture(200, 200), 54 + _FRAME, "Anthropic, Vision"
    ),
    Example(
        "picture 1000 x 1000",
        "messages",
        "claude-sonnet-4-5",
        claude_picture(1000, 1000),
        1334 + _FRAME,
        "Anthropic, Vision",
    ),
    Example(
        "picture 1092 x 1092",
        "messages",
        "claude-sonnet-4-5",
        claude_picture(1092, 1092),
        1590 + _FRAME,
        "Anthropic, Vision",
    ),
    Example("text, short", "gemini", "gemini-2.5-flash", _GEMINI, 10, "Google, Understand and count tokens"),
)

ENGLISH = (
    "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and "
    "should act towards one another in a spirit of brotherhood. Everyone is entitled to all the rights and freedoms "
    "set forth in this Declaration, without distinction of any kind, such as race, colour, sex, language, religion, "
    "political or other opinion, national or social origin, property, birth or other status."
)
CHINESE = (
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"  # noqa: RUF001
    "人人有资格享有本宣言所载的一切权利和自由，不分种族、肤色、性别、语言、宗教、政治或其他见解、"  # noqa: RUF001
    "国籍或社会出身、财产、出生或其他身分等任何区别。"
)
"""The Universal Declaration of Human Rights, articles 1 and 2."""

CODE = """\
def band_for(bands: Bands, input_tokens: int) -> Band:
    \"\"\"Return the band that a call with so many input tokens belongs to.\"\"\"
    found = bands[0]
    for band in bands[1:]:
        if input_tokens <= band.above:
            break
        found = band
    return found
"""


def samples() -> dict[str, str]:
    """Return text of each kind."""
    return {
        "English prose": ENGLISH,
        "Python code": CODE,
        "Chinese": CHINESE,
        "tool schema (JSON)": json.dumps(_WEATHER),
    }


def percent(estimated: float, reported: float) -> str:
    """Return a deviation with its sign."""
    return f"{(estimated - reported) / reported:+.1%}"


def against_reports() -> Iterator[str]:
    """Yield the lines of the table of published examples."""
    yield "| what | model | reported | estimated | error | published in |"
    yield "| --- | --- | ---: | ---: | ---: | --- |"
    for one in EXAMPLES:
        found = one.estimated
        error = percent(found, one.reported)
        yield f"| {one.kind} | {one.model} | {one.reported:,} | {found:,} | {error} | {one.source} |"


def by_length() -> Iterator[str]:
    """Yield the lines of the table of the ratio that stands in for the vocabulary."""
    yield "| text | bytes | tokens of o200k_base | bytes per token | error of bytes / 4 |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for kind, text in samples().items():
        size, exact = len(text.encode()), estimate.output_tokens(text, "gpt-4o")
        yield f"| {kind} | {size:,} | {exact:,} | {size / exact:.2f} | {percent(size / 4, exact)} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join([*against_reports(), "", *by_length()]) + "\n")
