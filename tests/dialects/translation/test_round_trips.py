"""Through the canonical form and back nothing is lost that a protocol can hold."""

import itertools
import json
import string
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from codevector_daemon.dialects.translation.between import CLIENTS, PROVIDERS
from codevector_daemon.dialects.translation.canonical import (
    Conversation,
    Document,
    Image,
    OutputFormat,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from codevector_daemon.dialects.translation.collect import collect
from codevector_daemon.dialects.translation.events import (
    Answer,
    CallDelta,
    CallEnd,
    CallStart,
    Counted,
    Event,
    Start,
    Stop,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
)
from codevector_daemon.dialects.translation.outgoing import Target
from codevector_daemon.dialects.translation.translator import Translator
from codevector_daemon.dialects.translation.writing import Framing
from codevector_daemon.metering.counts import TokenCounts
from support.translation.calls import quick

DIALECTS = st.sampled_from(("chat", "messages", "responses", "gemini"))
_WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20).map(lambda text: f"x{text}")
_NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12)
_DATA = st.sampled_from(("aGVsbG8=", "iVBORw0KGgo="))
_ARGUMENTS = st.dictionaries(_NAMES, st.integers(-9, 9) | _WORDS | st.none() | st.lists(st.booleans()), max_size=3).map(
    lambda value: msgspec.json.encode(value).decode()
)

# -- conversations ---------------------------------------------------------------------------------------------

_texts = st.builds(Text, _WORDS)
_pictures = st.builds(Image, media_type=st.just("image/png"), data=_DATA) | st.builds(
    Image, url=st.just("https://example.org/cat.png")
)
_documents = st.builds(Document, data=_DATA, name=st.just("a.pdf"))
_schemas = st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(_NAMES, st.just({}))})
_closed = st.dictionaries(_NAMES, st.just({"type": "string"}), min_size=1).map(
    lambda properties: {"type": "object", "properties": properties, "additionalProperties": False}
)
_tools = st.lists(st.builds(Tool, _NAMES, _WORDS, _schemas), max_size=3, unique_by=lambda tool: tool.name)


@st.composite
def _conversations(draw: st.DrawFn) -> Conversation:
    """Draw a conversation: questions, answers, and rounds of tools in which every call is answered."""
    turns: list[Turn] = []
    numbers = itertools.count(1)
    tools = tuple(draw(_tools))
    most_calls = 3 if tools else 0
    for _ in range(draw(st.integers(1, 3))):
        turns.append(Turn("user", tuple(draw(st.lists(_texts | _pictures | _documents, min_size=1, max_size=3)))))
        calls = [
            ToolCall(f"call_{next(numbers)}", draw(_NAMES), draw(_ARGUMENTS))
            for _ in range(draw(st.integers(0, most_calls)))
        ]
        said = draw(st.lists(_texts, max_size=1)) if calls else [draw(_texts)]
        turns.append(Turn("assistant", (*said, *calls)))
        if calls:
            results = [ToolResult(call.id, (draw(_texts),)) for call in calls]
            turns += [Turn("user", tuple(results)), Turn("assistant", (draw(_texts),))]
    choices: list[Any] = [None]
    if tools:
        modes = [ToolChoice("auto"), ToolChoice("none"), ToolChoice("required"), ToolChoice("named", tools[0].name)]
        choices += modes
    return Conversation(
        system=tuple(draw(st.lists(_texts, max_size=1))),
        turns=(*turns, Turn("user", (draw(_texts),))),
        tools=tools,
        choice=draw(st.sampled_from(choices)),
        output=None if tools else draw(st.none() | st.builds(OutputFormat, schema=_closed, name=st.just("answer"))),
        sampling=Sampling(temperature=draw(st.none() | st.sampled_from((0.0, 0.5, 1.0)))),
        max_tokens=draw(st.integers(16, 9000)),
        parallel=None,
    )


def _plain(conversation: Conversation) -> Conversation:
    """Leave out what protocols tell in other ways: names of documents, hints, where texts of one turn part."""
    turns: list[Turn] = []
    for turn in conversation.turns:
        parts: list[Any] = []
        for part in turn.parts:
            plain = _plain_part(part)
            if isinstance(plain, Text) and parts and isinstance(parts[-1], Text):
                parts[-1] = Text(_squeezed(parts[-1].text + plain.text))
            else:
                parts.append(plain)
        if turns and turns[-1].role == turn.role:
            turns[-1] = Turn(turn.role, (*turns[-1].parts, *parts))
        else:
            turns.append(Turn(turn.role, tuple(parts)))
    tools = tuple(Tool(tool.name, tool.description, tool.schema) for tool in conversation.tools)
    output = None if conversation.output is None else OutputFormat(schema=conversation.output.schema)
    system = tuple(Text(part.text) for part in conversation.system)
    empty = Conversation(origins={}, dropped=())
    return replace(
        conversation,
        system=system,
        turns=tuple(turns),
        tools=tools,
        output=output,
        wants_usage=empty.wants_usage,
        dropped=empty.dropped,
    )


def _squeezed(text: str) -> str:
    return text.replace("\n", "")


def _plain_part(part: Any) -> Any:
    match part:
        case Text():
            return Text(_squeezed(part.text))
        case Image():
            return Image(media_type=part.media_type if part.url is None else None, data=part.data, url=part.url)
        case Document():
            return replace(part, name=None, cache=None)
        case ToolCall():
            return ToolCall(part.id, part.name, json.dumps(json.loads(part.arguments)))
        case ToolResult():
            return ToolResult(part.call_id, tuple(_plain_part(one) for one in part.parts))
    return part


_MODELS = {"chat": "model-x", "messages": "claude-sonnet-4-5", "responses": "model-x", "gemini": "gemini-2.5-flash"}


@quick
@given(_conversations(), DIALECTS)
def test_a_conversation_written_and_read_again_is_the_same(conversation: Conversation, dialect: str) -> None:
    target = Target(model=_MODELS[dialect], vendor="anybody")
    body = msgspec.json.encode(PROVIDERS[dialect].write(conversation, target).fields)
    assert _plain(CLIENTS[dialect].read(body)) == _plain(conversation)


@quick
@given(_conversations(), st.tuples(DIALECTS, DIALECTS))
def test_a_conversation_survives_two_protocols(conversation: Conversation, way: tuple[str, str]) -> None:
    told = conversation
    for dialect in way:
        target = Target(model=_MODELS[dialect], vendor="anybody")
        body = msgspec.json.encode(PROVIDERS[dialect].write(told, target).fields)
        told = CLIENTS[dialect].read(body)
    assert _plain(told) == _plain(conversation)


# -- answers ---------------------------------------------------------------------------------------------


@st.composite
def _answers(draw: st.DrawFn) -> Answer:
    """Draw an answer as models give them: a thought, then text, then calls."""
    thoughts = [Thinking(draw(_WORDS), draw(st.sampled_from(("", "c2lnbmVk"))))] if draw(st.booleans()) else []
    texts = draw(st.lists(_texts, max_size=1))
    calls = [ToolCall(f"call_{at}", draw(_NAMES), draw(_ARGUMENTS)) for at in range(draw(st.integers(0, 3)))]
    uncached, read, output = (draw(st.integers(0, 10**6)) for _ in range(3))
    return Answer(
        parts=(*thoughts, *texts, *calls),
        stop="tool" if calls else draw(st.sampled_from(("end", "length"))),
        counts=TokenCounts(uncached_input=uncached, cache_read=read, output=output),
    )


def _events(answer: Answer, cuts: st.DataObject) -> list[Event]:
    """Return the answer as events, its strings in pieces."""

    def pieces(text: str) -> list[str]:
        at = cuts.draw(st.integers(0, len(text)))
        return [piece for piece in (text[:at], text[at:]) if piece]

    events: list[Event] = [Start()]
    for part in answer.parts:
        match part:
            case Text():
                events += [TextDelta(piece) for piece in pieces(part.text)]
            case Thinking():
                events += [ThinkingDelta(piece) for piece in pieces(part.text)]
                events.append(ThinkingEnd(part.signature))
            case ToolCall():
                events += [CallStart(part.id, part.name), *map(CallDelta, pieces(part.arguments)), CallEnd()]
    assert answer.counts is not None
    return [*events, Stop(answer.stop), Counted(answer.counts)]


def _framing() -> Framing:
    numbers = itertools.count()
    return Framing(slug="slug", vendor="v", new_id=lambda: f"n{next(numbers)}", created_s=1)


def _unmarked(answer: Answer, dialect: str) -> Answer:
    """Take off the marks, which a provider of the protocol would not have made, and the form of arguments."""
    parts = []
    for part in answer.parts:
        if isinstance(part, Thinking):
            parts.append(Thinking(part.text))
        elif isinstance(part, ToolCall):
            parts.append(ToolCall(part.id, part.name, json.dumps(json.loads(part.arguments))))
        else:
            parts.append(part)
    assert dialect in CLIENTS
    return replace(answer, parts=tuple(parts), tier=None)


@quick
@given(_answers(), DIALECTS)
def test_a_whole_answer_written_and_read_again_is_the_same(answer: Answer, dialect: str) -> None:
    body = CLIENTS[dialect].whole(answer, _framing())
    assert _unmarked(PROVIDERS[dialect].whole(body), dialect) == _unmarked(answer, dialect)


@quick
@given(_answers(), DIALECTS, st.data())
def test_a_streamed_answer_written_and_read_again_is_the_same(
    answer: Answer, dialect: str, data: st.DataObject
) -> None:
    scripted = _Scripted(_events(answer, data))
    translator = Translator(scripted, CLIENTS[dialect].stream(_framing()))
    stream = translator.feed(b"data: all\n\n") + translator.finish()
    reader = PROVIDERS[dialect].stream()
    events = [event for raw in stream.split(b"\n\n") if raw for event in reader.event(raw + b"\n\n")]
    assert _unmarked(collect(events), dialect) == _unmarked(answer, dialect)


class _Scripted:
    """A provider whose one event says everything."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def event(self, raw: bytes) -> list[Event]:
        assert raw
        return self._events

    def ended_without_word(self) -> bool:
        return True
