"""Every class of error that a row can name: one word for one failure, the same for the client, and told in the docs."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import chat, messages, raw, sdk
from support.desk import CHAT_PATH, REQUEST_ID, Desk
from support.script import NEVER, Answer, Headers
from support.waiting import until

HERE = Path(__file__).parents[2]
PAGE = (HERE / "docs" / "providers.md").read_text(encoding="utf-8")
RESPONSES_PATH = "/v1/responses"
CODE = re.compile(r'"code": ?"([a-z_]+)"')

WAYS = {
    "passed on": (CHAT_PATH, "gpt"),
    "translated from chat": (CHAT_PATH, "sonnet"),
    "translated from responses": (RESPONSES_PATH, "sonnet"),
    "of cursor's": (CHAT_PATH, "house"),
}
ENDS = {
    "reset": ("upstream_broken", True, "chunked"),
    "cut between chunks": ("upstream_broken", False, "chunked"),
    "closed where no length was said": ("stream_ended_early", False, "close"),
}


def asked(path: str, model: str) -> tuple[str, bytes]:
    fields: dict[str, Any] = {"messages": sdk.ASK}
    if "responses" in path or model == "house":
        fields = {"input": "x"}
    return path, json.dumps({"model": model, "stream": True, "max_tokens": 9, **fields}).encode()


def code_of(reply: raw.Reply) -> str:
    """Return the code in a whole error, or in the event that ends a stream."""
    last = reply.body.decode().strip().split("\n\n")[-1]
    found = CODE.search(last)
    assert found is not None, last
    return found[1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ENDS)
def test_a_stream_that_breaks_is_called_the_same_in_row_and_event_passed_on_or_translated(
    desk: Desk, way: str, end: str
) -> None:
    path, model = WAYS[way]
    word, reset, framing = ENDS[end]
    whole = messages.streamed() if model == "sonnet" else chat.streamed()
    desk.provider.then(replace(whole.cut_after(4, reset=reset), framing=framing))  # type: ignore[arg-type]
    reply = desk.post(*asked(path, model))
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (reply.status, row["state"], row["error"], code_of(reply)) == (200, "upstream_failed", word, word)
    assert not reply.complete


@pytest.mark.parametrize(
    ("path", "model"), [(CHAT_PATH, "gpt"), (CHAT_PATH, "sonnet")], ids=["passed on", "translated"]
)
def test_a_stream_that_a_shutdown_ends_is_called_the_same_in_row_and_event(
    own_desk: Desk, path: str, model: str
) -> None:
    whole = messages.streamed() if model == "sonnet" else chat.streamed()
    own_desk.provider.then(whole.gated_after(len(whole.pieces) - 1, NEVER.name))  # its usage is told: no estimate
    with raw.RawCall(own_desk.daemon.port, own_desk.request(*asked(path, model))) as call:
        call.piece_with(b"data: ")
        _, headers = call.head()
        own_desk.daemon.terminate()
        reply = call.reply()
    own_desk.daemon.wait()
    (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
    row = own_desk.books.request(request_id)
    assert (row["state"], row["error"], code_of(reply)) == ("interrupted", "shutting_down", "shutting_down")


@pytest.mark.parametrize(
    ("code", "path", "body", "headers"),
    [
        ("invalid_body", CHAT_PATH, {"model": 5}, ()),
        ("unknown_content_encoding", CHAT_PATH, {"model": "gpt"}, (("Content-Encoding", "lzw"),)),
        ("broken_content_encoding", CHAT_PATH, {"model": "gpt"}, (("Content-Encoding", "gzip"),)),
        ("model_not_found", CHAT_PATH, {"model": "nobody"}, ()),
        ("dialect_not_served", "/v1/completions", {"model": "sonnet", "prompt": "x"}, ()),
        ("not_translatable", CHAT_PATH, {"model": "sonnet", "n": 2, "messages": sdk.ASK}, ()),
        ("response_not_found", RESPONSES_PATH, {"model": "gpt", "input": "x", "previous_response_id": "resp_9"}, ()),
        ("conversation_not_found", RESPONSES_PATH, {"model": "gpt", "input": "x", "conversation": "conv_9"}, ()),
    ],
)
def test_a_refusal_is_called_the_same_in_row_and_answer(
    desk: Desk, code: str, path: str, body: dict[str, Any], headers: Headers
) -> None:
    reply = desk.post(path, json.dumps(body).encode(), headers)
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["error"], code_of(reply)) == ("rejected", code, code)
    assert desk.provider.received() == []


def test_an_attempt_whose_usage_option_was_refused_says_so(own_desk: Desk) -> None:
    refusal = chat.error(400)
    said = replace(refusal, steps=(*chat.error(400, "unknown field stream_options").steps,))
    own_desk.provider.then(said, chat.streamed(usage="absent"))
    reply = own_desk.post(*asked(CHAT_PATH, "gpt"))
    assert reply.status == 200
    attempt = next(row for row in own_desk.books.requests() if row["parent_id"] == reply.header(REQUEST_ID)[0])
    assert (attempt["state"], attempt["error"]) == ("upstream_failed", "usage_option_refused")


@pytest.mark.parametrize(("status", "said"), [(500, "server_error"), (418, "teapot_error")])
def test_an_error_of_the_providers_own_keeps_its_class(desk: Desk, status: int, said: str) -> None:
    desk.provider.then(chat.error(status, said))
    reply = desk.post(*asked(CHAT_PATH, "gpt"))
    assert desk.books.request(reply.header(REQUEST_ID)[0])["error"] == said
    desk.provider.then(Answer(status=status))
    nameless = desk.post(*asked(CHAT_PATH, "gpt"))
    assert desk.books.request(nameless.header(REQUEST_ID)[0])["error"] == f"http_{status}"


def test_a_client_that_leaves_has_no_error(desk: Desk) -> None:
    desk.provider.then(chat.streamed().gated_after(3, NEVER.name))
    with raw.RawCall(desk.daemon.port, desk.request(*asked(CHAT_PATH, "gpt"))) as call:
        call.piece_with(b"data: ")
        _, headers = call.head()
    (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
    row = until(lambda: desk.books.find(request_id), "the call's row")
    assert (row["state"], row["error"]) == ("client_left", None)


REFUSED = re.compile(r'Refused\(\s*[^,()]+,\s*"[a-z_]+",\s*"([a-z_]+)"')
LEAVE_NO_ROW = {"host_not_allowed", "invalid_api_key", "method_not_allowed", "metrics_not_allowed", "not_found"}


def test_the_docs_name_every_class() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (HERE / "daemon").rglob("*.py")]
    refusals = {code for source in sources for code in REFUSED.findall(source)} - LEAVE_NO_ROW
    failures = {word for source in sources for word in re.findall(r'name = "(upstream_[a-z]+)"', source)}
    named = set(re.findall(r"^\| `([a-z_]+)`", PAGE[PAGE.index("## What a failed call is called") :], re.MULTILINE))
    assert refusals | (failures - {"upstream_failed"}) <= named
