"""Tools of kinds and names that other protocols do not know, and ids that must stay what they are."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import BadBody, Head
from codevector_daemon.dialects.translation import ids
from support.translation import sdks, wires
from support.translation.calls import ask, fields, made, quick
from support.translation.said import Call, Said

LONG = "mcp__a_server_with_a_long_name__and_a_tool_with_a_name_that_is_longer_than_openai_takes"
HI = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {}}


def codex(*tools: object, **more: object) -> bytes:
    return json.dumps({"model": "slug", "input": "hi", "tools": tools, **more}).encode()


def responses_events(said: Said, *tools: object, provider: str = "messages") -> list[dict[str, object]]:
    """Return the events that a Responses client with these tools gets."""
    translation = made("responses", provider)
    translation.request(codex(*tools), Head(model="slug"), "claude-sonnet-4-5", stream=True)
    translator = translation.stream("slug")
    out = b"".join(translator.feed(event) for event in wires.STREAM[provider](said)) + translator.finish()
    sdks.responses_stream(out)
    return sdks.payloads(out)


def test_a_free_text_tool_is_a_function_upstream_and_free_text_again_for_the_client() -> None:
    tool = {
        "type": "custom",
        "name": "apply_patch",
        "description": "Patches.",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: LINE+"},
    }
    body = json.loads(made("responses", "messages").request(codex(tool), Head(model="s"), "m", stream=True).body)
    assert body["tools"][0]["name"] == "apply_patch"
    assert body["tools"][0]["description"] == "Patches.\n\nThe input must follow this grammar:\nstart: LINE+"
    assert body["tools"][0]["input_schema"]["required"] == ["input"]
    patch = '*** Begin Patch\n+ "x"\n*** End Patch'
    call = Call("call_p", "apply_patch", (json.dumps({"input": patch})[:9], json.dumps({"input": patch})[9:]))
    events = responses_events(Said("patch", (call,), "tool"), tool)
    done = next(event for event in events if event["type"] == "response.output_item.done")
    assert {**done["item"], "id": ""} == {
        "id": "",
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": "call_p",
        "name": "apply_patch",
        "input": patch,
    }
    deltas = [event["delta"] for event in events if event["type"] == "response.custom_tool_call_input.delta"]
    assert "".join(map(str, deltas)) == patch
    assert not [event for event in events if "function_call_arguments" in str(event["type"])]


def test_a_history_with_free_text_calls_goes_upstream_as_functions() -> None:
    items = [
        {"role": "user", "content": "hi"},
        {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "text"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "Done"},
    ]
    got = fields(ask("responses", "messages", "claude-sonnet-4-5", input=items))["messages"]
    assert got[1]["content"] == [{"type": "tool_use", "id": "c1", "name": "apply_patch", "input": {"input": "text"}}]
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "Done"}]}
    assert got[2]["content"] == [result]


def test_tools_of_a_namespace_come_back_in_it() -> None:
    inner = {"type": "function", "name": "search", "parameters": SCHEMA}
    space = {"type": "namespace", "name": "mcp__docs", "description": "Docs.", "tools": [inner]}
    body = json.loads(made("responses", "chat").request(codex(space), Head(model="s"), "m", stream=True).body)
    assert body["tools"][0]["function"]["name"] == "mcp__docs__search"
    said = Said("search", (Call("call_s", "mcp__docs__search", ("{}",)),), "tool")
    events = responses_events(said, space, provider="chat")
    item = next(event["item"] for event in events if event["type"] == "response.output_item.done")
    assert isinstance(item, dict)
    assert (item["namespace"], item["name"]) == ("mcp__docs", "search")
    items = [{"type": "function_call", "call_id": "c", "namespace": "mcp__docs", "name": "search", "arguments": "{}"}]
    sent = fields(ask("responses", "chat", "m", input=items))["messages"][0]["tool_calls"][0]
    assert sent["function"]["name"] == "mcp__docs__search"


@pytest.mark.parametrize("provider", ["chat", "responses", "gemini"])
def test_a_long_tool_name_is_shortened_upstream_and_whole_again_for_the_client(provider: str) -> None:
    translation = made("messages", provider)
    tool = {"name": LONG, "input_schema": SCHEMA}
    call = {"type": "tool_use", "id": "toolu_1", "name": LONG, "input": {}}
    turns = [*HI, {"role": "assistant", "content": [call]}]
    turns.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}]})
    asked = {"model": "s", "max_tokens": 9, "messages": turns, "tools": [tool], "tool_choice": {"type": "any"}}
    sent = translation.request(json.dumps(asked).encode(), Head(model="s"), "model-x", stream=True).body.decode()
    short = ids.tool_name(LONG)
    assert len(short) == 64
    assert LONG not in sent
    assert sent.count(short) >= 2
    translator = translation.stream("slug")
    said = Said("long", (Call("call_1", short, ("{}",)),), "tool")
    out = b"".join(translator.feed(event) for event in wires.STREAM[provider](said)) + translator.finish()
    assert sdks.messages_stream(out).calls == [(LONG, {})]


@quick
@given(st.text(max_size=200))
def test_every_tool_name_becomes_one_that_all_accept(name: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", ids.tool_name(name))


@quick
@given(st.text(max_size=80), st.sampled_from((40, 64)))
def test_every_call_id_becomes_one_that_anthropic_accepts_and_stays_it(given_id: str, longest: int) -> None:
    fitted = ids.call_id(given_id, longest)
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", fitted)
    assert len(fitted) <= longest
    assert ids.call_id(fitted, longest) == fitted


@pytest.mark.parametrize("provider", ["messages", "responses", "gemini"])
def test_a_call_and_its_answer_keep_one_id_whatever_it_was(provider: str) -> None:
    odd = "functions.weather:0 / é" + "x" * 80
    call = {"id": odd, "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    turns = [*HI, {"role": "assistant", "content": None, "tool_calls": [call]}]
    turns.append({"role": "tool", "tool_call_id": odd, "content": "12"})
    sent = ask("chat", provider, "model-x", messages=turns).body.decode()
    assert odd not in sent
    assert sent.count(ids.call_id(odd)) == (0 if provider == "gemini" else 2)


def test_calls_from_gemini_get_ids_of_their_own() -> None:
    said = Said("same", (Call("", "weather", ("{}",)), Call("", "weather", ("{}",))), "tool")
    translator = made("messages", "gemini").stream("slug")
    out = b"".join(translator.feed(event) for event in wires.gemini_stream(said)) + translator.finish()
    first, second = sdks.messages_stream(out).call_ids
    assert first.startswith("toolu_")
    assert first != second


def test_answers_of_gemini_functions_find_their_calls_by_name_and_order() -> None:
    calls = [{"functionCall": {"name": name, "args": {}}} for name in ("a", "b", "a")]
    results = [{"functionResponse": {"name": name, "response": {"output": name}}} for name in ("b", "a", "a")]
    contents = [{"role": "model", "parts": calls}, {"role": "user", "parts": results}]
    got = fields(ask("gemini", "chat", "m", contents=contents))["messages"]
    first, second, third = (call["id"] for call in got[0]["tool_calls"])
    said = [(message["tool_call_id"], message["content"]) for message in got[1:]]
    assert said == [(first, "a"), (second, "b"), (third, "a")]


@pytest.mark.parametrize(
    ("client", "tool", "named"),
    [
        ("messages", {"type": "web_search_20250305", "name": "web_search"}, "tools.web_search_20250305"),
        ("responses", {"type": "web_search"}, "tools.web_search"),
        ("gemini", {"googleSearch": {}}, "tools.googleSearch"),
    ],
)
def test_a_tool_that_only_its_vendor_runs_is_left_out_and_named(
    client: str, tool: dict[str, object], named: str
) -> None:
    asked = {"responses": {"input": "hi"}, "gemini": {"contents": [{"parts": [{"text": "hi"}]}]}}
    body = asked.get(client, {"messages": HI, "max_tokens": 9})
    translated = ask(client, "chat", "m", **body, tools=[tool])
    assert named in translated.dropped
    assert "tools" not in fields(translated)


@pytest.mark.parametrize(
    ("client", "tool"),
    [("messages", {"type": "bash_20250124", "name": "bash"}), ("responses", {"type": "local_shell"})],
)
def test_a_tool_that_the_client_runs_but_no_other_model_knows_is_refused(client: str, tool: dict[str, object]) -> None:
    body = {"input": "hi"} if client == "responses" else {"messages": HI, "max_tokens": 9}
    with pytest.raises(BadBody, match=r"tools\[0\]\.type"):
        ask(client, "chat", "m", **body, tools=[tool])


def test_broken_arguments_in_a_history_are_kept_in_an_object() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ul'}}
    turns = [*HI, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "?"}]
    got = fields(ask("chat", "messages", "claude-sonnet-4-5", messages=turns))["messages"][1]["content"][0]
    assert got["input"] == {"INVALID_JSON": '{"city": "Ul'}


def test_only_the_allowed_tools_are_shown() -> None:
    tools = [{"type": "function", "name": name, "parameters": SCHEMA} for name in ("a", "b")]
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "b"}]}
    got = fields(ask("responses", "messages", "m", input="hi", tools=tools, tool_choice=choice))
    assert [tool["name"] for tool in got["tools"]] == ["b"]
    assert got["tool_choice"] == {"type": "any"}


def test_answers_of_tools_come_first_and_together() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "a", "input": {}}
    items = [
        {"type": "function_call", "call_id": "a", "name": "x", "arguments": "{}"},
        {"role": "user", "content": "wait"},
        {"type": "function_call_output", "call_id": "a", "output": "1"},
    ]
    got = fields(ask("responses", "messages", "m", input=items))["messages"]
    assert call["type"] == got[0]["content"][0]["type"]
    assert [block["type"] for block in got[1]["content"]] == ["tool_result", "text"]
