"""Which bodies on the route of Chat are Cursor's, and the one form that their parts are brought into."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.cursor import in_one_form

READ = {"type": "object", "properties": {"path": {"type": "string"}}}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
NESTED = {"type": "function", "function": {"name": "Read", "description": "Reads", "parameters": READ}}
FLAT = {"type": "function", "name": "Read", "description": "Reads", "parameters": READ}
ANTHROPIC = {"name": "Read", "description": "Reads", "input_schema": READ}
NESTED_CUSTOM = {"type": "custom", "custom": {"name": "ApplyPatch", "description": "Edits", "format": GRAMMAR}}
FLAT_CUSTOM = {"type": "custom", "name": "ApplyPatch", "description": "Edits", "format": GRAMMAR}
SEARCH = {"type": "web_search_preview"}
BUILTIN = {"type": "builtin_function", "function": {"name": "$web_search"}}


def is_hybrid(**fields: object) -> bool:
    return by_name["chat"].head(json.dumps({"model": "m", **fields}).encode()).hybrid


@pytest.mark.parametrize("tools", [[NESTED], [NESTED, NESTED_CUSTOM], [SEARCH, BUILTIN], [], None, "x", [1], [[]]])
def test_a_body_of_chat_is_nobodys_but_chats(tools: object) -> None:
    assert not is_hybrid(messages=[], tools=tools)


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function"},
        {"type": "custom"},
        {"function": {"name": "f"}},
        NESTED | {"name": "Read"},
        {"type": "web_search", "web_search": {"name": "q"}},
        {"type": "retrieval", "name": "k", "retrieval": {}},
        {"type": "mcp", "name": "m"},
        {"type": "computer_20250124", "name": "computer"},
    ],
)
def test_an_odd_tool_of_chat_or_of_a_vendor_gives_nothing_away(tool: dict[str, Any]) -> None:
    assert not is_hybrid(messages=[], tools=[tool])


@pytest.mark.parametrize(
    "fields",
    [
        {"functions": [{"name": "f", "parameters": {}}], "function_call": {"name": "f"}},
        {"modalities": ["text", "audio"], "audio": {"voice": "a", "format": "mp3"}},
        {"prediction": {"type": "content", "content": "x"}, "web_search_options": {}},
        {"messages": None, "input": "x"},
    ],
)
def test_odd_fields_of_chat_give_nothing_away(fields: dict[str, Any]) -> None:
    assert not is_hybrid(**{"messages": [], **fields})


@pytest.mark.parametrize("flat", [FLAT, FLAT_CUSTOM, ANTHROPIC, ANTHROPIC | {"type": "custom"}])
def test_a_tool_of_another_protocol_gives_a_body_away(flat: dict[str, Any]) -> None:
    assert is_hybrid(messages=[], tools=[NESTED, flat])
    assert is_hybrid(messages=[], input=[], tools=[flat])


def test_an_input_without_messages_gives_a_body_away() -> None:
    assert is_hybrid(input="hi")
    assert not is_hybrid(messages=[], input="hi")
    assert not by_name["completions"].head(b'{"model": "m", "input": "hi"}').hybrid


@pytest.mark.parametrize("given_as", [NESTED, FLAT, ANTHROPIC, ANTHROPIC | {"type": "custom"}])
def test_a_function_is_brought_into_the_form_of_the_body(given_as: dict[str, Any]) -> None:
    assert in_one_form({"messages": [], "tools": [given_as]})["tools"] == [NESTED]
    assert in_one_form({"input": "x", "tools": [given_as]})["tools"] == [FLAT]


@pytest.mark.parametrize("given_as", [NESTED_CUSTOM, FLAT_CUSTOM])
def test_a_tool_of_free_text_is_brought_into_the_form_of_the_body(given_as: dict[str, Any]) -> None:
    assert in_one_form({"messages": [], "tools": [given_as]})["tools"] == [NESTED_CUSTOM]
    assert in_one_form({"input": "x", "tools": [given_as]})["tools"] == [FLAT_CUSTOM]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("auto", "auto"),
        ({"type": "function", "name": "Read"}, {"type": "function", "name": "Read"}),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "Read"}, {"type": "function", "function": {"name": "Read"}}),
    ],
)
def test_a_choice_is_said_in_openais_words(choice: object, said: object) -> None:
    assert in_one_form({"messages": [], "tool_choice": choice})["tool_choice"] == said


def test_turns_of_messages_become_turns_of_chat() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aaaa"}}
    calling = [{"type": "text", "text": "Look"}, {"type": "tool_use", "id": "t1", "name": "Read", "input": {"p": 1}}]
    answered = [{"type": "tool_result", "tool_use_id": "t1", "content": [picture]}, {"type": "text", "text": "So?"}]
    bare = [{"type": "tool_use", "id": "t2", "name": "Read"}]
    alone = [{"type": "tool_result", "tool_use_id": "t2"}]
    said: list[Any] = [
        {"role": "user", "content": "plain"},
        {"role": "assistant", "content": calling},
        {"role": "user", "content": answered},
        {"role": "assistant", "content": bare},
        {"role": "user", "content": alone},
    ]
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aaaa"}}
    assert in_one_form({"messages": said})["messages"] == [
        {"role": "user", "content": "plain"},
        {"role": "assistant", "content": [{"type": "text", "text": "Look"}], "tool_calls": [called("t1", '{"p":1}')]},
        {"role": "tool", "tool_call_id": "t1", "content": [shown]},
        {"role": "user", "content": [{"type": "text", "text": "So?"}]},
        {"role": "assistant", "content": None, "tool_calls": [called("t2", "{}")]},
        {"role": "tool", "tool_call_id": "t2", "content": ""},
    ]


def called(call_id: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "Read", "arguments": arguments}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "name", "function", "custom", "content", "input", "source", "tool_calls"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["messages", "input", "tools", "tool_choice", "x"]), JSON))
@example({"tools": [{"type": []}]})
@example({"messages": [{"content": [{"type": {}}]}]})
@example({"messages": [{"content": [{"type": "tool_use"}], "tool_calls": 1}]})
def test_whatever_a_body_holds_it_is_neither_refused_nor_changed_twice(body: dict[str, Any]) -> None:
    once = in_one_form(body)
    assert in_one_form(once) == once
    assert once.keys() == body.keys()
    by_name["chat"].head(json.dumps({"model": "m", **body}).encode())
