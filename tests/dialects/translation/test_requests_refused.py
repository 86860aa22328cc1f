"""What a request asks that another protocol cannot give: named in the header where harmless, else a clear refusal."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import BadBody, Head
from support.translation.calls import ask, fields, made, quick

HI = [{"role": "user", "content": "hi"}]
CHAT: dict[str, Any] = {"messages": HI}
MESSAGES: dict[str, Any] = {"messages": HI, "max_tokens": 99}
RESPONSES: dict[str, Any] = {"input": "hi"}
GEMINI: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
ASKED = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES, "gemini": GEMINI}


@pytest.mark.parametrize(
    ("client", "more", "named"),
    [
        ("chat", {"messages": "hi"}, "'messages' is wrong"),
        ("chat", {"messages": [{"role": "user", "content": 3}]}, r"'messages\[0\].content' is wrong"),
        ("chat", {"messages": [{"content": "hi"}]}, r"'messages\[0\].role' is missing"),
        ("chat", {"messages": [{"role": "wizard", "content": "hi"}]}, r"'messages\[0\].role' must be one of"),
        ("chat", {"temperature": "hot"}, "'temperature' is wrong"),
        ("chat", {"tools": [{"type": "function"}]}, r"'tools\[0\].function' is missing"),
        ("chat", {"tool_choice": "maybe"}, "'tool_choice' must be one of"),
        ("chat", {"tool_choice": {"type": 3}}, "'tool_choice.type' is wrong"),
        ("chat", {"n": 2}, "'n' must be 1"),
        ("chat", {"modalities": ["text", "audio"]}, "'modalities' asks for audio"),
        ("chat", {"functions": [{"name": "f"}]}, "'functions'"),
        ("chat", {"response_format": {"type": "xml"}}, "'response_format'"),
        ("messages", {"messages": [{"role": "user", "content": [{"type": 3}]}]}, r"'messages\[0\].content\[0\].type'"),
        ("messages", {"system": 3}, "'system' is wrong"),
        ("messages", {"max_tokens": "9"}, "'max_tokens' is wrong"),
        ("messages", {"tool_choice": {"type": "tool"}}, "'tool_choice.type'"),
        ("responses", {"input": 3}, "'input' is wrong"),
        ("responses", {"previous_response_id": "resp_1"}, "'previous_response_id'"),
        ("responses", {"conversation": "conv_1"}, "'conversation'"),
        ("responses", {"background": True}, "'background'"),
        ("responses", {"prompt": {"id": "p"}}, "'prompt'"),
        ("responses", {"input": [{"type": "item_reference", "id": "x"}]}, r"'input\[0\].type' is 'item_reference'"),
        ("responses", {"input": [{"type": "function_call", "name": "f"}]}, r"'input\[0\].call_id' is missing"),
        ("gemini", {"contents": 3}, "'contents' is wrong"),
        ("gemini", {"cachedContent": "cachedContents/1"}, "'cachedContent'"),
        ("gemini", {"generationConfig": {"candidateCount": 2}}, r"'generationConfig\.candidateCount'"),
        ("gemini", {"generationConfig": {"temperature": "hot"}}, "'generationConfig' is wrong"),
        ("gemini", {"generationConfig": {"responseModalities": ["AUDIO"]}}, "responseModalities"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(client: str, more: dict[str, Any], named: str) -> None:
    provider = "messages" if client != "messages" else "chat"
    with pytest.raises(BadBody, match=named):
        ask(client, provider, "model-x", **(ASKED[client] | more))


@pytest.mark.parametrize(
    ("part", "provider"),
    [
        ({"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}, "messages"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "messages"),
    ],
)
def test_content_that_another_vendor_cannot_read_is_refused(part: dict[str, Any], provider: str) -> None:
    with pytest.raises(BadBody, match=r"messages\[0\]\.content\[0\]"):
        ask("chat", provider, "m", messages=[{"role": "user", "content": [part]}])


@pytest.mark.parametrize(
    ("client", "provider", "model", "more", "dropped"),
    [
        ("chat", "messages", "claude-sonnet-4-5", {"seed": 3, "logit_bias": {"1": 2}}, {"seed", "logit_bias"}),
        ("chat", "messages", "claude-sonnet-4-5", {"temperature": 1.5}, {"temperature"}),
        ("chat", "messages", "claude-sonnet-4-5", {"temperature": 0.5, "top_p": 0.9}, {"top_p"}),
        ("chat", "messages", "claude-opus-4-7", {"temperature": 0.5}, {"temperature"}),
        ("chat", "messages", "claude-opus-4-7", {"temperature": 1}, set()),
        ("chat", "messages", "claude-sonnet-4-5", {"response_format": {"type": "json_object"}}, {"response_format"}),
        ("chat", "responses", "gpt-5.1", {"temperature": 0.2, "stop": ["x"]}, {"temperature", "stop"}),
        ("messages", "chat", "gpt-5.1", {"temperature": 0.2}, {"temperature"}),
        ("messages", "chat", "gpt-5.1", {"temperature": 1, "top_k": 5}, {"top_k"}),
        ("messages", "chat", "llama", {"top_k": 5}, set()),
        ("messages", "chat", "gpt-4o", {"thinking": {"type": "enabled", "budget_tokens": 2000}}, {"reasoning_effort"}),
        ("messages", "chat", "m", {"system": [{"type": "text", "text": "x", "cache_control": {}}]}, {"cache_control"}),
        ("messages", "gemini", "gemini-2.5-pro", {"metadata": {"user_id": "u"}}, {"user"}),
        (
            "messages",
            "chat",
            "m",
            {"context_management": {"edits": []}, "brand_new": 1},
            {"context_management", "brand_new"},
        ),
        ("responses", "chat", "m", {"truncation": "auto", "include": ["x.y"]}, {"truncation", "include.x.y"}),
        ("gemini", "chat", "m", {"safetySettings": [], "generationConfig": {"speechConfig": {}}}, None),
        ("chat", "gemini", "gemini-2.0-flash", {"reasoning_effort": "high"}, {"reasoning"}),
        ("chat", "messages", "m", {"user": "u", "store": None}, set()),
    ],
)
def test_what_is_harmless_is_dropped_and_named(
    client: str, provider: str, model: str, more: dict[str, Any], dropped: set[str] | None
) -> None:
    expected = {"safetySettings", "generationConfig.speechConfig"} if dropped is None else dropped
    assert set(ask(client, provider, model, **(ASKED[client] | more)).dropped) == expected


def test_a_dropped_name_is_fit_for_a_header() -> None:
    odd = "x\r\nset-cookie: a=1; ü" + "y" * 200
    (name,) = ask("chat", "messages", "m", **CHAT, **{odd: 1}).dropped
    assert name.isascii()
    assert name.isprintable()
    assert len(name) <= 64


@pytest.mark.parametrize(
    ("model", "limit"),
    [("claude-3-haiku-20240307", 4096), ("claude-3-5-sonnet-20241022", 8192), ("claude-opus-4-7", 32_000)],
)
def test_messages_gets_the_limit_it_demands(model: str, limit: int) -> None:
    assert fields(ask("chat", "messages", model, **CHAT))["max_tokens"] == limit


def test_no_more_output_is_asked_for_than_the_model_gives() -> None:
    body = json.dumps({**MESSAGES, "max_tokens": 64_000}).encode()
    sent = made("messages", "chat").request(body, Head(model="s"), "gpt-4o", stream=False, max_output=16_384)
    assert fields(sent)["max_completion_tokens"] == 16_384


def test_a_later_system_message_keeps_its_place() -> None:
    turns = [{"role": "system", "content": "first"}, *HI, {"role": "system", "content": "later"}]
    got = fields(ask("chat", "messages", "m", messages=turns))
    assert got["system"] == "first"
    assert got["messages"][0]["content"][1]["text"] == "<system-reminder>\nlater\n</system-reminder>"


def test_a_streamed_chat_request_asks_for_the_usage() -> None:
    body = json.dumps(MESSAGES).encode()
    sent = fields(made("messages", "chat").request(body, Head(model="s"), "m", stream=True))
    assert sent["stream"] is True
    assert sent["stream_options"] == {"include_usage": True}


def test_a_chat_client_that_did_not_ask_for_usage_gets_none() -> None:
    for options, expected in (({}, False), ({"stream_options": {"include_usage": True}}, True)):
        translation = made("chat", "messages")
        body = json.dumps(CHAT | {"stream": True} | options).encode()
        translation.request(body, Head(model="s"), "m", stream=True)
        assert (b'"usage"' in translation.stream("slug").finish()) is False
        translator = translation.stream("slug")
        translator.feed(b'data: {"type":"message_stop"}\n\n')
        assert (b'"usage"' in translator.finish()) is expected


def test_tool_loops_on_claude_are_cached_as_openais_clients_expect() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    turns = [{"role": "system", "content": "s"}, *HI]
    got = fields(ask("chat", "messages", "claude-sonnet-4-5", messages=turns, tools=tools))
    hint = {"type": "ephemeral"}
    assert got["system"][0]["cache_control"] == hint
    assert got["messages"][-1]["content"][-1]["cache_control"] == hint


def test_cache_hints_reach_a_chat_provider_that_reads_them() -> None:
    system = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    sent = ask("messages", "chat", "m", vendor="openrouter", **MESSAGES, system=system)
    assert fields(sent)["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert sent.dropped == ()


_INNER = ("role", "content", "type", "text", "parts", "tools", "input", "name", "id", "function")
_OUTER = ("messages", "input", "contents", "tools", "tool_choice", "system", "stop", "thinking", "reasoning", "text")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_INNER), inner),
    max_leaves=10,
)


@quick
@given(st.dictionaries(st.sampled_from(_OUTER), _JSON), st.sampled_from(sorted(ASKED)), st.sampled_from(sorted(ASKED)))
def test_any_body_is_translated_or_refused(value: dict[str, Any], client: str, provider: str) -> None:
    if provider == client:
        return
    body = json.dumps(ASKED[client] | value).encode()
    try:
        sent = made(client, provider).request(body, Head(model="s"), "model-x", stream=True).body
    except BadBody:
        return
    assert json.loads(sent)


@quick
@given(_JSON | st.binary(max_size=30), st.sampled_from(sorted(ASKED)))
def test_what_is_no_request_is_refused(value: Any, client: str) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(BadBody):
        made(client, "chat" if client != "chat" else "messages").request(body, Head(model="s"), "m", stream=True)


def test_the_billing_note_of_claude_code_stays_with_anthropic() -> None:
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cch=1"},
        {"type": "text", "text": "Hi"},
    ]
    assert fields(ask("messages", "chat", "m", **MESSAGES, system=system))["messages"][0]["content"] == "Hi"


def test_tools_that_only_the_history_calls_are_declared_but_not_to_be_called() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [*HI, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "1"}]
    got = fields(ask("chat", "messages", "claude-sonnet-4-5", messages=turns))
    assert [tool["name"] for tool in got["tools"]] == ["f"]
    assert got["tool_choice"] == {"type": "none"}


@pytest.mark.parametrize(("model", "held"), [("gemini-2.5-flash", False), ("gemini-3-pro", True)])
def test_an_older_gemini_with_tools_is_asked_for_json_in_words(model: str, held: bool) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    sent = ask("chat", "gemini", model, **CHAT, tools=[tool], response_format=form)
    assert ("generationConfig" in fields(sent)) is held
    assert ("systemInstruction" in fields(sent)) is not held
    assert ("response_format" in sent.dropped) is not held


def test_half_a_character_in_a_request_does_not_make_it_fail() -> None:
    call = b'{"type":"tool_use","id":"t","name":"f","input":{"x":"a\\ud83d"}}'
    turns = b'{"role":"user","content":"cut \\ud83d"},{"role":"assistant","content":[' + call + b"]}"
    body = b'{"max_tokens":9,"messages":[' + turns + b"]}"
    for provider in ("chat", "responses", "gemini"):
        sent = fields(made("messages", provider).request(body, Head(model="s"), "m", stream=False))
        assert "cut \ufffd" in json.dumps(sent, ensure_ascii=False)
        assert "INVALID_JSON" not in json.dumps(sent)
