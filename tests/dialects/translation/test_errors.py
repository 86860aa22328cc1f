"""Errors of one protocol in the words of another, as the official SDKs raise them."""

import json
from typing import Any

import anthropic
import openai
import pytest
from google.genai import errors as google_errors

from codevector_daemon.dialects.translation import BadAnswer
from support.translation import sdks
from support.translation.calls import made

DIALECTS = ("chat", "messages", "responses", "gemini")
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS if client != provider]
GOOGLE = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}
ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
}


def provider_error(provider: str, status: int, message: str = "It is wrong.") -> bytes:
    bodies: dict[str, Any] = {
        "messages": {"type": "error", "error": {"type": ANTHROPIC.get(status), "message": message}, "request_id": "r"},
        "gemini": {"error": {"code": status, "message": message, "status": GOOGLE.get(status)}},
    }
    openai_error = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
    return json.dumps(bodies.get(provider, openai_error)).encode()


def call(client: str, status: int, body: bytes) -> object:
    """Call the client's SDK, which gets an error."""
    if client == "messages":
        claude = sdks.claude(body, streamed=False, status=status)
        return claude.messages.create(model="m", max_tokens=9, messages=sdks.ASK)
    if client == "gemini":
        return sdks.gemini(body, streamed=False, status=status).models.generate_content(model="m", contents="hi")
    return sdks.gpt(body, streamed=False, status=status).chat.completions.create(model="m", messages=sdks.ASK)


def raised(client: str, status: int, body: bytes) -> Exception:
    """Return what the client's SDK raises for an error."""
    with pytest.raises((openai.APIStatusError, anthropic.APIStatusError, google_errors.APIError)) as caught:
        call(client, status, body)
    return caught.value


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_the_sdk_raises_the_error_of_its_own_kind(client: str, provider: str, status: int) -> None:
    given, body = made(client, provider).error(status, provider_error(provider, status))
    assert given == status
    error = raised(client, given, body)
    assert "It is wrong." in str(error)
    assert (error.code if isinstance(error, google_errors.APIError) else error.status_code) == status


@pytest.mark.parametrize("client", ["chat", "responses", "gemini"])
def test_overload_is_503_for_clients_that_do_not_know_529(client: str) -> None:
    body = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}).encode()
    assert made(client, "messages").error(529, body)[0] == 503


@pytest.mark.parametrize(
    ("provider", "message", "code"),
    [
        ("chat", "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        ("responses", "Your input exceeds the context window of this model.", "context_length_exceeded"),
        ("gemini", "The input token count (9) exceeds the maximum number of tokens allowed (8).", None),
    ],
)
def test_claude_code_reads_that_the_prompt_is_too_long(provider: str, message: str, code: str | None) -> None:
    body = json.dumps({"error": {"message": message, "type": "invalid_request_error", "code": code or 400}}).encode()
    error = json.loads(made("messages", provider).error(400, body)[1])["error"]
    assert error == {"type": "invalid_request_error", "message": f"prompt is too long: {message}"}


def test_codex_reads_that_the_prompt_is_too_long() -> None:
    body = provider_error("messages", 400, "prompt is too long: 210000 tokens > 200000 maximum")
    assert json.loads(made("responses", "messages").error(400, body)[1])["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("body", [b"<html>secret</html>", b"", b"[]", b"3", b'"x"', b"{}"])
@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_a_page_in_place_of_an_error_is_told_by_its_status(client: str, provider: str, body: bytes) -> None:
    status, said = made(client, provider).error(502, body)
    assert status == 502
    assert b"status 502" in said
    assert b"secret" not in said


@pytest.mark.parametrize(
    "body", [b"<html>secret</html>", b"{}", b'{"secret": 3', b"[]", b'{"choices": 3, "content": 3}']
)
@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_a_whole_answer_of_nonsense_is_a_bad_answer(client: str, provider: str, body: bytes) -> None:
    with pytest.raises(BadAnswer, match="could not be read") as caught:
        made(client, provider).whole(200, body, "slug")
    assert caught.value.kind == "unreadable_answer"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("provider", DIALECTS[1:])
def test_an_error_in_a_200_is_a_bad_answer_of_its_class(provider: str) -> None:
    with pytest.raises(BadAnswer, match=r"It is wrong\.") as caught:
        made("chat", provider).whole(200, provider_error(provider, 429), "slug")
    assert caught.value.kind in {"rate_limit_error", "invalid_request_error"}


def test_a_google_error_in_a_list_is_read() -> None:
    body = b"[" + provider_error("gemini", 429) + b"]"
    status, said = made("chat", "gemini").error(429, body)
    assert (status, json.loads(said)["error"]["type"]) == (429, "rate_limit_error")
