"""Streams in pieces, streams cut off, and streams that carry errors or nonsense."""

import itertools
import json
from collections.abc import Callable

import anthropic
import openai
import pytest
from google.genai import errors as google_errors
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.translation import Translator, between
from support.translation import sdks, wires
from support.translation.calls import quick
from support.translation.said import BY_NAME, SAME, Call, Said, Think

DIALECTS = ("chat", "messages", "responses", "gemini")
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS if client != provider]
CLEAN_END = {
    "chat": b"data: [DONE]",
    "messages": b"event: message_stop",
    "responses": b"event: response.completed",
    "gemini": b'"finishReason"',
}
CALLS = Said("calls", (Call("a", "weather", ('{"ci', 'ty":"Ü"}')), Call("b", "clock", ('{"z', '":1}'))), "tool")


def translator(client: str, provider: str) -> Translator:
    numbers = itertools.count()
    made = between(client, provider, now_s=lambda: 1_760_000_000, new_id=lambda: f"n{next(numbers)}")
    assert made is not None
    return made.stream("my-slug")


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_parallel_calls_translate_the_same_wherever_the_bytes_are_cut(client: str, provider: str) -> None:
    stream = b"".join(wires.STREAM[provider](CALLS))
    whole = translator(client, provider)
    expected = whole.feed(stream)
    end = whole.finish()
    assert CLEAN_END[client] not in expected
    assert CLEAN_END[client] in end
    for cut in range(len(stream)):
        halves = translator(client, provider)
        assert halves.feed(stream[:cut]) + halves.feed(stream[cut:]) == expected
        assert halves.finish() == end


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_a_stream_cut_at_any_byte_never_ends_cleanly(client: str, provider: str) -> None:
    events = wires.STREAM[provider](CALLS)
    stream = b"".join(events)
    if provider == "chat":  # the reason is the end for vendors that leave [DONE] off
        stream = b"".join(events[:-3])
    if provider == "gemini":
        stream = b"".join(events[:-1])
    for cut in range(len(stream) - 2):
        broken = translator(client, provider)
        out = broken.feed(stream[:cut]) + broken.finish()
        assert CLEAN_END[client] not in out
        assert json.loads(out.rpartition(b"data: ")[2])["error"]
        assert broken.failed == "api_error"


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_a_stream_in_single_bytes_is_the_same(client: str, provider: str) -> None:
    stream = b"".join(wires.STREAM[provider](BY_NAME["a thought, text and two calls"]))
    whole, bytewise = translator(client, provider), translator(client, provider)
    expected = whole.feed(stream)
    assert b"".join(bytewise.feed(stream[at : at + 1]) for at in range(len(stream))) == expected
    assert bytewise.finish() == whole.finish()


@pytest.mark.parametrize("client", ["messages", "responses", "gemini"])
def test_mixed_pieces_of_parallel_chat_calls_come_one_call_after_the_other(client: str) -> None:
    def piece(at: int, arguments: str, **more: object) -> bytes:
        function = {"arguments": arguments} | ({"name": more.pop("name")} if "name" in more else {})
        call = {"index": at, "function": function, **more}
        choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
        return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"

    mixed = [
        piece(0, '{"city":', id="a", name="weather"),
        piece(1, '{"zone"', id="b", name="clock"),
        piece(0, '"Ulm"'),
        piece(1, ':"UTC"}'),
        piece(0, "}"),
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n\n',
    ]
    made = translator(client, "chat")
    seen = sdks.STREAM[client](b"".join(made.feed(event) for event in mixed) + made.finish())
    assert seen.calls == [("weather", {"city": "Ulm"}), ("clock", {"zone": "UTC"})]
    assert seen.call_ids == ["a", "b"]


def test_calls_that_all_claim_index_zero_are_told_apart_by_their_ids() -> None:
    calls = [
        {"index": 0, "id": name, "type": "function", "function": {"name": "weather", "arguments": '{"city":"Ulm"}'}}
        for name in ("a", "b")
    ]
    events = [
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}).encode() + b"\n\n"
        for call in calls
    ]
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'
    made = translator("messages", "chat")
    seen = sdks.messages_stream(b"".join(made.feed(event) for event in (*events, end)) + made.finish())
    assert seen.call_ids == ["a", "b"]


def test_a_call_begins_when_its_name_is_known() -> None:
    pieces = [
        {"index": 0, "id": "a", "function": {"name": "", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"x"'}},
        {"index": 0, "function": {"name": "weather", "arguments": ":1}"}},
    ]
    events = [
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}).encode() + b"\n\n"
        for piece in pieces
    ]
    made = translator("messages", "chat")
    out = b"".join(made.feed(event) for event in events)
    out += made.feed(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n') + made.finish()
    seen = sdks.messages_stream(out)
    assert (seen.calls, seen.call_ids) == ([("weather", {"x": 1})], ["a"])


def test_half_a_character_becomes_the_sign_for_it() -> None:
    made = translator("messages", "chat")
    out = b"".join(
        made.feed(b'data: {"choices":[{"index":0,"delta":{"content":"' + piece + b'"}}]}\n\n')
        for piece in (b"a\\ud83d", b"\\ude00b", b"\\ud83d\\ude00", b"\\\\ud83d")
    )
    out += made.feed(b"data: [DONE]\n\n") + made.finish()
    assert sdks.messages_stream(out).text == "a\ufffd\ufffdb\U0001f600\\ud83d"


def test_a_blocked_prompt_is_a_refusal() -> None:
    blocked = b'data: {"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":7}}\r\n\r\n'
    made = translator("chat", "gemini")
    seen = sdks.chat_stream(made.feed(blocked) + made.finish())
    assert (seen.stop, seen.refusal) == ("content_filter", "The prompt was blocked: SAFETY.")


def test_a_chat_stream_without_done_ends_cleanly_after_its_reason() -> None:
    made = translator("messages", "chat")
    out = b"".join(made.feed(event) for event in wires.chat_stream(BY_NAME["one word"])[:-1])
    assert b"message_stop" in out + made.finish()


def test_half_of_the_last_event_does_not_break_a_whole_answer() -> None:
    made = translator("messages", "chat")
    out = made.feed(b"".join(wires.chat_stream(BY_NAME["one word"])[:-1]) + b"data: [DO")
    assert b"message_stop" in out + made.finish()


def test_the_end_comes_once() -> None:
    made = translator("chat", "messages")
    made.feed(b"".join(wires.messages_stream(BY_NAME["one word"])))
    assert made.ended
    assert made.finish().endswith(b"data: [DONE]\n\n")
    assert made.finish() == b""
    assert made.feed(b"data: {}\n\n") == b""


FAILURES = {
    "chat": b'data: {"error":{"message":"It broke","type":"server_error","code":null}}\n\n',
    "messages": b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"It broke"}}\n\n',
    "responses": b'event: response.failed\ndata: {"type":"response.failed","response":'
    b'{"status":"failed","error":{"code":"server_error","message":"It broke"}}}\n\n',
    "gemini": b'data: {"error":{"code":503,"message":"It broke","status":"UNAVAILABLE"}}\r\n\r\n',
}
READS: dict[str, Callable[[bytes], object]] = {
    "chat": lambda body: list(sdks.gpt(body).chat.completions.create(model="m", messages=sdks.ASK, stream=True)),
    "messages": lambda body: list(
        sdks.claude(body).messages.create(model="m", max_tokens=9, messages=sdks.ASK, stream=True)
    ),
    "responses": lambda body: list(sdks.gpt(body).responses.create(model="m", input="hi", stream=True)),
    "gemini": lambda body: list(sdks.gemini(body).models.generate_content_stream(model="m", contents="hi")),
}


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_an_error_in_a_stream_is_an_error_for_the_sdk(client: str, provider: str) -> None:
    made = translator(client, provider)
    begun = b"".join(wires.STREAM[provider](BY_NAME["one word"])[:3][: 1 if provider == "gemini" else 3])
    out = made.feed(begun) + made.feed(FAILURES[provider])
    assert made.ended
    with pytest.raises((openai.APIError, anthropic.APIError, google_errors.APIError), match="It broke"):
        READS[client](out + made.finish())


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_nonsense_ends_in_the_error_event_and_is_not_repeated(client: str, provider: str) -> None:
    made = translator(client, provider)
    out = made.feed(b'data: {"secret": nonsense\n\n') + made.finish()
    assert made.failed == "unreadable_answer"
    assert b"secret" not in out
    assert CLEAN_END[client] not in out


def test_a_thought_keeps_its_signature_marked_with_its_vendor() -> None:
    said = Said("thought", (Think(("Hm.",), "SIGNED"), SAME), "tool")
    for client in ("chat", "responses", "gemini"):
        made = translator(client, "messages")
        out = made.feed(b"".join(wires.messages_stream(said)))
        assert sdks.STREAM[client](out + made.finish()).signatures == ["cv1.anthropic.SIGNED"]


@quick
@given(st.lists(st.binary(max_size=60) | st.sampled_from(sorted(FAILURES.values()))), st.sampled_from(PAIRS))
def test_no_bytes_make_a_translator_raise(chunks: list[bytes], pair: tuple[str, str]) -> None:
    made = translator(*pair)
    for chunk in chunks:
        made.feed(chunk)
    assert made.finish()


_NAMES = (
    "type delta choices index content tool_calls usage item response candidates parts text functionCall message error "
    "content_block finish_reason output"
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES.split()), inner, max_size=4),
    max_leaves=12,
)


@quick
@given(st.lists(_JSON, max_size=4), st.sampled_from(PAIRS))
def test_no_json_makes_a_translator_raise(values: list[object], pair: tuple[str, str]) -> None:
    made = translator(*pair)
    for value in values:
        made.feed(b"data: " + json.dumps(value).encode() + b"\n\n")
    assert made.finish()
