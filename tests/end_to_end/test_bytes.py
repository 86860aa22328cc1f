"""Byte-faithfulness: but for what must change, what a client writes is what the provider reads, and the reverse."""

import dataclasses
import json
from hashlib import sha256

import pytest

from support import chat, codings, messages
from support.desk import ANTHROPIC_SECRET, CHAT_PATH, MESSAGES_PATH, OPENAI_SECRET, REQUEST_ID, Desk
from support.script import Answer, Headers, Send

ODD = (
    '{ "messages":[{"role":"user","content":"\\"model\\": \\"gpt\\" ✓ \\u2028"}],\n\t"x_unknown" : '
    '{"model":"%(model)s","n":1.50e3, "list":[ ] },  "model" :  "%(model)s" ,"max_tokens":64,"temperature":0.10 }\r\n'
)
"""A body that no serialiser writes; the model's name stands in it three times, once where it counts."""
KEPT: Headers = (
    ("X-Odd", 'a  b;c="d", e'),
    ("X-Twice", "one"),
    ("X-Twice", "two"),
    ("anthropic-version", "2023-06-01"),
    ("anthropic-beta", "context-1m-2025-08-07,unknown-9"),
    ("User-Agent", "claude-cli/9.9 (external, cli)"),
    ("X-App", "cli"),
    ("x-stainless-lang", "js"),
    ("Accept", "application/json"),
    ("OpenAI-Beta", "x=1"),
    ("OpenAI-Organization", "org-9"),
)
DROPPED: Headers = (
    ("Connection", "keep-alive, X-Named"),
    ("X-Named", "hop"),
    ("Keep-Alive", "timeout=5"),
    ("TE", "trailers"),
    ("Proxy-Authorization", "Basic eDp5"),
    ("Proxy-Connection", "keep-alive"),
    ("x-client-app", "proof"),
)
"""Hop-by-hop headers (RFC 9110, 7.6.1) and our own attribution; ``x-project`` is added by the desk."""


def odd(model: str) -> bytes:
    return (ODD % {"model": model}).encode()


def odd_upstream(model: str, upstream: str) -> bytes:
    """The odd body with only its top-level model changed."""
    return odd(model).replace(f'"model" :  "{model}"'.encode(), f'"model" :  "{upstream}"'.encode())


def values(headers: list[tuple[bytes, bytes]], names: Headers) -> list[tuple[str, str]]:
    """Return the headers of these names in their order, names in lower case."""
    wanted = {name.lower() for name, _ in names}
    found = ((name.decode().lower(), value.decode("latin-1")) for name, value in headers)
    return [(name, value) for name, value in found if name in wanted]


def lowered(headers: Headers) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers]


def test_a_chat_body_reaches_the_provider_with_only_the_model_changed(desk: Desk) -> None:
    desk.provider.then(chat.plain())
    desk.post(CHAT_PATH, odd("gpt"))
    assert desk.provider.only().body == odd_upstream("gpt", "upstream-gpt")


def test_a_messages_body_reaches_the_provider_with_only_the_model_changed(desk: Desk) -> None:
    desk.provider.then(messages.plain())
    desk.post(MESSAGES_PATH, odd("sonnet"))
    assert desk.provider.only().body == odd_upstream("sonnet", "claude-upstream")


@pytest.mark.parametrize(
    ("path", "served", "answer"),
    [(CHAT_PATH, "open", chat.plain()), (MESSAGES_PATH, "anth", messages.plain())],
    ids=["chat", "messages"],
)
def test_a_body_that_names_the_model_as_the_provider_does_reaches_it_unchanged(
    desk: Desk, path: str, served: str, answer: Answer
) -> None:
    model = f"same-for-{served}"
    desk.daemon.control.add_model(model, served, model)
    desk.provider.then(answer)
    reply = desk.post(path, odd(model))
    assert sha256(desk.provider.only().body).digest() == sha256(odd(model)).digest()
    assert sha256(reply.body).digest() == sha256(answer.body).digest()


def test_a_token_count_reaches_the_provider_with_only_the_model_changed(desk: Desk) -> None:
    answer = messages.token_count(9)
    desk.provider.then(answer)
    reply = desk.post(f"{MESSAGES_PATH}/count_tokens?beta=true", odd("sonnet"))
    assert desk.provider.only().body == odd_upstream("sonnet", "claude-upstream")
    assert desk.provider.only().target == "/v1/messages/count_tokens?beta=true"
    assert (reply.status, reply.body) == (200, answer.body)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, {"include_usage": True}),
        ({"include_obfuscation": False}, {"include_obfuscation": False, "include_usage": True}),
        ({"include_usage": False}, {"include_usage": True}),
        ({"include_usage": True, "x": 1}, {"include_usage": True, "x": 1}),
    ],
)
def test_a_stream_is_asked_for_its_usage_and_nothing_else_changes(
    desk: Desk, options: dict[str, object] | None, expected: dict[str, object]
) -> None:
    body: dict[str, object] = {"model": "gpt", "stream": True, "messages": [], "seed": 7, "x": {"stream_options": 1}}
    if options is not None:
        body["stream_options"] = options
    desk.provider.then(chat.streamed())
    desk.post(CHAT_PATH, json.dumps(body, indent=3).encode())
    sent = desk.provider.only().body
    assert json.loads(sent) == {**body, "model": "upstream-gpt", "stream_options": expected}
    assert b'"seed": 7,\n   "x": {\n' in sent


def test_unknown_headers_are_kept_and_hop_by_hop_and_attribution_headers_are_not(desk: Desk) -> None:
    desk.provider.then(chat.plain())
    desk.post(CHAT_PATH, odd("gpt"), (*KEPT, *DROPPED))
    seen = desk.provider.only()
    assert values(seen.headers, KEPT) == lowered(KEPT)
    assert values(seen.headers, (*DROPPED[1:], ("x-project", ""), ("x-codevector-key", ""))) == []
    assert seen.header("host") == [f"127.0.0.1:{desk.provider.port}"]
    assert seen.header("authorization") == [f"Bearer {OPENAI_SECRET}"]
    assert seen.header("content-length") == [str(len(seen.body))]


def test_nothing_is_added_that_the_client_did_not_send(desk: Desk) -> None:
    desk.provider.then(messages.plain())
    desk.post(MESSAGES_PATH, odd("sonnet"), (("anthropic-version", "2023-06-01"),))
    names = {name.decode().lower() for name, _ in desk.provider.only().headers}
    assert names - {"connection"} == {
        "host",
        "x-api-key",
        "anthropic-version",
        "content-type",
        "content-length",
    }
    assert desk.provider.only().header("x-api-key") == [ANTHROPIC_SECRET]


@pytest.mark.parametrize("query", ["?beta=true", "?b=1&a=%20x%2Fy&b=2&empty=&plus=+", "?"])
def test_the_query_is_kept_as_it_was_written(desk: Desk, query: str) -> None:
    desk.provider.then(messages.plain())
    desk.post(f"{MESSAGES_PATH}{query}", odd("sonnet"))
    assert desk.provider.only().target == f"/v1/messages{query if query != '?' else ''}"


@pytest.mark.parametrize("prefix", ["", "/gateway/openai"])
def test_long_and_short_paths_reach_the_same_place(desk: Desk, prefix: str) -> None:
    desk.provider.then(chat.plain())
    assert desk.post(f"{prefix}/v1/chat/completions", odd("gpt")).status == 200
    assert desk.provider.only().target == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("path", "model", "answer"),
    [(CHAT_PATH, "gpt", chat.plain()), (MESSAGES_PATH, "sonnet", messages.plain())],
    ids=["chat", "messages"],
)
def test_an_answer_comes_back_byte_for_byte(desk: Desk, path: str, model: str, answer: Answer) -> None:
    desk.provider.then(answer)
    reply = desk.post(path, odd(model))
    assert reply.complete
    assert (reply.status, reply.body) == (200, answer.body)
    assert_headers_kept(reply.headers, answer)
    assert len(reply.header(REQUEST_ID)) == 1


def assert_headers_kept(headers: list[tuple[str, str]], answer: Answer) -> None:
    names = {name.lower() for name, _ in answer.headers}
    assert [(name.lower(), value) for name, value in headers if name.lower() in names] == lowered(answer.headers)


def streaming(model: str, **more: object) -> bytes:
    return json.dumps({"model": model, "stream": True, "max_tokens": 9, "messages": [], **more}).encode()


ASKED = {"stream_options": {"include_usage": True}}
UNASKED_ANSWER = chat.streamed(usage="absent").body


def test_a_stream_comes_back_byte_for_byte_where_the_client_asked_for_usage(desk: Desk) -> None:
    answer = chat.streamed()
    desk.provider.then(answer)
    reply = desk.post(CHAT_PATH, streaming("gpt", **ASKED))
    assert reply.complete
    assert reply.body == answer.body
    assert_headers_kept(reply.headers, answer)


def test_a_stream_loses_its_usage_event_and_nothing_else_where_the_client_did_not_ask(desk: Desk) -> None:
    desk.provider.then(chat.streamed())
    reply = desk.post(CHAT_PATH, streaming("gpt"))
    assert reply.complete
    assert reply.body == UNASKED_ANSWER


def test_a_message_stream_comes_back_byte_for_byte(desk: Desk) -> None:
    answer = messages.streamed()
    desk.provider.then(answer)
    reply = desk.post(MESSAGES_PATH, streaming("sonnet"))
    assert reply.complete
    assert reply.body == answer.body
    assert_headers_kept(reply.headers, answer)


def cut_up(answer: Answer, size: int, newline: bytes = b"\n") -> Answer:
    """Return the same bytes in pieces that respect no event's border."""
    body = answer.body.replace(b"\n", newline)
    return dataclasses.replace(
        answer, steps=tuple(Send(body[start : start + size]) for start in range(0, len(body), size))
    )


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_where_the_network_cuts_a_stream_makes_no_difference(
    desk: Desk, project: str, size: int, newline: bytes
) -> None:
    desk.provider.then(cut_up(chat.streamed(), size, newline))
    reply = desk.post(CHAT_PATH, streaming("gpt"), project=project)
    assert reply.body == UNASKED_ANSWER.replace(b"\n", newline)
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)


def test_a_stream_without_a_length_or_chunks_ends_where_the_connection_ends(desk: Desk, project: str) -> None:
    desk.provider.then(dataclasses.replace(messages.streamed(), framing="close"))
    reply = desk.post(MESSAGES_PATH, streaming("sonnet"), project=project)
    assert reply.body == messages.streamed().body
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, messages.USED)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_a_coded_answer_keeps_its_coding_and_is_counted(desk: Desk, project: str, coding: str) -> None:
    answer = codings.coded(chat.plain(), coding)
    desk.provider.then(answer)
    reply = desk.post(CHAT_PATH, odd("gpt"), (("Accept-Encoding", coding),), project=project)
    assert (reply.body, reply.header("content-encoding")) == (answer.body, [coding])
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_a_coded_stream_keeps_its_coding_and_is_counted(desk: Desk, project: str, coding: str) -> None:
    answer = codings.coded(messages.streamed(), coding)
    desk.provider.then(answer)
    reply = desk.post(MESSAGES_PATH, streaming("sonnet"), (("Accept-Encoding", coding),), project=project)
    assert (reply.body, reply.header("content-encoding")) == (answer.body, [coding])
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, messages.USED)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_a_coded_stream_hides_its_usage_event_too(desk: Desk, project: str, coding: str) -> None:
    desk.provider.then(codings.coded(chat.streamed(), coding))
    reply = desk.post(CHAT_PATH, streaming("gpt"), (("Accept-Encoding", coding),), project=project)
    (named,) = reply.header("content-encoding") or ["identity"]
    plain = reply.body if named == "identity" else codings.decoder(named)(reply.body)
    assert plain == UNASKED_ANSWER
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_a_coded_request_body_is_understood(desk: Desk, project: str, coding: str) -> None:
    desk.provider.then(chat.plain())
    reply = desk.post(CHAT_PATH, codings.encode(odd("gpt"), coding), (("Content-Encoding", coding),), project=project)
    assert reply.status == 200
    seen = desk.provider.only()
    (named,) = seen.header("content-encoding") or ["identity"]
    plain = seen.body if named == "identity" else codings.decoder(named)(seen.body)
    assert plain == odd_upstream("gpt", "upstream-gpt")
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_a_coded_error_is_passed_on_unchanged(desk: Desk, coding: str) -> None:
    answer = codings.coded(chat.error(400), coding)
    desk.provider.then(answer)
    reply = desk.post(CHAT_PATH, odd("gpt"), (("Accept-Encoding", coding),))
    assert (reply.status, reply.body, reply.header("content-encoding")) == (400, answer.body, [coding])


def test_a_large_answer_and_a_large_request_pass_whole(desk: Desk, project: str) -> None:
    text = "0123456789abcdef" * 1_300_000  # 20 MB: past the 16 MiB that frameworks allow by default
    desk.provider.then(chat.plain(text))
    body = json.dumps({"model": "gpt", "messages": [{"role": "user", "content": text}]}).encode()
    reply = desk.post(CHAT_PATH, body, project=project)
    assert (reply.status, len(reply.body)) == (200, len(chat.plain(text).body))
    assert desk.provider.only().body == body.replace(b'"gpt"', b'"upstream-gpt"', 1)
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)
