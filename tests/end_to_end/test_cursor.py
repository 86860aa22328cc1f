"""Cursor's agent mode: a body of Responses on the route of Chat Completions, answered in chunks of the latter."""

import json

import pytest

from support.desk import CHAT_PATH, REQUEST_ID, Desk
from support.script import Answer, Send
from support.translation import sdks, wires
from support.translation.said import BY_NAME

SAID = BY_NAME["text then two calls"]
READ = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
BODY = {
    "user": "google-oauth2|user_01",
    "input": [
        {"role": "system", "content": "You are an AI coding assistant. You operate in Cursor."},
        {"role": "user", "content": [{"type": "input_text", "text": "What is in a?"}]},
        {"type": "function_call", "call_id": "call_1", "name": "Read", "arguments": '{"path":"a"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "nothing"},
        {"role": "user", "content": [{"type": "input_text", "text": "And how is the weather?"}]},
    ],
    "tools": [
        {"type": "function", "name": "Read", "description": "Reads", "parameters": READ, "strict": False},
        {
            "type": "custom",
            "name": "ApplyPatch",
            "description": "Edits files",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: begin_patch hunk+ end_patch"},
        },
    ],
    "tool_choice": "auto",
    "stream": True,
    "stream_options": {"include_usage": True},
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "medium", "summary": "auto"},
    "text": {"verbosity": "low"},
    "prompt_cache_retention": "24h",
    "store": False,
    "truncation": "auto",
    "metadata": {"cursorConversationId": "c-1"},
}
"""What its version 3 sends, with the texts cut short."""


@pytest.mark.parametrize(
    ("model", "dialect", "target"),
    [
        ("house", "chat", "/chat/completions"),
        ("sonnet", "messages", "/v1/messages"),
        ("gpt", "responses", "/responses"),
    ],
)
def test_cursor_s_agent_is_served_by_every_kind_of_provider(
    desk: Desk, project: str, model: str, dialect: str, target: str
) -> None:
    events = tuple(Send(event) for event in wires.STREAM[dialect](SAID))
    stream = (("content-type", "text/event-stream"),)
    desk.provider.then(Answer(events, headers=stream, framing="chunked", said=SAID.counts))
    reply = desk.post(CHAT_PATH, json.dumps({"model": model, **BODY}).encode(), project=project)
    assert reply.status == 200, reply.body
    seen = sdks.chat_stream(reply.body)
    assert (seen.text, seen.stop, seen.model) == (SAID.text, "tool_calls", model)
    assert [name for name, _ in seen.calls] == ["weather", "clock"]
    assert (seen.input, seen.output) == (SAID.counts.input, SAID.counts.output)
    asked = desk.provider.only()
    assert asked.target.endswith(target)
    assert b"What is in a?" in asked.body
    assert b"ApplyPatch" in asked.body
    row = desk.assert_billed(reply.header(REQUEST_ID)[0], project, SAID.counts)
    assert (row["dialect"], row["model"]) == ("chat", model)
