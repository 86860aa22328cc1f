"""A provider that answers nonsense is a 502 with its class, in every protocol; what is merely odd passes as it is."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from support import chat, messages, raw
from support.codings import CODINGS, coded
from support.desk import CHAT_PATH, RATES, REQUEST_ID, Desk
from support.refusals import assert_refused
from support.script import Answer, Send

HTML = b"<!doctype html>\r\n<h1>Welcome to secret-page-4711</h1>" + b"<p>x</p>" * 400
SECRET = b"4711"
EVENTS = "text/event-stream; charset=utf-8"
JSON = "application/json"
GEMINI = "/gateway/google/v1beta/models/nonsense-gem:"
SMALL_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Route:
    """A way to ask: the path, the body, and what answers it."""

    dialect: str
    path: str
    body: dict[str, Any]
    answer: bytes

    def ask(self, *, stream: bool) -> tuple[str, bytes]:
        """Return path and body, for a stream or not."""
        if self.dialect == "gemini":
            return GEMINI + ("streamGenerateContent?alt=sse" if stream else "generateContent"), self.sent(stream=False)
        return self.path, self.sent(stream=stream)

    def sent(self, *, stream: bool) -> bytes:
        """Return the body."""
        return json.dumps({**self.body, "stream": True} if stream else self.body).encode()


SAID = [{"role": "user", "content": "x"}]
ROUTES = [
    Route("chat", CHAT_PATH, {"model": "gpt", "messages": SAID}, chat.plain().body),
    Route(
        "completions",
        "/gateway/openai/v1/completions",
        {"model": "gpt", "prompt": "x"},
        b'{"choices":[{"text":"y"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}',
    ),
    Route(
        "responses",
        "/gateway/openai/v1/responses",
        {"model": "gpt", "input": "x"},
        b'{"id":"resp_1","output":[],"usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}',
    ),
    Route(
        "messages",
        "/gateway/anthropic/v1/messages",
        {"model": "sonnet", "max_tokens": 9, "messages": SAID},
        messages.plain().body,
    ),
    Route(
        "gemini",
        "",
        {"contents": [{"parts": [{"text": "x"}]}]},
        b'{"candidates":[],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}',
    ),
    Route(
        "embeddings",
        "/gateway/openai/v1/embeddings",
        {"model": "nonsense-vector", "input": "x"},
        b'{"data":[],"usage":{"prompt_tokens":3}}',
    ),
]
EVERY = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.dialect)
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@pytest.fixture(scope="module")
def furnished(shared_desk: Desk) -> None:
    control = shared_desk.daemon.control
    control.add_provider("nonsense-google", "google", shared_desk.provider.url, credential="goo-key")
    control.add_model("nonsense-gem", "nonsense-google", "gemini-2.5-flash", rates=RATES)
    vector = {
        "slug": "nonsense-vector",
        "backends": [{"provider": "open", "upstream_model": "text-embedding-3-small"}],
        "kind": "embedding",
        "free": True,
    }
    control.call("POST", "/models", vector)


@pytest.fixture
def every(desk: Desk, furnished: None) -> Desk:  # noqa: ARG001 - it is there then
    """A desk with a provider for each protocol."""
    return desk


def answer(body: bytes, kind: str | None, *, framing: str = "length") -> Answer:
    headers = (("content-type", kind),) if kind else ()
    return Answer((Send(body),) if body else (), headers=headers, framing=framing)  # type: ignore[arg-type]


def post(desk: Desk, route: Route, *, stream: bool = False) -> raw.Reply:
    path, body = route.ask(stream=stream)
    return desk.post(path, body)


def assert_none(desk: Desk, reply: raw.Reply, dialect: str) -> None:
    """Assert a 502 with its class, a row that costs nothing, and a raw answer that is nowhere."""
    assert_refused(reply, dialect, 502, "api_error", "unreadable_answer")
    assert reply.complete
    assert SECRET not in reply.body
    assert SECRET.decode() not in desk.daemon.output
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["status"], row["error"]) == ("upstream_failed", 200, "unreadable_answer")
    assert (row["spend_nano"], row["uncached_input"], row["output"], row["usage_source"]) == (0, 0, 0, "none")


@EVERY
@STREAMED
@pytest.mark.parametrize("kind", ["text/html", JSON, EVENTS, None], ids=["html", "json", "events", "none"])
def test_a_page_in_place_of_an_answer_is_a_502(every: Desk, route: Route, kind: str | None, *, stream: bool) -> None:
    every.provider.then(answer(HTML, kind, framing="chunked"))
    assert_none(every, post(every, route, stream=stream), route.dialect)


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n\n",
    "text": b"upstream 4711 says no",
    "a list": b'[{"choices": 4711}]',
    "a word": b"null",
    "half a document": b'{"id": "4711", "choices": [{"message": {"content": "so m',
    "two documents": b'{"id": "4711"}\n{"id": "4711"}\n',
    "a page behind a document": b'{"id": "4711"}<html>',
    "noise": b"\x00\x01\xff4711\x80" * 9,
}


@EVERY
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_document_is_a_502(every: Desk, route: Route, body: bytes) -> None:
    every.provider.then(answer(body, JSON))
    assert_none(every, post(every, route), route.dialect)


@pytest.mark.parametrize("body", [b"", b"\n\n"], ids=["nothing", "blanks"])
def test_a_stream_without_a_single_event_is_a_502(every: Desk, body: bytes) -> None:
    every.provider.then(answer(body, EVENTS, framing="chunked"))
    assert_none(every, post(every, ROUTES[0], stream=True), "chat")


@EVERY
@STREAMED
@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_answer_is_judged_by_what_it_decodes_to(
    every: Desk, route: Route, coding: str, *, stream: bool
) -> None:
    every.provider.then(coded(answer(HTML, EVENTS if stream else JSON), coding))
    assert_none(every, post(every, route, stream=stream), route.dialect)


@EVERY
@pytest.mark.parametrize(
    ("coding", "kind"), [(None, JSON), (None, "text/html"), (None, None), *((one, "text/plain") for one in CODINGS)]
)
@STREAMED
def test_a_document_passes_whatever_its_head_calls_it(
    every: Desk, route: Route, coding: str | None, kind: str | None, *, stream: bool
) -> None:
    whole = answer(b"\r\n " + route.answer, kind)
    whole = coded(whole, coding) if coding else whole
    every.provider.then(whole)
    reply = post(every, route, stream=stream)
    assert (reply.status, reply.body, reply.complete) == (200, whole.body, True)
    assert reply.header("content-type") == ([kind] if kind else [])
    assert reply.header("content-encoding") == ([coding] if coding else [])
    assert reply.header("content-length") == [str(len(whole.body))]
    assert every.books.request(reply.header(REQUEST_ID)[0])["state"] == "complete"


ODD: dict[str, bytes] = {
    "no fields": b"{}",
    "unknown fields": b'{"4711": {"choices": null}}',
    "usage that is a word": b'{"choices": "4711", "usage": "many"}',
    "negative counts": b'{"choices": [], "usage": {"prompt_tokens": -3, "completion_tokens": 1e99}}',
    "not a number": b'{"choices": [], "logprobs": [NaN, -Infinity]}',
    "half a pair": b'{"choices": [{"message": {"content": "\\ud83d"}}]}',
    "not quite utf-8": b'{"choices": [{"message": {"content": "\xff\xfe"}}]}',
    "a byte order mark": b'\xef\xbb\xbf{"choices": []}',
    "a deep one": b'{"a":' * 900 + b"1" + b"}" * 900,
}


@EVERY
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_odd_document_passes_and_is_estimated(every: Desk, route: Route, body: bytes) -> None:
    every.provider.then(answer(body, JSON))
    reply = post(every, route)
    assert (reply.status, reply.body, reply.complete) == (200, body, True)
    row = every.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["usage_source"]) == ("complete", "estimated")


def test_garbage_after_the_first_event_passes_as_it_came(every: Desk) -> None:
    good = chat.streamed(usage="absent")
    odd = replace(good, steps=(good.steps[0], Send(b"<html>\n\n"), Send(b"\xff\x00{\n\n"), *good.steps[1:]))
    every.provider.then(odd)
    reply = post(every, ROUTES[0], stream=True)
    assert (reply.status, reply.body, reply.complete) == (200, odd.body, True)


@pytest.mark.parametrize("kind", ["text/plain", JSON, None], ids=["text", "json", "none"])
def test_events_pass_under_any_name_one_by_one(every: Desk, kind: str | None) -> None:
    events = chat.streamed(usage="absent")
    named = replace(events, headers=(("content-type", kind),) if kind else ())
    every.provider.then(named.gated_after(2, "go on"))
    path, body = ROUTES[0].ask(stream=True)
    with raw.RawCall(every.daemon.port, every.request(path, body)) as call:
        call.piece_with(events.pieces[0][:-1])  # where they are taken for a document, a byte is held back
        every.provider.open("go on")
        assert call.reply().body == events.body


@pytest.mark.parametrize("coding", ["rot13", "gzip"])
def test_what_cannot_be_decoded_passes_as_it_came(every: Desk, coding: str) -> None:
    broken = replace(answer(HTML, JSON), headers=(("content-type", JSON), ("content-encoding", coding)))
    every.provider.then(broken)
    reply = post(every, ROUTES[0])
    assert (reply.status, reply.body, reply.complete) == (200, HTML, True)


LARGE = b'{"choices": [{"message": {"content": "' + b"x" * (2 * SMALL_LIMIT)


def test_a_large_document_passes_while_it_comes(every: Desk) -> None:
    pieces = (Send(LARGE), Send(b'"}}], "usage": {"prompt_tokens": 3, "completion_tokens": 9}}'))
    every.provider.then(Answer(pieces, framing="chunked").gated_after(1, "end"))
    path, body = ROUTES[0].ask(stream=False)
    with raw.RawCall(every.daemon.port, every.request(path, body)) as call:
        call.piece_with(b"x" * 100_000)
        every.provider.open("end")
        reply = call.reply()
    assert (reply.status, reply.body, reply.complete) == (200, pieces[0].data + pieces[1].data, True)


def test_a_large_body_that_proves_to_be_none_gets_no_clean_end(every: Desk) -> None:
    every.provider.then(answer(LARGE, JSON, framing="chunked"))
    reply = post(every, ROUTES[0])
    assert (reply.status, reply.complete) == (200, False)
    row = every.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["error"]) == ("upstream_failed", "unreadable_answer")


def test_a_document_that_breaks_off_is_a_502(every: Desk) -> None:
    headers = (("content-type", JSON), ("content-length", "500"))
    every.provider.then(Answer((Send(chat.plain().body[:40]),), headers=headers, framing="close"))
    reply = post(every, ROUTES[0])
    assert_refused(reply, "chat", 502, "api_error", "upstream_broken")
    assert reply.complete


def test_signs_of_life_before_a_document_reach_the_client(every: Desk) -> None:
    """DeepSeek sends empty lines while a call waits for its turn."""
    pieces = (Send(b"\n"), Send(b"\n"), Send(chat.plain().body))
    every.provider.then(Answer(pieces, framing="chunked").gated_after(2, "turn"))
    path, body = ROUTES[0].ask(stream=False)
    with raw.RawCall(every.daemon.port, every.request(path, body)) as call:
        assert call.head()[0] == 200
        every.provider.open("turn")
        reply = call.reply()
    assert (reply.body, reply.complete) == (b"\n\n" + chat.plain().body, True)


def test_a_page_that_comes_after_signs_of_life_gets_no_clean_end(every: Desk) -> None:
    pieces = (Send(b"\n"), Send(HTML))
    every.provider.then(Answer(pieces, framing="chunked").gated_after(1, "turn"))
    path, body = ROUTES[0].ask(stream=False)
    with raw.RawCall(every.daemon.port, every.request(path, body)) as call:
        assert call.head()[0] == 200
        every.provider.open("turn")
        reply = call.reply()
    assert not reply.complete
    row = every.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["error"]) == ("upstream_failed", "unreadable_answer")


@EVERY
@STREAMED
@pytest.mark.parametrize("status", [204, 307], ids=str)
def test_a_redirection_or_an_answer_without_a_body_is_a_502(
    every: Desk, route: Route, status: int, *, stream: bool
) -> None:
    """A client that follows a redirection would post its prompt past the gateway, uncounted."""
    pointer = (("location", f"{every.provider.url}/4711"),) if status != 204 else ()
    every.provider.then(Answer(status=status, headers=pointer))
    reply = post(every, route, stream=stream)
    assert_refused(reply, route.dialect, 502, "api_error", "unreadable_answer")
    assert (reply.complete, reply.header("location"), SECRET in reply.body) == (True, [], False)
    row = every.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["status"], row["error"]) == ("upstream_failed", status, "unreadable_answer")


def test_a_redirection_of_a_token_count_is_a_502_too(every: Desk) -> None:
    every.provider.then(Answer(status=307, headers=(("location", f"{every.provider.url}/4711"),)))
    route = next(route for route in ROUTES if route.dialect == "messages")
    reply = every.post(route.path + "/count_tokens", route.sent(stream=False))
    assert_refused(reply, "messages", 502, "api_error", "unreadable_answer")
    assert reply.header("location") == []


@pytest.mark.parametrize("status", [400, 500], ids=str)
def test_an_error_is_not_judged(every: Desk, status: int) -> None:
    every.provider.then(Answer((Send(HTML),), status=status, headers=(("content-type", "text/html"),)))
    reply = post(every, ROUTES[0])
    assert (reply.status, reply.body) == (status, HTML)


@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_a_stream_of_a_stated_length_that_lacks_its_end_gets_no_clean_one(every: Desk, coding: str | None) -> None:
    """Proxies that gather events state a length; all of it came, and nothing was left to say that this was not all."""
    whole = messages.streamed()
    cut = answer(b"".join(whole.pieces[:-1]), EVENTS)
    every.provider.then(coded(cut, coding) if coding else cut)
    route = next(route for route in ROUTES if route.dialect == "messages")
    reply = post(every, route, stream=True)
    assert (reply.status, reply.complete) == (200, False)
    assert coding or reply.body.count(b"event: error") == 1
    assert "Traceback" not in every.daemon.output
    row = every.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["error"]) == ("upstream_failed", "stream_ended_early")


@STREAMED
def test_an_error_in_an_answer_of_200_keeps_its_class_when_it_is_translated(every: Desk, *, stream: bool) -> None:
    """OpenRouter answers so where the provider behind it failed."""
    every.provider.then(answer(b'{"error": {"message": "out of space", "type": "disk_full"}}', JSON))
    body = {"model": "gpt", "max_tokens": 9, "messages": SAID, "stream": stream}
    reply = every.post("/gateway/anthropic/v1/messages", json.dumps(body).encode())
    assert (reply.status, reply.complete) == (502, True)
    assert json.loads(reply.body)["error"]["message"] == "out of space"
    row = every.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["status"], row["error"]) == ("upstream_failed", 200, "disk_full")


@STREAMED
@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_on_the_translated_path_it_is_the_same(every: Desk, coding: str | None, *, stream: bool) -> None:
    page = answer(HTML, EVENTS if stream else JSON)
    every.provider.then(coded(page, coding) if coding else page)
    body = {"model": "gpt", "max_tokens": 9, "messages": SAID, "stream": stream}
    reply = every.post("/gateway/anthropic/v1/messages", json.dumps(body).encode())
    assert_none(every, reply, "messages")
