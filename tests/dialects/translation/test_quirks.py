"""Answers as some vendors give them, beside what their protocol says: nothing is lost or taken for a clean end."""

import json
from typing import Any

import pytest

from codevector_daemon.dialects.translation import BadAnswer
from support.translation import sdks
from support.translation.calls import made

CLIENTS = ("messages", "responses", "gemini")
DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def called(arguments: str, **more: Any) -> dict[str, Any]:
    name = {"name": more.pop("name")} if "name" in more else {}
    return {"tool_calls": [{"index": 0, "function": {"arguments": arguments, **name}, **more}]}


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def translated(client: str, provider: str, *events: bytes) -> bytes:
    translator = made(client, provider).stream("slug")
    return b"".join(translator.feed(one) for one in events) + translator.finish()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("between", "text", "thought"),
    [
        ({"content": "\n"}, "\n", ""),
        ({"reasoning_content": "Hm."}, "", "Hm."),
        ({"reasoning_content": "Hm.", "content": "So."}, "So.", "Hm."),
    ],
)
def test_what_comes_between_the_pieces_of_a_call_does_not_break_it(
    client: str, between: dict[str, Any], text: str, thought: str
) -> None:
    first = chunk(called('{"city":', id="a", name="weather"))
    end = (chunk(called('"Ulm"}')), chunk({}, "tool_calls"), DONE)
    seen = sdks.STREAM[client](translated(client, "chat", first, chunk(between), *end))
    assert seen.calls == [("weather", {"city": "Ulm"})]
    assert (seen.text, seen.thought) == (text, thought)


@pytest.mark.parametrize("client", ["chat", "messages", "gemini"])
def test_text_between_the_pieces_of_a_call_of_responses_does_not_break_it(client: str) -> None:
    item = {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "weather"}
    delta = {"type": "response.function_call_arguments.delta", "output_index": 0}
    out = translated(
        client,
        "responses",
        event(type="response.created", response={}),
        event(type="response.output_item.added", output_index=0, item=item),
        event(**delta, delta='{"city":'),
        event(type="response.output_text.delta", output_index=1, delta="Wait."),
        event(**delta, delta='"Ulm"}'),
        event(type="response.output_item.done", output_index=0, item=item),
        event(type="response.completed", response={"status": "completed"}),
    )
    seen = sdks.STREAM[client](out)
    assert (seen.calls, seen.text) == ([("weather", {"city": "Ulm"})], "Wait.")


@pytest.mark.parametrize("client", ["chat", "responses", "gemini"])
@pytest.mark.parametrize("next_block", [True, False])
def test_a_call_whose_block_is_never_ended_is_not_lost(client: str, next_block: bool) -> None:
    block = {"type": "tool_use", "id": "a", "name": "weather", "input": {}}
    more = [event(type="content_block_start", index=1, content_block={"type": "text", "text": "So."})]
    out = translated(
        client,
        "messages",
        event(type="message_start", message={"usage": {"input_tokens": 1, "output_tokens": 1}}),
        event(type="content_block_start", index=0, content_block=block),
        event(
            type="content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"city":"Ulm"}'}
        ),
        *(more if next_block else []),
        event(type="message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 3}),
        event(type="message_stop"),
    )
    assert sdks.STREAM[client](out).calls == [("weather", {"city": "Ulm"})]


@pytest.mark.parametrize("reason", ["stop", "tool_calls", None])
def test_an_answer_with_calls_stops_for_them_whatever_the_vendor_says(reason: str | None) -> None:
    call = called("{}", id="a", name="ping")
    ends = (chunk({}, reason), DONE) if reason else (DONE,)
    assert sdks.messages_stream(translated("messages", "chat", chunk(call), *ends)).stop == "tool_use"
    message = {"role": "assistant", "content": None, **call}
    body = json.dumps({"choices": [{"message": message, "finish_reason": reason}]}).encode()
    assert sdks.messages_whole(made("messages", "chat").whole(200, body, "slug")).stop == "tool_use"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("reason", ["error", "network_error", "insufficient_system_resource"])
def test_a_vendor_that_broke_its_answer_off_gives_no_clean_end(client: str, reason: str) -> None:
    translator = made(client, "chat").stream("slug")
    translator.feed(chunk({"content": "Well,"}) + chunk({}, reason) + DONE)
    assert translator.failed == "api_error"
    assert b'"error"' in translator.finish()
    body = {"choices": [{"message": {"content": "Well,"}, "finish_reason": reason}]}
    with pytest.raises(BadAnswer, match=reason):
        made(client, "chat").whole(200, json.dumps(body).encode(), "slug")


@pytest.mark.parametrize(
    ("reason", "stop"),
    [("max_tokens", "max_tokens"), ("model_length", "model_context_window_exceeded"), ("sensitive", "refusal")],
)
def test_other_vendors_reasons_mean_what_they_say(reason: str, stop: str) -> None:
    assert sdks.messages_stream(translated("messages", "chat", chunk({"content": "x"}, reason), DONE)).stop == stop


GEMINI_STOPS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "OTHER": "stop",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "IMAGE_OTHER": "content_filter",
    "NO_IMAGE": "content_filter",
}
NO_ANSWER = {
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
}


def gemini_ended(reason: str) -> dict[str, Any]:
    content = {"parts": [{"text": "Well."}], "role": "model"}
    return {"candidates": [{"content": content, "finishReason": reason, "index": 0}]}


@pytest.mark.parametrize("reason", sorted(GEMINI_STOPS))
def test_every_reason_of_gemini_has_its_own_in_chat(reason: str) -> None:
    out = translated("chat", "gemini", event(**gemini_ended(reason)))
    assert sdks.chat_stream(out).stop == GEMINI_STOPS[reason]


@pytest.mark.parametrize("reason", sorted(NO_ANSWER))
@pytest.mark.parametrize("client", ["chat", "messages", "responses"])
def test_a_gemini_that_made_nothing_usable_gives_no_clean_end(client: str, reason: str) -> None:
    translator = made(client, "gemini").stream("slug")
    translator.feed(event(**gemini_ended(reason)))
    assert translator.failed == "api_error"
    assert reason.encode() in translator.finish()
    with pytest.raises(BadAnswer, match=reason):
        made(client, "gemini").whole(200, json.dumps(gemini_ended(reason)).encode(), "slug")


def test_every_reason_that_googles_sdk_knows_is_among_those() -> None:
    known = {reason.value for reason in sdks.google.FinishReason} - {"FINISH_REASON_UNSPECIFIED"}
    assert known == GEMINI_STOPS.keys() | NO_ANSWER


ARGUMENTS = {
    "chat": '{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":%s}}]}}]}',
    "messages": '{"content":[{"type":"tool_use","id":"c","name":"f","input":%s}],"stop_reason":"tool_use"}',
    "responses": '{"output":[{"type":"function_call","call_id":"c","name":"f","arguments":%s}]}',
    "gemini": '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":%s}}]},"finishReason":"STOP"}]}',
}


FLAT = 200


@pytest.mark.parametrize("provider", sorted(ARGUMENTS))
@pytest.mark.parametrize("depth", [FLAT, 10_000, 200_000])
def test_arguments_of_any_depth_are_translated_or_nonsense(provider: str, depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    text = provider == "responses"
    body = (ARGUMENTS[provider] % (json.dumps(deep) if text else deep)).encode()
    for client in sorted(set(ARGUMENTS) - {provider}):
        for stream in (False, True):
            outcome = attempt(client, provider, body, stream=stream)
            assert outcome or depth > FLAT


def attempt(client: str, provider: str, body: bytes, *, stream: bool) -> bytes:
    """Return a translated answer, or nothing where it is refused as nonsense."""
    translation = made(client, provider)
    try:
        return translation.replay(body, "slug") if stream else translation.whole(200, body, "slug")
    except BadAnswer:
        return b""
