"""Cursor's hybrid: a body of Responses on the route of Chat Completions, and Chat answers back."""

import json

import pytest

from codevector_daemon.dialects.base import Head
from codevector_daemon.dialects.cursor import CURSOR
from codevector_daemon.dialects.translation import between
from support.translation import sdks, wires
from support.translation.calls import fields, made
from support.translation.said import BY_NAME, Call, Said

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


PATCH = "*** Begin Patch\n*** Add File: a\n+b\n*** End Patch"
PATCHING = json.dumps(
    {
        **json.loads(BODY),
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": "call_1", "name": "ApplyPatch", "arguments": PATCH},
            {"type": "function_call_output", "call_id": "call_1", "output": "done"},
        ],
        "tools": [
            {
                "type": "custom",
                "name": "ApplyPatch",
                "description": "Edits files",
                "format": {"type": "grammar", "syntax": "lark", "definition": "start: begin_patch hunk+ end_patch"},
            }
        ],
        "stream_options": {"include_usage": True},
        "text": {"verbosity": "low"},
    }
).encode()
PATCHED = Said("patch", (Call("call_2", "ApplyPatch", (json.dumps({"input": PATCH}),)),), "tool")


@pytest.mark.parametrize("stream", [True, False])
def test_a_tool_of_free_text_is_called_in_the_only_form_that_cursor_reads(*, stream: bool) -> None:
    """It declares ApplyPatch as such a tool, yet looks at ``function.name`` of every call."""
    translation = made(CURSOR, "messages")
    sent = fields(translation.request(PATCHING, Head(model="slug"), "model-x", stream=stream))
    assert sent["messages"][1]["content"][0]["input"] == {"input": PATCH}
    if stream:
        translator = translation.stream("my-slug")
        out = b"".join(translator.feed(event) for event in wires.STREAM["messages"](PATCHED)) + translator.finish()
        calls = [
            call
            for event in sdks.payloads(out)
            for one in event["choices"]
            for call in one["delta"].get("tool_calls", ())
        ]
        assert "".join(call["function"]["arguments"] for call in calls) == PATCH
        (call, *_) = calls
    else:
        answer = json.loads(translation.whole(200, wires.WHOLE["messages"](PATCHED), "my-slug"))
        (call,) = answer["choices"][0]["message"]["tool_calls"]
        assert call["function"]["arguments"] == PATCH
    assert (call["type"], call["function"]["name"]) == ("function", "ApplyPatch")


def test_there_is_nothing_to_translate_within_one_dialect() -> None:
    for dialect in ("chat", "messages", "responses", "gemini"):
        assert between(dialect, dialect) is None
    assert between("embeddings", "gemini") is None
    assert between("chat", "embeddings") is None
