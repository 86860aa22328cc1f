"""Bytes that are no HTTP, or only nearly: the contract's error in the dialect's shape, and a daemon that goes on."""

import json
import socket

import h2.config
import h2.connection
import h2.events
import pytest

from support import chat, raw
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.refusals import assert_refused

HOST = b"Host: localhost\r\n"
BODY = json.dumps({"model": "gpt", "messages": [{"role": "user", "content": "x"}]}).encode()

GARBAGE = {
    "noise": b"\x00\x01\x02 what\r\n\r\n",
    "a TLS hello": bytes.fromhex("16030100c8010000c40303") + b"\xaa" * 190,
    "no version": b"GET /healthz\r\n" + HOST + b"\r\n",
    "no path": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a control character in the path": b"GET /v1/\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "letters beyond ASCII in the path": b"GET /v1/models/\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method that is none": b"G@T /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "a line that is no header": b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + b"no header\r\n\r\n",
    "a null in a header": b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + b"a: b\x00c\r\n\r\n",
    "a space in a header's name": b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + b"a b: c\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "a length that is no number": b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + b"Content-Length: abc\r\n\r\n",
    "a negative length": b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n",
    "two lengths": b"POST /v1/responses HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "an endless length": b"POST /v1/responses HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "a transfer coding nobody knows": b"POST /v1/embeddings HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: lzw\r\n\r\n",
}


def assert_malformed(reply: raw.Reply, dialect: str) -> None:
    message = assert_refused(reply, dialect, 400, "invalid_request_error", "malformed_request")
    assert "not valid HTTP" in message
    (request_id,) = reply.header(REQUEST_ID)
    assert request_id.startswith("req_")
    assert reply.header("connection") == ["close"]


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_http_is_a_400_in_words(desk: Desk, data: bytes) -> None:
    before = desk.daemon.output
    assert_malformed(raw.exchange(desk.daemon.port, data), "chat")
    assert desk.daemon.output == before, "a stranger's garbage is no event for the log"


@pytest.mark.parametrize(
    "path", ["/v1/messages", "/v1/messages?beta=true", MESSAGES_PATH, "/gateway/anthropic/nowhere"]
)
def test_what_is_no_http_is_said_in_the_shape_of_the_path(desk: Desk, path: str) -> None:
    data = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nno header\r\n\r\n".encode()
    assert_malformed(raw.exchange(desk.daemon.port, data), "messages")


def test_a_request_line_that_comes_letter_by_letter_is_known_all_the_same(desk: Desk) -> None:
    with raw.RawCall(desk.daemon.port, b"") as call:
        for letter in b"POST /v1/messages HTTP/1.1\r\n" + HOST + b"oops\r\n\r\n":
            call.more(bytes([letter]))
        assert_malformed(call.reply(), "messages")


def test_a_head_without_end_is_a_431(desk: Desk) -> None:
    head = b"POST /v1/messages HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 2**20
    assert_refused(raw.exchange(desk.daemon.port, head), "messages", 431, "invalid_request_error")


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloworld", b"\r\n", b"-1\r\n\r\n", b"5" * 40 + b"\r\n"]
)
def test_a_body_in_broken_chunks_is_a_400_with_its_row(desk: Desk, chunks: bytes) -> None:
    ours = (desk.key.bearer, ("Transfer-Encoding", "chunked"))
    head = raw.request("GET", CHAT_PATH, ours).replace(b"GET", b"POST", 1)
    reply = raw.exchange(desk.daemon.port, head + chunks)
    assert_refused(reply, "chat", 400, "invalid_request_error", "malformed_request")
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["status"], row["error"]) == ("rejected", 400, "malformed_request")
    assert desk.provider.received() == []


def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_event_at_all(desk: Desk) -> None:
    before, rows = desk.daemon.output, len(desk.books.requests())
    whole = desk.request(CHAT_PATH, BODY)
    for part in (whole[:9], whole[:60], whole[:-9]):
        with socket.create_connection(("127.0.0.1", desk.daemon.port), timeout=10) as connection:
            connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(65536) == b""
    assert (desk.daemon.output, len(desk.books.requests())) == (before, rows)
    assert desk.provider.received() == []


def test_broken_chunks_under_a_bad_key_are_a_401(desk: Desk) -> None:
    head = (
        b"POST /v1/messages HTTP/1.1\r\n" + HOST + b"x-api-key: cv_nonsense\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    )
    assert_refused(raw.exchange(desk.daemon.port, head), "messages", 401, "authentication_error")


def test_the_wish_for_another_protocol_is_ignored(desk: Desk) -> None:
    before = desk.daemon.output
    for name, more in (("websocket", ("Sec-WebSocket-Version", "13")), ("h2c", ("HTTP2-Settings", "abc"))):
        upgrade = (("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", name), more)
        assert raw.exchange(desk.daemon.port, raw.request("GET", "/healthz", upgrade)).status == 200
        reply = raw.exchange(desk.daemon.port, raw.request("GET", "/v1/responses", upgrade))
        assert_refused(reply, "responses", 405, "invalid_request_error", "method_not_allowed")
    assert desk.daemon.output == before


def test_requests_sent_in_a_row_are_answered_in_a_row(desk: Desk) -> None:
    desk.provider.then(chat.plain(), chat.plain())
    one = desk.request(CHAT_PATH, BODY)
    with raw.RawCall(desk.daemon.port, one + raw.request("GET", "/healthz", ()) + one) as call:
        assert [reply_of(call).status for _ in range(3)] == [200, 200, 200]
    assert len(desk.provider.received()) == 2


def reply_of(call: raw.RawCall) -> raw.Reply:
    call._head = None
    return call.reply()


def http2(port: int, headers: list[tuple[str | bytes, str | bytes]]) -> list[h2.events.Event]:
    """Send one request over HTTP/2 and return all that came until the answer or the connection ended."""
    client = h2.connection.H2Connection(h2.config.H2Configuration(validate_outbound_headers=False))
    events: list[h2.events.Event] = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        client.initiate_connection()
        client.send_headers(1, headers, end_stream=True)
        connection.sendall(client.data_to_send())
        while not any(isinstance(event, h2.events.StreamEnded) for event in events):
            data = connection.recv(65536)
            if not data:
                return events
            events += client.receive_data(data)
            connection.sendall(client.data_to_send())
    return events


@pytest.mark.parametrize(
    "headers",
    [
        [(":method", "CONNECT"), (":authority", "localhost:1")],
        [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", b"/\xff\xfe")],
        [(":method", b"\xff"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")],
    ],
    ids=["connect", "path", "method"],
)
def test_a_strange_client_of_http_2_ends_its_own_connection_only(
    desk: Desk, headers: list[tuple[str | bytes, str | bytes]]
) -> None:
    assert not any(isinstance(event, h2.events.ResponseReceived) for event in http2(desk.daemon.port, headers))
    assert "Traceback" not in desk.daemon.output
    good: list[tuple[str | bytes, str | bytes]] = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", "/healthz"),
    ]
    assert any(isinstance(event, h2.events.ResponseReceived) for event in http2(desk.daemon.port, good))
