"""Cursor's hybrid: a body of Responses on the route of Chat Completions, and Chat answers back."""

import json

import pytest

from codevector_daemon.dialects.base import BadBody, Head
from codevector_daemon.dialects.translation import CURSOR, between, is_responses_shaped
from support.translation import sdks, wires
from support.translation.calls import fields, made
from support.translation.said import BY_NAME

BODY = json.dumps(
    {
        "model": "slug",
        "input": [
            {"role": "system", "content": "You are in an editor."},
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": '{"path":"a"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "text"},
        ],
        "tools": [{"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}}],
        "tool_choice": "auto",
        "stream": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
).encode()


@pytest.mark.parametrize("provider", ["chat", "messages", "responses", "gemini"])
def test_cursor_reaches_every_provider_and_reads_chat_chunks(provider: str) -> None:
    translation = made(CURSOR, provider)
    sent = translation.request(BODY, Head(model="slug", stream=True), "claude-opus-4-7", stream=True)
    assert sent.dropped == ()
    assert sent.body != BODY
    translator = translation.stream("my-slug")
    said = BY_NAME["text then two calls"]
    out = b"".join(translator.feed(event) for event in wires.STREAM[provider](said)) + translator.finish()
    seen = sdks.chat_stream(out)
    assert seen.text == said.text
    assert [name for name, _ in seen.calls] == ["weather", "clock"]
    assert (seen.stop, seen.model) == ("tool_calls", "my-slug")


def test_the_body_becomes_one_of_chat() -> None:
    sent = fields(made(CURSOR, "chat").request(BODY, Head(model="slug"), "model-x", stream=True))
    call = {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": '{"path":"a"}'}}
    assert sent["messages"] == [
        {"role": "system", "content": "You are in an editor."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "text"},
    ]
    assert sent["tools"][0]["function"]["name"] == "read"
    assert sent["reasoning_effort"] == "medium"


def test_the_shape_is_told_by_its_fields() -> None:
    assert is_responses_shaped(BODY)
    assert not is_responses_shaped(b'{"messages": []}')
    assert not is_responses_shaped(b'{"messages": [], "input": "x"}')
    with pytest.raises(BadBody):
        is_responses_shaped(b"[]")


def test_there_is_nothing_to_translate_within_one_dialect() -> None:
    for dialect in ("chat", "messages", "responses", "gemini"):
        assert between(dialect, dialect) is None
    assert between("embeddings", "gemini") is None
    assert between("chat", "embeddings") is None
