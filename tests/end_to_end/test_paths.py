"""Paths as clients write them: a slash too many, another method than the path has, a base URL not quite right."""

import json

import pytest

from support import chat, messages, raw
from support.desk import REQUEST_ID, Desk
from support.refusals import assert_refused

ASKED = json.dumps({"model": "gpt", "max_tokens": 9, "messages": [], "input": "x"}).encode()


def call(desk: Desk, method: str, path: str, body: bytes = b"") -> raw.Reply:
    headers = (desk.key.bearer, ("content-type", "application/json"))
    return raw.exchange(desk.daemon.port, raw.request(method, path, headers, body))


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("//v1/messages", "sonnet"),
        ("/gateway/anthropic//v1/messages", "sonnet"),
        ("/gateway/anthropic//v1/messages?beta=true", "sonnet"),
        ("/v1/messages/", "sonnet"),
        ("//v1/chat/completions", "gpt"),
        ("/v1//chat/completions", "gpt"),
        ("/gateway/openai/v1//chat/completions", "gpt"),
        ("///gateway//openai///v1/chat/completions//", "gpt"),
    ],
)
def test_a_slash_too_many_changes_nothing(desk: Desk, path: str, model: str) -> None:
    desk.provider.then(messages.plain() if model == "sonnet" else chat.plain())
    reply = call(desk, "POST", path, ASKED.replace(b"gpt", model.encode()))
    assert reply.status == 200
    query = "?beta=true" if "?" in path else ""
    assert desk.provider.only().target == ("/v1/messages" + query if model == "sonnet" else "/v1/chat/completions")
    assert desk.books.find(reply.header(REQUEST_ID)[0]) is not None


@pytest.mark.parametrize("path", ["//v1/models", "/v1//models/", "/gateway/openai/v1//models", "/v1beta//models"])
def test_a_list_is_found_with_a_slash_too_many(desk: Desk, path: str) -> None:
    reply = call(desk, "GET", f"{path}?pageSize=1000")
    assert reply.status == 200
    assert b'"gpt"' in reply.body or b'"models/gpt"' in reply.body
    assert json.loads(call(desk, "GET", f"{path.rstrip('/')}//gpt/").body)


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/chat/completions", "chat"),
        ("/gateway/openai/v1/completions", "completions"),
        ("/v1/responses", "responses"),
        ("/v1/embeddings", "embeddings"),
        ("//v1/messages", "messages"),
        ("/gateway/anthropic/v1/messages/count_tokens", "messages"),
        ("/v1beta/models/gpt:generateContent", "gemini"),
        ("/gateway/google/v1beta/models/gpt:countTokens", "gemini"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_than_the_path_has_is_405_and_names_it(desk: Desk, path: str, dialect: str, method: str) -> None:
    if dialect == "gemini" and method == "GET":  # there it asks for the model of that name
        return
    reply = call(desk, method, path)
    message = assert_refused(reply, dialect, 405, "invalid_request_error", "method_not_allowed")
    assert reply.header("allow") == ["POST"]
    assert "POST" in message
    assert desk.provider.received() == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/responses/resp_1", {"GET", "DELETE"}),
        ("GET", "/v1/responses/resp_1/cancel", {"POST"}),
        ("POST", "/v1/responses/resp_1/input_items", {"GET"}),
        ("POST", "/v1/models", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/v1/models/gpt", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_each_path_names_the_methods_that_it_has(desk: Desk, method: str, path: str, allowed: set[str]) -> None:
    reply = call(desk, method, path)
    assert_refused(reply, "chat", 405, "invalid_request_error", "method_not_allowed")
    assert set(reply.header("allow")[0].split(", ")) == allowed


@pytest.mark.parametrize(
    ("path", "dialect", "right"),
    [
        ("/v1/v1/messages", "messages", "/v1/messages"),
        ("/gateway/anthropic/messages", "messages", "/gateway/anthropic/v1/messages"),
        ("/gateway/anthropic/v1/v1/messages/count_tokens", "messages", "/gateway/anthropic/v1/messages/count_tokens"),
        ("/chat/completions", "chat", "/v1/chat/completions"),
        ("/gateway/openai/chat/completions", "chat", "/gateway/openai/v1/chat/completions"),
        ("/gateway/openai/responses", "chat", "/gateway/openai/v1/responses"),
        ("/v1/v1/models", "chat", "/v1/models"),
        ("/api/v3/completions", "chat", "/v1/completions"),
        ("/gateway/google/models/gpt:generateContent", "gemini", "/gateway/google/v1beta/models/gpt:generateContent"),
    ],
)
def test_a_path_that_is_not_quite_right_is_a_404_that_names_the_right_one(
    desk: Desk, path: str, dialect: str, right: str
) -> None:
    message = assert_refused(call(desk, "POST", path, ASKED), dialect, 404, "not_found_error", "not_found")
    assert f" {right}: " in message
    assert desk.provider.received() == []


def test_a_path_that_is_nothing_like_ours_is_a_plain_404(desk: Desk) -> None:
    message = assert_refused(call(desk, "POST", "/v1/audio/speech", ASKED), "chat", 404, "not_found_error")
    assert message == "POST /v1/audio/speech: Not Found."
