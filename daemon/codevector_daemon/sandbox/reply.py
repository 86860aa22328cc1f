"""What the sandbox answers to a prompt: the same every time, whichever vendor's shape it then takes."""

import hashlib
from random import Random

import msgspec
from msgspec import Struct

from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.sandbox import words
from codevector_daemon.sandbox.models import SandboxModel
from codevector_daemon.sandbox.prompt import Prompt, StopReason, Tool

_CACHE_READ_ONE_IN = 3
_CACHE_WRITE_ONE_IN = 5
_CACHE_FROM = 48
"""Prompt tokens from which a cache is worth anything."""
_BYTES_PER_TOKEN = 4
_DEEPEST = 8
_EXAMPLES: dict[str, object] = {"string": "sandbox", "integer": 1, "number": 1.5, "boolean": True, "array": []}


class ToolCall(Struct, frozen=True):
    """A call of a tool, its input as JSON in the pieces a stream brings it in."""

    name: str
    json_pieces: tuple[str, ...]

    @property
    def json(self) -> str:
        """The whole input."""
        return "".join(self.json_pieces)


class Reply(Struct, frozen=True):
    """An answer: its words, perhaps a tool call after them, and what it used."""

    pieces: tuple[str, ...]
    tool: ToolCall | None
    stop: StopReason
    counts: TokenCounts

    @property
    def text(self) -> str:
        """All words together."""
        return "".join(self.pieces)


def compose(prompt: Prompt, model: SandboxModel) -> Reply:
    """Return the answer to a prompt, no longer than it allows."""
    random = Random(hashlib.sha256(prompt.seed).digest())  # noqa: S311 - the same words for the same prompt, no secret
    thinking = min(random.randint(model.most_thinking // 4, model.most_thinking), prompt.limit // 2)
    room = prompt.limit - thinking
    wanted = random.randint(model.fewest_tokens, model.most_tokens)
    call = None if prompt.tool is None else _call(prompt.tool)
    if call is not None and len(call.json_pieces) < room:
        pieces = words.pieces(random, min(wanted // 4, room - len(call.json_pieces)))
        said = len(pieces) + len(call.json_pieces)
        return Reply(pieces, call, "tool", _counts(random, prompt, said + thinking, thinking))
    pieces = words.pieces(random, min(wanted, room))
    stop: StopReason = "end" if wanted <= room else "length"
    return Reply(pieces, None, stop, _counts(random, prompt, len(pieces) + thinking, thinking))


def _counts(random: Random, prompt: Prompt, output: int, thinking: int) -> TokenCounts:
    total, read, write = prompt.input_tokens, 0, 0
    if total >= _CACHE_FROM and random.randrange(_CACHE_READ_ONE_IN) == 0:
        read = total * random.randint(50, 90) // 100
    elif total >= _CACHE_FROM and random.randrange(_CACHE_WRITE_ONE_IN) == 0:
        write = total // 2
    return TokenCounts(
        uncached_input=total - read - write, cache_read=read, cache_write_5m=write, output=output, reasoning=thinking
    )


def _call(tool: Tool) -> ToolCall:
    text = msgspec.json.encode(_example(tool.schema)).decode()
    return ToolCall(tool.name, tuple(text[at : at + _BYTES_PER_TOKEN] for at in range(0, len(text), _BYTES_PER_TOKEN)))


def _example(schema: object, depth: int = 0) -> object:
    """Return the simplest value that fits a JSON Schema as tools write them."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    kind = schema.get("type", "object")
    if kind == "object":
        return _example_object(schema.get("properties"), schema.get("required"), depth)
    return _EXAMPLES.get(kind) if isinstance(kind, str) else None


def _example_object(properties: object, required: object, depth: int) -> dict[str, object]:
    if not isinstance(properties, dict) or not isinstance(required, list):
        return {}
    return {name: _example(properties.get(name), depth + 1) for name in required if isinstance(name, str)}
