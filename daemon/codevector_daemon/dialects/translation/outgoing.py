"""What every writer of requests needs: the target it writes for, and the turns as the target wants them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.dialects.translation import media, wire
from codevector_daemon.dialects.translation.canonical import (
    Conversation,
    Document,
    Image,
    OutputFormat,
    Role,
    Shown,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)

Fields = dict[str, Any]


class Target(Struct, frozen=True):
    """Whom a request is written for. ``max_output`` is the most output tokens the model gives, where known."""

    model: str
    vendor: str
    stream: bool = False
    max_output: int | None = None


class Written(Struct, frozen=True):
    """A request for upstream, and the names of what it could not carry."""

    fields: Fields
    dropped: tuple[str, ...] = ()


JSON_ONLY: Final = "Answer with one valid JSON object and nothing else: no text around it, no code fence."


def in_words(output: OutputFormat) -> str:
    """Return an output format as an instruction, for models that cannot be held to it."""
    told = f"{JSON_ONLY} {output.description}" if output.description else JSON_ONLY
    if output.schema is None:
        return told
    return f"{told} It must follow this JSON schema:\n{wire.json_text(output.schema)}"


def limit(conversation: Conversation, target: Target) -> int | None:
    """Return the output limit to ask for: the client's, but never more than the model gives."""
    asked = conversation.max_tokens
    if asked is None or target.max_output is None:
        return asked
    return min(asked, target.max_output)


def answered(turns: Iterable[Turn]) -> list[Turn]:
    """Return turns with the answers of tools right behind the turn that called them, in the order of its calls.

    Responses lets anything stand between, and answers come as the tools end; most other vendors refuse the former, and
    Gemini tells calls of one function apart by their order.
    """
    open_calls: dict[str, dict[str, ToolResult | None]] = {}
    found: list[tuple[Turn, dict[str, ToolResult | None]]] = []
    for turn in turns:
        kept = []
        for part in turn.parts:
            if isinstance(part, ToolResult) and (caller := open_calls.pop(part.call_id, None)) is not None:
                caller[part.call_id] = part
            else:
                kept.append(part)
        calls: dict[str, ToolResult | None] = {part.id: None for part in kept if isinstance(part, ToolCall)}
        open_calls |= dict.fromkeys(calls, calls)
        found.append((turn if len(kept) == len(turn.parts) else replace(turn, parts=tuple(kept)), calls))
    out: list[Turn] = []
    due: tuple[ToolResult, ...] = ()
    for turn, calls in found:
        if due and turn.role == "user":
            out.append(replace(turn, parts=due + turn.parts))
        else:
            out += [Turn("user", due)] if due else []
            out += [turn] if turn.parts or turn.role == "assistant" else []
        due = tuple(result for result in calls.values() if result is not None)
    return [*out, Turn("user", due)] if due else out


def joined(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Yield turns with neighbours of one side made one, results of tools first: they must follow their calls."""
    role: Role | None = None
    parts: list[Any] = []
    for turn in turns:
        if turn.role == role:
            parts += turn.parts
            continue
        if role is not None:
            yield results_first(Turn(role, tuple(parts)))
        role, parts = turn.role, [*turn.parts]
    if role is not None:
        yield results_first(Turn(role, tuple(parts)))


def results_first(turn: Turn) -> Turn:
    """Return the turn with its tool results before all else."""
    results = tuple(part for part in turn.parts if isinstance(part, ToolResult))
    if not results:
        return turn
    return replace(turn, parts=results + tuple(part for part in turn.parts if not isinstance(part, ToolResult)))


def without_system(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Yield turns with system ones told by the user, for protocols that have one system prompt before all.

    They keep their place: moved to the front, each would make the provider's cache of the whole prompt worthless.
    """
    for turn in turns:
        if turn.role != "system":
            yield turn
            continue
        text = "\n\n".join(part.text for part in turn.parts if isinstance(part, Text))
        yield Turn("user", (Text(f"<system-reminder>\n{text}\n</system-reminder>"),))


def own_thoughts(parts: Iterable[Any], vendor: str) -> Iterator[Any]:
    """Yield parts without thoughts of any other vendor."""
    return (part for part in parts if not isinstance(part, Thinking) or part.vendor == vendor)


def loses_thoughts(conversation: Conversation, vendor: str) -> bool:
    """Tell whether the history has thoughts that another vendor signed."""
    return any(
        isinstance(part, Thinking) and part.vendor != vendor for turn in conversation.turns for part in turn.parts
    )


def has_cache_hints(conversation: Conversation) -> bool:
    """Tell whether the client says what to cache."""
    hinted: Iterable[Any] = (*conversation.system, *conversation.tools, *_parts(conversation))
    return any(getattr(one, "cache", None) is not None for one in hinted)


def has_cache_hints_beside_content(conversation: Conversation) -> bool:
    """Tell whether a tool, a call or a tool's answer is to be cached, which Chat Completions has no field for."""
    calls = [part for turn in conversation.turns for part in turn.parts if isinstance(part, ToolCall | ToolResult)]
    shown = (one for part in calls if isinstance(part, ToolResult) for one in part.parts)
    hinted: Iterable[Any] = (*conversation.tools, *calls, *shown)
    return any(one.cache is not None for one in hinted)


def has_details(conversation: Conversation) -> bool:
    """Tell whether the client says how closely to look at a picture."""
    return any(isinstance(one, Image) and one.detail not in {None, "auto"} for one in _parts(conversation))


def _parts(conversation: Conversation) -> Iterator[Any]:
    """Yield every part of every turn, those in the answers of tools too."""
    for part in (part for turn in conversation.turns for part in turn.parts):
        yield part
        if isinstance(part, ToolResult):
            yield from part.parts


def plain_text(parts: Iterable[Shown]) -> str:
    """Return the texts among parts, one after the other."""
    return "\n".join(text for text in (text_or_none(part) for part in parts) if text is not None)


def text_or_none(part: object) -> str | None:
    """Return the text of a part that is text: plain, or a document of text."""
    if isinstance(part, Text):
        return part.text
    if isinstance(part, Document) and part.text is not None:
        return media.text_of(part)
    return None


def pictures(parts: Iterable[Shown]) -> list[Image | Document]:
    """Return the parts that are no text."""
    return [part for part in parts if not isinstance(part, Text) and text_or_none(part) is None]


def last_question(turns: Sequence[Turn]) -> int:
    """Return the index of the last turn in which the user said something: after it the tools loop."""
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role == "user" and any(not isinstance(part, ToolResult) for part in turns[at].parts):
            return at
    return -1


def given(**fields: object) -> Fields:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
