"""What a vendor demands of a request beyond its protocol's types, so that it does not refuse what was carried to it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import BadBody, Head
from codevector_daemon.dialects.translation import Translated
from codevector_daemon.dialects.translation.canonical import Text, ToolCall, ToolResult, Turn
from codevector_daemon.dialects.translation.outgoing import answered
from support.translation.calls import ask, fields, made, quick

HI: list[Any] = [{"role": "user", "content": "hi"}]
MODELS = {"chat": "model-x", "messages": "claude-sonnet-4-5", "gemini": "gemini-3-pro", "responses": "gpt-5.1"}


def called(call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": f'{{"q":"{call_id}"}}'}


def result(call_id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": f"of {call_id}"}


def order(provider: str, items: list[Any]) -> list[str]:
    """Return what follows what in a request: calls, their answers and other words."""
    sent = fields(ask("responses", provider, MODELS[provider], input=items))
    said: list[str] = []
    if provider == "chat":
        for message in sent["messages"]:
            said += [f"call {call['id']}" for call in message.get("tool_calls") or ()]
            said += [message["content"]] if message["content"] else []
    elif provider == "messages":
        for block in (block for message in sent["messages"] for block in message["content"]):
            content = block.get("content")
            said.append(f"call {block['id']}" if "id" in block else content[0]["text"] if content else block["text"])
    else:
        for part in (part for content in sent["contents"] for part in content["parts"]):
            call, answer = part.get("functionCall"), part.get("functionResponse")
            said.append(
                f"call {call['args']['q']}" if call else answer["response"]["output"] if answer else part["text"]
            )
    return said


@pytest.mark.parametrize("provider", ["chat", "messages", "gemini"])
@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([called("a"), *HI, result("a")], ["call a", "of a", "hi"]),
        ([called("a"), called("b"), result("b"), result("a")], ["call a", "call b", "of a", "of b"]),
        (
            [called("a"), called("b"), result("a"), {"role": "assistant", "content": "mid"}, result("b")],
            ["call a", "call b", "of a", "of b", "mid"],
        ),
        ([called("a"), result("a"), called("a"), result("a")], ["call a", "of a", "call a", "of a"]),
    ],
    ids=["a word between", "out of order", "split", "one id twice"],
)
def test_answers_stand_right_behind_their_calls_in_the_calls_order(
    provider: str, items: list[Any], expected: list[str]
) -> None:
    assert order(provider, items) == expected


@quick
@given(st.lists(st.tuples(st.sampled_from(("call", "result", "text")), st.sampled_from("abc")), max_size=20))
def test_putting_answers_behind_their_calls_loses_nothing(parts: list[tuple[str, str]]) -> None:
    turns = [
        Turn("assistant", (ToolCall(name, name),))
        if kind == "call"
        else Turn("user", (ToolResult(name, (Text(str(at)),)) if kind == "result" else Text(str(at)),))
        for at, (kind, name) in enumerate(parts)
    ]
    ordered = answered(turns)
    assert sorted(map(repr, _parts(ordered))) == sorted(map(repr, _parts(turns)))
    assert answered(ordered) == ordered


def _parts(turns: list[Turn]) -> list[Any]:
    return [part for turn in turns for part in turn.parts]


@pytest.mark.parametrize(
    ("model", "most", "kept"), [("gpt-4o", 5, 4), ("gpt-4o", 4, 4), ("gpt-5.1", 1, 0), ("llama", 9, 9)]
)
def test_openai_gets_no_more_stop_sequences_than_it_takes(model: str, most: int, kept: int) -> None:
    stop = [f"s{at}" for at in range(most)]
    sent = ask("messages", "chat", model, messages=HI, max_tokens=9, stop_sequences=stop)
    assert fields(sent).get("stop", []) == stop[:kept]
    assert ("stop" in sent.dropped) is (kept < most)


@pytest.mark.parametrize("effort", ["minimal", "low", "medium", "high", "xhigh", "max"])
@pytest.mark.parametrize("limit", [None, 2000, 3000, 8000, 64_000])
def test_thinking_by_effort_leaves_room_for_the_answer(effort: str, limit: int | None) -> None:
    more = {} if limit is None else {"max_completion_tokens": limit}
    sent = fields(ask("chat", "messages", "claude-sonnet-4-5", messages=HI, reasoning_effort=effort, **more))
    assert sent["max_tokens"] == (limit or 32_000)
    assert sent["thinking"]["budget_tokens"] <= sent["max_tokens"] * 3 / 4
    if limit is not None:
        asked = {"messages": HI, "reasoning_effort": effort, **more}
        config = fields(ask("chat", "gemini", "gemini-2.5-pro", **asked))["generationConfig"]
        assert config["thinkingConfig"]["thinkingBudget"] <= limit * 3 / 4


@pytest.mark.parametrize(
    ("limit", "budget", "sent"), [(None, 60_000, 24_000), (9000, 8500, 8500), (9000, 20_000, 8999), (1024, 1024, None)]
)
def test_a_budget_stays_below_the_limit(limit: int | None, budget: int, sent: int | None) -> None:
    config = {"thinkingConfig": {"thinkingBudget": budget}} | ({"maxOutputTokens": limit} if limit else {})
    contents = [{"role": "user", "parts": [{"text": "hi"}]}]
    got = ask("gemini", "messages", "claude-sonnet-4-5", contents=contents, generationConfig=config)
    assert fields(got).get("thinking", {}).get("budget_tokens") == sent
    assert ("reasoning" in got.dropped) is (sent is None)


@pytest.mark.parametrize(
    ("model", "budget", "sent"),
    [
        ("gemini-2.5-flash", 60_000, 24_576),
        ("gemini-2.5-pro", 60_000, 32_768),
        ("gemini-2.5-pro", 1024, 1024),
        ("gemini-2.5-flash-lite", 1024, 1024),
    ],
)
def test_gemini_gets_a_budget_within_its_bounds(model: str, budget: int, sent: int) -> None:
    thinking = {"type": "enabled", "budget_tokens": budget}
    got = fields(ask("messages", "gemini", model, messages=HI, max_tokens=64_000, thinking=thinking))
    assert got["generationConfig"]["thinkingConfig"]["thinkingBudget"] == sent


@pytest.mark.parametrize(
    ("model", "effort", "level"),
    [
        ("gemini-3-pro-preview", "medium", "high"),
        ("gemini-3.1-pro-preview", "medium", "medium"),
        ("gemini-3-flash", "medium", "medium"),
    ],
)
def test_gemini_gets_a_level_that_it_has(model: str, effort: str, level: str) -> None:
    got = fields(ask("chat", "gemini", model, messages=HI, reasoning_effort=effort))
    assert got["generationConfig"]["thinkingConfig"]["thinkingLevel"] == level


@pytest.mark.parametrize(
    ("facade", "asked", "sent"), [(None, None, 32_000), (64_000, None, 64_000), (8192, None, 8192), (8192, 9000, 8192)]
)
def test_messages_gets_the_limit_of_the_facade_where_the_client_set_none(
    facade: int | None, asked: int | None, sent: int
) -> None:
    body = json.dumps({"messages": HI} | ({"max_tokens": asked} if asked else {})).encode()
    got = made("chat", "messages").request(body, Head(model="s"), "claude-opus-4-5", stream=False, max_output=facade)
    assert fields(got)["max_tokens"] == sent


def test_a_message_cached_as_a_whole_is_cached_at_its_last_part() -> None:
    content = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    message = {"role": "user", "content": content, "cache_control": {"type": "ephemeral"}}
    sent = fields(ask("chat", "messages", "claude-sonnet-4-5", messages=[message]))["messages"][0]["content"]
    assert ["cache_control" in block for block in sent] == [False, True]


@pytest.mark.parametrize("reasoning", [{"effort": None}, {"context": "all_turns"}])
def test_nobody_thinks_who_was_not_asked_to(reasoning: dict[str, Any]) -> None:
    assert "thinking" not in fields(ask("responses", "messages", "claude-sonnet-4-5", input="hi", reasoning=reasoning))


@pytest.mark.parametrize("model", ["gpt-5.1", "model-x"])
def test_thinking_without_a_measure_is_named_where_it_cannot_be_asked_for(model: str) -> None:
    sent = ask("messages", "chat", model, messages=HI, max_tokens=9, thinking={"type": "adaptive"})
    assert sent.dropped == ("reasoning",)


def _props(depth: int) -> str:
    return '{"type":"object","properties":{"a":' * depth + '{"type":"string"}' + "}}" * depth


def _objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


DEEP = {
    "a tool's schema": ("chat", '{"messages":[],"tools":[{"function":{"name":"f","parameters":%s}}]}', _props),
    "what nobody knows": ("chat", '{"messages":[],"zzz":%s}', _objects),
    "a choice": ("chat", '{"messages":[],"tool_choice":%s}', _objects),
    "a call's input": (
        "messages",
        '{"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":%s}]}]}',
        _objects,
    ),
    "answers in answers": (
        "messages",
        '{"max_tokens":9,"messages":[{"role":"user","content":[%s]}]}',
        lambda depth: '{"type":"tool_result","tool_use_id":"c","content":[' * depth + "]}" * depth,
    ),
    "namespaces in namespaces": (
        "responses",
        '{"input":"hi","tools":[%s]}',
        lambda depth: '{"type":"namespace","name":"a","tools":[' * depth + "]}" * depth,
    ),
    "an answer": ("responses", '{"input":[{"type":"function_call_output","call_id":"c","output":%s}]}', _objects),
    "Google's schema": (
        "gemini",
        '{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":%s}]}]}',
        _props,
    ),
    "Google's output": (
        "gemini",
        '{"contents":[],"generationConfig":{"responseMimeType":"application/json","responseSchema":%s}}',
        _props,
    ),
    "underscores": ("gemini", '{"contents":[],"generation_config":{"x_y":%s}}', _objects),
    "arguments": (
        "gemini",
        '{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":%s}}]}]}',
        _objects,
    ),
}


@pytest.mark.parametrize("place", sorted(DEEP))
@pytest.mark.parametrize("depth", [100, 300, 480, 990, 10_000, 200_000])
def test_a_request_of_any_depth_is_carried_or_refused(place: str, depth: int) -> None:
    client, body, inside = DEEP[place]
    for provider in sorted(MODELS.keys() - {client}):
        outcome = attempt(client, provider, (body % inside(depth)).encode())
        assert isinstance(outcome, Translated) or "deep" in outcome or depth < DEEP_ENOUGH


DEEP_ENOUGH = 990
"""Below it another fault of these requests may be found first."""


def attempt(client: str, provider: str, body: bytes) -> Translated | str:
    try:
        return made(client, provider).request(body, Head(model="s"), MODELS[provider], stream=True)
    except BadBody as refused:
        return str(refused)


@pytest.mark.parametrize("provider", ["chat", "responses", "gemini"])
@pytest.mark.parametrize("block", ["image", "tool_result"])
def test_what_a_model_cannot_have_said_does_not_vanish(provider: str, block: str) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    blocks = {
        "image": {"type": "image", "source": source},
        "tool_result": {"type": "tool_result", "tool_use_id": "c", "content": "1"},
    }
    turns = [*HI, {"role": "assistant", "content": [{"type": "text", "text": "x"}, blocks[block]]}]
    body = json.dumps({"max_tokens": 9, "messages": turns}).encode()
    outcome = attempt("messages", provider, body)
    assert isinstance(outcome, str) or b"aGk=" in outcome.body


def test_hints_inside_a_tools_answer_are_named_where_nobody_caches_by_them() -> None:
    text = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    call = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": [text]}
    turns = [*HI, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    for provider in ("chat", "responses", "gemini"):
        assert "cache_control" in ask("messages", provider, MODELS[provider], max_tokens=9, messages=turns).dropped


def gemini(**more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], **more}


def test_googles_schemas_say_the_same_in_everybody_elses_words() -> None:
    schema = {
        "type": "OBJECT",
        "propertyOrdering": ["b", "a"],
        "properties": {
            "a": {"type": "STRING", "nullable": True, "example": "x", "maxLength": "9"},
            "b": {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}], "nullable": True},
        },
    }
    tools = [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]
    got = fields(ask("gemini", "chat", "m", **gemini(tools=tools)))["tools"][0]["function"]["parameters"]
    assert list(got["properties"]) == ["b", "a"]
    assert got["properties"] == {
        "a": {"type": ["string", "null"], "examples": ["x"], "maxLength": 9},
        "b": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
    }


def test_a_schema_of_gemini_asks_for_json_by_itself_and_not_beside_plain_text() -> None:
    schema = {"responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}
    sent = fields(ask("gemini", "chat", "m", **gemini(generationConfig=schema)))
    assert sent["response_format"]["type"] == "json_schema"
    with pytest.raises(BadBody, match="responseMimeType"):
        ask("gemini", "chat", "m", **gemini(generationConfig=schema | {"responseMimeType": "text/plain"}))


def test_a_choice_that_allows_no_declared_tool_is_refused() -> None:
    tools = [{"functionDeclarations": [{"name": "f"}]}]
    calling = {"functionCallingConfig": {"allowedFunctionNames": ["g"]}}
    with pytest.raises(BadBody, match="tool_choice"):
        ask("gemini", "chat", "m", **gemini(tools=tools, toolConfig=calling))


def test_a_schemas_description_is_told_where_the_schema_is() -> None:
    form = {"name": "x", "schema": {"type": "object"}, "description": "A person."}
    sent = ask(
        "chat",
        "messages",
        "claude-3-5-haiku",
        messages=HI,
        response_format={"type": "json_schema", "json_schema": form},
    )
    assert "A person." in json.dumps(fields(sent)["system"])


@pytest.mark.parametrize(("ttl", "named"), [("5m", False), ("1h", False), ("30m", True), ("24h", True)])
def test_a_time_that_anthropic_keeps_no_cache_for_is_named(ttl: str, named: bool) -> None:
    content = [{"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": ttl}}]
    sent = ask("chat", "messages", "claude-sonnet-4-5", messages=[{"role": "user", "content": content}])
    assert (sent.dropped == ("cache_control.ttl",)) is named
