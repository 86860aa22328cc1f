"""A provider's failure is passed on as it is, and an answer that breaks off never looks like a whole one."""

import json

import openai
import pytest

from support import chat, messages, sdk
from support.books import counts_of
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.script import Answer, Send

LIMITS = (
    ("Retry-After", "17"),
    ("x-ratelimit-reset-tokens", "6m0s"),
    ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:00Z"),
    ("x-should-retry", "true"),
)
STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
ROUTES = pytest.mark.parametrize(
    ("path", "model", "error"),
    [
        (CHAT_PATH, "gpt", lambda status: chat.error(status, "x_error", None, *LIMITS)),
        (MESSAGES_PATH, "sonnet", lambda status: messages.error(status, "x_error", *LIMITS)),
    ],
    ids=["chat", "messages"],
)


def body(model: str, *, stream: bool) -> bytes:
    return json.dumps({"model": model, "stream": stream, "max_tokens": 9, "messages": []}).encode()


@ROUTES
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_provider_error_is_passed_on_unchanged(
    desk: Desk, path: str, model: str, error: object, status: int, *, stream: bool
) -> None:
    assert callable(error)
    answer: Answer = error(status)
    desk.provider.then(answer)
    reply = desk.post(path, body(model, stream=stream))
    assert (reply.status, reply.body) == (status, answer.body)
    assert [reply.header(name) for name, _ in LIMITS] == [[value] for _, value in LIMITS]
    assert reply.header("content-type") == ["application/json"]
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["status"], row["spend_nano"], counts_of(row).output) == ("upstream_failed", status, 0, 0)


def test_an_error_page_that_is_not_json_is_passed_on_unchanged(desk: Desk) -> None:
    page = b"<html>\r\n<h1>502 Bad Gateway</h1>\x00\xff</html>"
    desk.provider.then(Answer((Send(page),), status=502, headers=(("content-type", "text/html"),)))
    reply = desk.post(CHAT_PATH, body("gpt", stream=True))
    assert (reply.status, reply.body, reply.header("content-type")) == (502, page, ["text/html"])


def test_a_redirect_is_neither_followed_nor_given_to_a_client_that_would(desk: Desk) -> None:
    headers = (("location", f"{desk.provider.url}/elsewhere"),)
    desk.provider.then(Answer((), status=307, headers=headers))
    reply = desk.post(CHAT_PATH, body("gpt", stream=False))
    assert (reply.status, reply.header("location")) == (502, [])
    assert desk.provider.only().target == "/v1/chat/completions"


def test_a_provider_that_refuses_the_usage_option_is_asked_once_more_without_it(desk: Desk, project: str) -> None:
    desk.daemon.control.add_provider("strict", "custom", f"{desk.provider.url}/v1", dialects=["chat"])
    desk.daemon.control.add_model("strict", "strict", "x", free=True)
    refusal = {"error": {"message": "Unknown parameter: 'stream_options'.", "type": "invalid_request_error"}}
    desk.provider.when("stream_options", Answer((Send(json.dumps(refusal).encode()),), status=400))
    desk.provider.then(chat.streamed(usage="absent"), chat.streamed(usage="absent"))
    for _ in range(2):
        reply = desk.post(CHAT_PATH, body("strict", stream=True), project=project)
        assert (reply.status, reply.body) == (200, chat.streamed(usage="absent").body)
        row = desk.books.request(reply.header(REQUEST_ID)[0])
        assert (row["state"], row["usage_source"]) == ("complete", "estimated")
    asked = [b"stream_options" in one.body for one in desk.provider.received()]
    assert asked == [True, False, False]


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "early end"])
def test_a_chat_stream_that_breaks_off_never_looks_whole(desk: Desk, project: str, *, reset: bool) -> None:
    answer = chat.streamed(["so many words "] * 5)
    desk.provider.then(answer.cut_after(4, reset=reset))
    reply = desk.post(CHAT_PATH, body("gpt", stream=True), project=project)
    assert reply.body.startswith(b"".join(answer.pieces[:4]))
    assert chat.DONE not in reply.body
    assert not reply.complete or b'"error"' in reply.body
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["usage_source"]) == ("upstream_failed", "estimated")
    assert row["output"] > 3
    assert desk.books.spent(project=project) == (counts_of(row), row["spend_nano"])


def test_the_openai_sdk_raises_where_a_stream_broke_off(desk: Desk, project: str) -> None:
    desk.provider.then(chat.streamed().cut_after(3))
    with (
        desk.gpt(project) as client,
        client.chat.completions.create(model="gpt", messages=sdk.ASK, stream=True) as stream,
        pytest.raises((openai.APIError, sdk.TransportError)),
    ):
        list(stream)


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "early end"])
def test_a_message_stream_that_breaks_off_never_looks_whole(desk: Desk, project: str, *, reset: bool) -> None:
    answer = messages.streamed(["so many words "] * 5)
    desk.provider.then(answer.cut_after(6, reset=reset))
    reply = desk.post(MESSAGES_PATH, body("sonnet", stream=True), project=project)
    assert reply.body.startswith(b"".join(answer.pieces[:6]))
    assert b"message_stop" not in reply.body
    assert not reply.complete or b"event: error" in reply.body
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["usage_source"]) == ("upstream_failed", "estimated")
    assert row["uncached_input"] == messages.USED.uncached_input
    assert row["output"] > messages.PLACEHOLDER_OUTPUT


def test_a_plain_answer_that_breaks_off_never_looks_whole(desk: Desk) -> None:
    half = chat.plain().body[:40]
    headers = (("content-type", "application/json"), ("content-length", "500"))
    desk.provider.then(Answer((Send(half),), headers=headers, framing="close"))
    reply = desk.post(CHAT_PATH, body("gpt", stream=False))
    assert not reply.complete or reply.status >= 500
    assert desk.books.request(reply.header(REQUEST_ID)[0])["state"] == "upstream_failed"


def test_a_stream_that_ends_without_its_last_event_is_no_success(desk: Desk) -> None:
    answer = chat.streamed()
    silent = Answer(answer.steps[:3], headers=answer.headers, framing="chunked")
    desk.provider.then(silent)
    reply = desk.post(CHAT_PATH, body("gpt", stream=True))
    assert not reply.complete or b'"error"' in reply.body
    assert desk.books.request(reply.header(REQUEST_ID)[0])["state"] == "upstream_failed"
