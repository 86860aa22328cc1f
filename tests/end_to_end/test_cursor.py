"""Cursor's agent mode: a body of Responses on the route of Chat Completions, answered in chunks of the latter."""

import json
from typing import Any

import pytest

from support.desk import CHAT_PATH, REQUEST_ID, Desk
from support.refusals import assert_refused
from support.script import Answer, Send
from support.translation import sdks, wires
from support.translation.said import BY_NAME

SAID = BY_NAME["text then two calls"]
READ = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
BODY: dict[str, Any] = {
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


NESTED = {"type": "function", "function": {"name": "Read", "description": "Reads", "parameters": READ}}
FLAT, FREE_TEXT = BODY["tools"]
CLAUDES = {"name": "Read", "description": "Reads", "input_schema": READ}
PICTURE = "data:image/png;base64,iVBORw0KGgo="
SYSTEM = {"role": "system", "content": "You operate in Cursor."}
USED: dict[str, dict[str, Any]] = {
    "a plain question": {"input": "What is in a?"},
    "tools of both forms in a body of Responses": {**BODY, "tools": [NESTED, FREE_TEXT, CLAUDES | {"name": "Look"}]},
    "a flat choice": {**BODY, "tool_choice": {"type": "function", "name": "Read"}},
    "a nested choice": {**BODY, "tool_choice": {"type": "function", "function": {"name": "Read"}}},
    "a choice of free text": {**BODY, "tool_choice": {"type": "custom", "name": "ApplyPatch"}},
    "a picture": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is in a?"},
                    {"type": "input_image", "image_url": PICTURE},
                ],
            }
        ]
    },
    "a thought of before": {
        "input": [
            {"role": "user", "content": "Hello"},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
            {"role": "user", "content": "What is in a?"},
        ],
        "reasoning": {"effort": "high", "summary": "auto"},
    },
    "ask mode": {
        "messages": [SYSTEM, {"role": "user", "content": "What is in a?"}],
        "tools": [NESTED, FREE_TEXT],
        "tool_choice": "auto",
        "stream_options": {"include_usage": True},
    },
    "flat tools beside messages": {"messages": [SYSTEM, {"role": "user", "content": "What is in a?"}], "tools": [FLAT]},
    "a model that is named like Claude's": {
        "messages": [
            SYSTEM,
            {"role": "user", "content": [{"type": "text", "text": "What is in a?"}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "a"}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "nothing"}]},
        ],
        "tools": [CLAUDES],
        "tool_choice": {"type": "auto"},
    },
}
"""Bodies of its several modes and versions."""
EVERY_PROVIDER = pytest.mark.parametrize(
    ("model", "dialect", "target"),
    [
        ("house", "chat", "/chat/completions"),
        ("sonnet", "messages", "/v1/messages"),
        ("gpt", "responses", "/responses"),
    ],
)


@EVERY_PROVIDER
@pytest.mark.parametrize("way", USED)
@pytest.mark.parametrize("stream", [True, False])
def test_every_mode_of_cursor_is_served_in_chunks_of_chat(  # noqa: PLR0917 - what is tried
    desk: Desk, project: str, model: str, dialect: str, target: str, way: str, *, stream: bool
) -> None:
    answer = Answer((Send(wires.WHOLE[dialect](SAID)),), said=SAID.counts)
    if stream:
        events = tuple(Send(event) for event in wires.STREAM[dialect](SAID))
        answer = Answer(events, headers=(("content-type", "text/event-stream"),), framing="chunked", said=SAID.counts)
    desk.provider.then(answer)
    options = {"stream_options": {"include_usage": True}} if stream else {"stream_options": None}
    body = {"model": model, **USED[way], "stream": stream, **options}
    reply = desk.post(CHAT_PATH, json.dumps(body).encode(), project=project)
    assert reply.status == 200, reply.body
    if stream:
        seen = sdks.chat_stream(reply.body)
        assert (seen.text, seen.stop) == (SAID.text, "tool_calls")
    else:
        (choice,) = json.loads(reply.body)["choices"]
        assert (choice["message"]["content"], choice["finish_reason"]) == (SAID.text, "tool_calls")
    asked = desk.provider.only()
    assert asked.target.endswith(target)
    assert b"What is in a?" in asked.body
    assert declared(json.loads(asked.body).get("tools", ()), dialect)
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, SAID.counts)


def declared(tools: list[dict[str, Any]], dialect: str) -> bool:
    """Tell whether tools are all as a provider's own protocol declares them."""
    keys = {"chat": "function", "messages": "input_schema", "responses": "name"}
    return all(isinstance(tool.get(keys[dialect]), dict if dialect != "responses" else str) for tool in tools)


def test_what_cursor_left_at_another_vendor_is_refused_by_name(desk: Desk) -> None:
    body = {"model": "house", **BODY, "previous_response_id": "resp_1"}
    reply = desk.post(CHAT_PATH, json.dumps(body).encode())
    assert "'previous_response_id'" in assert_refused(reply, "chat", 400, "invalid_request_error")
    assert desk.provider.received() == []


def test_tools_that_only_one_vendor_knows_pass_as_they_are_beside_messages(desk: Desk) -> None:
    """Nothing of such a body is Cursor's, so no byte of it changes."""
    tools = [NESTED, {"type": "web_search_preview"}, {"type": "custom", "custom": {"name": "Free"}}]
    body = json.dumps({"model": "house", "messages": [SYSTEM], "tools": tools}).encode()
    desk.post(CHAT_PATH, body)
    assert desk.provider.only().body == body.replace(b'"house"', b'"house/large"')


@EVERY_PROVIDER
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
