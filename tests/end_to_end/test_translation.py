"""A tool of one protocol calls a model that is served in another, through the real gateway and the official SDKs."""

import json

import anthropic
import openai
import pytest

from support import chat, messages, sdk
from support.books import counts_of
from support.desk import CHAT_PATH, MESSAGES_PATH, RATES, REQUEST_ID, Desk
from support.script import Answer, Send


def assert_translated(desk: Desk, request_id: str, dialect: str) -> None:
    row = desk.books.find(request_id)
    assert row is not None
    assert (row["state"], row["status"], row["usage_source"], row["dialect"]) == ("complete", 200, "reported", dialect)
    assert counts_of(row) == desk.provider.said()
    assert row["spend_nano"] == RATES.nano(counts_of(row))


def test_the_anthropic_sdk_gets_a_whole_answer_of_a_chat_provider(desk: Desk, project: str) -> None:
    desk.provider.then(chat.plain())
    with desk.claude(project) as client:
        raw = client.messages.with_raw_response.create(model="gpt", max_tokens=64, messages=sdk.ASK)
    answer = raw.parse()
    assert (answer.content[0].text, answer.model, answer.role) == ("".join(chat.WORDS), "gpt", "assistant")
    assert_translated(desk, raw.headers[REQUEST_ID], "messages")
    asked = json.loads(desk.provider.only().body)
    assert (asked["model"], asked["messages"][-1]["role"]) == ("upstream-gpt", "user")


def test_the_anthropic_sdk_gets_a_stream_of_a_chat_provider(desk: Desk, project: str) -> None:
    desk.provider.then(chat.streamed())
    with (
        desk.claude(project) as client,
        client.messages.stream(model="gpt", max_tokens=64, messages=sdk.ASK) as stream,
    ):
        assert "".join(stream.text_stream) == "".join(chat.WORDS)
        final = stream.get_final_message()
        request_id = stream.response.headers[REQUEST_ID]
    assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", desk.provider.said().output)
    assert_translated(desk, request_id, "messages")


def test_the_openai_sdk_gets_a_whole_answer_of_a_messages_provider(desk: Desk, project: str) -> None:
    desk.provider.then(messages.plain())
    with desk.gpt(project) as client:
        raw = client.chat.completions.with_raw_response.create(model="sonnet", messages=sdk.ASK)
    answer = raw.parse()
    assert (answer.choices[0].message.content, answer.model) == ("".join(messages.WORDS), "sonnet")
    assert_translated(desk, raw.headers[REQUEST_ID], "chat")
    seen = desk.provider.only()
    assert seen.header("anthropic-version") == ["2023-06-01"]
    assert seen.header("user-agent") == []


def test_the_openai_sdk_gets_a_stream_of_a_messages_provider(desk: Desk, project: str) -> None:
    desk.provider.then(messages.streamed())
    with (
        desk.gpt(project) as client,
        client.chat.completions.create(
            model="sonnet", messages=sdk.ASK, stream=True, stream_options={"include_usage": True}
        ) as stream,
    ):
        chunks = list(stream)
    assert sdk.chat_text(chunks) == "".join(messages.WORDS)
    assert chunks[-1].usage.completion_tokens == desk.provider.said().output
    assert_translated(desk, stream.response.headers[REQUEST_ID], "chat")


def test_a_providers_error_comes_in_the_clients_shape(desk: Desk, project: str) -> None:
    desk.provider.then(chat.error(429))
    with desk.claude(project) as client, pytest.raises(anthropic.RateLimitError) as error:
        client.messages.create(model="gpt", max_tokens=64, messages=sdk.ASK)
    assert error.value.body["type"] == "error"
    desk.provider.then(messages.error(529))
    with desk.gpt(project) as gpt, pytest.raises(openai.APIStatusError) as other:
        gpt.chat.completions.create(model="sonnet", messages=sdk.ASK)
    assert {"message", "type"} <= set(other.value.body)


def test_a_stream_that_breaks_off_ends_with_the_clients_error_event(desk: Desk, project: str) -> None:
    desk.provider.then(chat.streamed().cut_after(3))
    body = json.dumps({"model": "gpt", "stream": True, "max_tokens": 9, "messages": sdk.ASK}).encode()
    reply = desk.post(MESSAGES_PATH, body, project=project)
    assert not reply.complete
    assert reply.body.rstrip().splitlines()[-2] == b"event: error"
    assert b"message_stop" not in reply.body


def test_a_whole_translated_answer_tells_when_its_first_bytes_came(desk: Desk) -> None:
    desk.provider.then(messages.plain())
    reply = desk.post(CHAT_PATH, json.dumps({"model": "sonnet", "messages": sdk.ASK}).encode())
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert 0 <= row["ttft_ms"] <= row["duration_ms"]


def test_an_answer_that_is_nonsense_is_a_502(desk: Desk) -> None:
    desk.provider.then(Answer((Send(b"<html>not json</html>"),)))
    reply = desk.post(MESSAGES_PATH, json.dumps({"model": "gpt", "max_tokens": 9, "messages": sdk.ASK}).encode())
    assert reply.status == 502
    assert json.loads(reply.body)["error"]["type"] == "api_error"
    assert b"html" not in reply.body
    assert b"not json" not in desk.daemon.output.encode()
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert (row["state"], row["error"]) == ("upstream_failed", "unreadable_answer")


def test_what_cannot_be_carried_is_refused_and_names_the_field(desk: Desk) -> None:
    body = {"model": "sonnet", "n": 2, "messages": [{"role": "user", "content": "x"}]}
    reply = desk.post(CHAT_PATH, json.dumps(body).encode())
    assert reply.status == 400
    assert "n" in json.loads(reply.body)["error"]["message"]
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert (row["state"], row["status"]) == ("rejected", 400)


def test_a_body_of_responses_on_the_chat_route_gets_chat_chunks_back(desk: Desk, project: str) -> None:
    desk.provider.then(messages.streamed())
    body = {"model": "sonnet", "stream": True, "input": [{"role": "user", "content": "x"}]}
    reply = desk.post(CHAT_PATH, json.dumps(body).encode(), project=project)
    assert reply.status == 200
    events = [line[6:] for line in reply.body.splitlines() if line.startswith(b"data: {")]
    assert all(json.loads(event)["object"] == "chat.completion.chunk" for event in events)
    assert reply.body.rstrip().endswith(b"data: [DONE]")


def test_the_openai_sdk_speaks_responses_to_a_messages_provider(desk: Desk, project: str) -> None:
    desk.provider.then(messages.streamed())
    with desk.gpt(project) as client, client.responses.stream(model="sonnet", input="Say hello") as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert final.output_text == "".join(messages.WORDS)
    assert final.usage is not None
    assert final.usage.output_tokens == desk.provider.said().output


def test_counting_tokens_for_a_provider_that_cannot_is_an_estimate_marked_as_one(desk: Desk, project: str) -> None:
    with desk.claude(project) as client:
        raw = client.messages.with_raw_response.count_tokens(model="gpt", messages=sdk.ASK)
    assert raw.parse().input_tokens > 0
    assert raw.headers["x-codevector-estimated"] == "true"
    assert desk.provider.received() == []
    assert desk.books.find(raw.headers[REQUEST_ID]) is None
