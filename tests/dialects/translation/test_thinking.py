"""Thoughts: whose signature it is, who gets it back, and how much thinking is asked for."""

import json
from typing import Any

import pytest

from support.translation import sdks, wires
from support.translation.calls import ask, fields, made
from support.translation.said import SAME, Said, Think

HI: Any = [{"role": "user", "content": "hi"}]
SIGNED = Said("signed", (Think(("Hm.",), "U0lHTkVE"), SAME), "tool")
VENDORS = {"messages": "anthropic", "responses": "openai", "gemini": "google"}


def answered(client: str, provider: str) -> dict[str, Any]:
    """Return a whole answer with a signed thought and a call as a client gets it."""
    body: dict[str, Any] = json.loads(made(client, provider).whole(200, wires.WHOLE[provider](SIGNED), "slug"))
    return body


def continued(client: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the request with which a client goes on after an answer with one call."""
    if client == "messages":
        result = {"type": "tool_result", "tool_use_id": "call_w3", "content": "9"}
        turns = [*HI, {"role": "assistant", "content": answer["content"]}, {"role": "user", "content": [result]}]
        return {"messages": turns, "max_tokens": 9000}
    if client == "responses":
        return {
            "input": [*HI, *answer["output"], {"type": "function_call_output", "call_id": "call_w3", "output": "9"}]
        }
    if client == "gemini":
        said = answer["candidates"][0]["content"]
        result = {"functionResponse": {"name": "weather", "response": {"output": "9"}}}
        return {"contents": [{"role": "user", "parts": [{"text": "hi"}]}, said, {"role": "user", "parts": [result]}]}
    message = answer["choices"][0]["message"]
    return {"messages": [*HI, message, {"role": "tool", "tool_call_id": "call_w3", "content": "9"}]}


@pytest.mark.parametrize("client", ["chat", "responses", "gemini"])
def test_anthropic_gets_its_signature_back_from_every_client(client: str) -> None:
    asked = continued(client, answered(client, "messages"))
    content = fields(ask(client, "messages", "claude-sonnet-4-5", **asked))["messages"][1]["content"]
    assert content[0] == {"type": "thinking", "thinking": "Hm.", "signature": "U0lHTkVE"}
    assert content[1]["type"] == "tool_use"


@pytest.mark.parametrize("client", ["chat", "messages", "gemini"])
def test_openai_gets_its_encrypted_thought_back_with_its_id(client: str) -> None:
    asked = continued(client, answered(client, "responses"))
    items = fields(ask(client, "responses", "gpt-5.1", **asked))["input"]
    thought = {"type": "reasoning", "id": "rs_0", "encrypted_content": "U0lHTkVE"}
    assert items[1] == {**thought, "summary": [{"type": "summary_text", "text": "Hm."}]}
    assert items[2]["type"] == "function_call"


@pytest.mark.parametrize("client", ["chat", "messages", "responses"])
def test_google_gets_its_signature_back_on_the_call(client: str) -> None:
    asked = continued(client, answered(client, "gemini"))
    turns = asked.get("messages") or asked.get("input")
    for item in turns or ():  # Gemini's calls have no ids, so the client has one of ours
        if isinstance(item, dict) and item.get("type") == "function_call":
            asked["input"][-1]["call_id"] = item["call_id"]
        if isinstance(item, dict) and item.get("tool_calls"):
            asked["messages"][-1]["tool_call_id"] = item["tool_calls"][0]["id"]
    if client == "messages":
        used = next(block for block in asked["messages"][1]["content"] if block["type"] == "tool_use")
        asked["messages"][2]["content"][0]["tool_use_id"] = used["id"]
    parts = fields(ask(client, "gemini", "gemini-3-pro", **asked))["contents"][1]["parts"]
    assert parts[0] == {"text": "Hm.", "thought": True}
    assert parts[1]["thoughtSignature"] == "U0lHTkVE"
    assert parts[1]["functionCall"]["name"] == "weather"


@pytest.mark.parametrize("provider", sorted(VENDORS))
@pytest.mark.parametrize("client", ["chat", "messages", "responses", "gemini"])
def test_no_vendor_ever_sees_the_signature_of_another(client: str, provider: str) -> None:
    for source in VENDORS:
        if provider in {source, client} or source == client:
            continue
        sent = ask(client, provider, "model-x", **continued_with_ids(client, source))
        assert b"U0lHTkVE" not in sent.body
        assert b"cv1." not in sent.body
        assert "thinking" in sent.dropped


def continued_with_ids(client: str, source: str) -> dict[str, Any]:
    return json.loads(json.dumps(continued(client, answered(client, source))).replace("call_w3", "call_w3"))


@pytest.mark.parametrize("client", ["chat", "responses", "gemini"])
def test_a_native_signature_goes_to_no_other_vendor(client: str) -> None:
    said = {
        "responses": {"input": [*HI, {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}]},
        "gemini": {"contents": [{"role": "model", "parts": [{"text": "x", "thoughtSignature": "Z0FBQUE="}]}]},
        "chat": {"messages": [{"role": "assistant", "content": "x", "reasoning_content": "gAAAA"}]},
    }
    sent = ask(client, "messages", "claude-sonnet-4-5", **said[client])
    assert b"gAAAA" not in sent.body
    assert b"Z0FBQUE" not in sent.body
    assert sent.dropped == ("thinking",)


def test_two_vendors_of_one_protocol_are_told_apart() -> None:
    body = made("chat", "messages", "moonshot").whole(200, wires.messages_whole(SIGNED), "slug")
    asked = continued("chat", json.loads(body))
    assert b"U0lHTkVE" in ask("chat", "messages", "kimi", vendor="moonshot", **asked).body
    assert b"U0lHTkVE" not in ask("chat", "messages", "claude-opus-4-7", **asked).body


def test_redacted_thoughts_go_back_as_they_came() -> None:
    message = json.loads(wires.messages_whole(SIGNED))
    message["content"][0] = {"type": "redacted_thinking", "data": "SECRETDATA"}
    for client in ("chat", "responses", "gemini"):
        answer = json.loads(made(client, "messages").whole(200, json.dumps(message).encode(), "slug"))
        sent = fields(ask(client, "messages", "claude-sonnet-4-5", **continued(client, answer)))
        assert sent["messages"][1]["content"][0] == {"type": "redacted_thinking", "data": "SECRETDATA"}


def test_calls_of_other_models_carry_the_signature_that_gemini_3_accepts() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [*HI, {"role": "assistant", "tool_calls": [call, {**call, "id": "d"}]}]
    for model, signed in (("gemini-3-pro", True), ("gemini-2.5-flash", False)):
        parts = fields(ask("chat", "gemini", model, messages=turns))["contents"][1]["parts"]
        assert ("thoughtSignature" in parts[0]) is signed
        assert "thoughtSignature" not in parts[1]


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "config"),
    [
        ("claude-sonnet-4-5", "high", {"type": "enabled", "budget_tokens": 16_384}, None),
        ("claude-sonnet-4-5", "none", None, None),
        ("claude-opus-4-6", "xhigh", {"type": "adaptive", "display": "summarized"}, {"effort": "high"}),
        ("claude-opus-4-7", "minimal", {"type": "adaptive", "display": "summarized"}, {"effort": "low"}),
        ("claude-opus-4-7", "none", {"type": "disabled"}, None),
        ("claude-3-5-haiku", "high", None, None),
        ("kimi-k3", "low", {"type": "enabled", "budget_tokens": 2048}, None),
    ],
)
def test_an_effort_becomes_what_each_claude_takes(
    model: str, effort: str, thinking: dict[str, Any] | None, config: dict[str, Any] | None
) -> None:
    got = fields(ask("chat", "messages", model, messages=HI, reasoning_effort=effort))
    assert got.get("thinking") == thinking
    assert got.get("output_config") == config


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-2.5-flash", "none", {"includeThoughts": True, "thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"includeThoughts": True, "thinkingBudget": 128}),
        ("gemini-3-flash", "minimal", {"includeThoughts": True, "thinkingLevel": "minimal"}),
        ("gemini-3-pro-preview", "minimal", {"includeThoughts": True, "thinkingLevel": "low"}),
        ("gemini-3-pro-preview", "xhigh", {"includeThoughts": True, "thinkingLevel": "high"}),
    ],
)
def test_an_effort_becomes_what_each_gemini_takes(model: str, effort: str, config: dict[str, Any]) -> None:
    got = fields(ask("chat", "gemini", model, messages=HI, reasoning_effort=effort))
    assert got["generationConfig"]["thinkingConfig"] == config


@pytest.mark.parametrize(("budget", "effort"), [(1024, "low"), (8000, "medium"), (31_999, "high")])
def test_a_budget_becomes_an_effort(budget: int, effort: str) -> None:
    thinking = {"type": "enabled", "budget_tokens": budget}
    sent = ask("messages", "responses", "gpt-5.1", messages=HI, max_tokens=64_000, thinking=thinking)
    assert fields(sent)["reasoning"] == {"effort": effort, "summary": "auto"}
    assert fields(sent)["include"] == ["reasoning.encrypted_content"]


def test_thinking_by_budget_is_left_out_where_the_tools_loop_began_without_it() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [*HI, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "1"}]
    sent = ask("chat", "messages", "claude-sonnet-4-5", messages=turns, reasoning_effort="high")
    assert "thinking" not in fields(sent)
    assert "reasoning" in sent.dropped


def test_deepseek_gets_its_thought_back_only_while_tools_loop() -> None:
    body = made("messages", "chat", "deepseek").whole(200, wires.chat_whole(SIGNED), "slug")
    asked = continued("messages", json.loads(body))
    sent = fields(ask("messages", "chat", "deepseek-chat", vendor="deepseek", **asked))
    assert sent["messages"][1]["reasoning_content"] == "Hm."
    asked["messages"].append({"role": "user", "content": "and now?"})
    sent = fields(ask("messages", "chat", "deepseek-chat", vendor="deepseek", **asked))
    assert "reasoning_content" not in sent["messages"][1]


def test_paragraphs_of_a_summary_stay_apart() -> None:
    events = wires.responses_stream(Said("two", (Think(("One.",)),)))
    part = b'data: {"type":"response.reasoning_summary_part.added","summary_index":1}\n\n'
    more = b'data: {"type":"response.reasoning_summary_text.delta","summary_index":1,"delta":"Two."}\n\n'
    made_one = made("messages", "responses").stream("slug")
    out = b"".join(made_one.feed(event) for event in (*events[:6], part, more, *events[6:])) + made_one.finish()
    assert sdks.messages_stream(out).thought == "One.\n\nTwo."
