"""Odd but legal HTTP, and answers that are none."""

import json
import socket

import pytest

from support import chat, raw
from support.desk import CHAT_PATH, REQUEST_ID, Desk
from support.script import Answer

BODY = json.dumps({"model": "gpt", "messages": [{"role": "user", "content": "x"}]}).encode()


def test_a_bad_key_is_told_before_the_body_was_sent(desk: Desk) -> None:
    head = (
        f"POST {CHAT_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer cv_nonsense\r\n"
        f"Content-Length: {64 * 2**20}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", desk.daemon.port), timeout=4) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("status", [400, 409])
def test_an_error_without_a_body_costs_nothing(desk: Desk, status: int) -> None:
    desk.provider.then(Answer((), status=status))
    reply = desk.post(CHAT_PATH, BODY)
    assert reply.status == status
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None, "the head of an error without a body is released only when its row is written"
    assert (row["state"], row["error"], row["spend_nano"]) == ("upstream_failed", f"http_{status}", 0)


def test_half_an_emoji_goes_through_as_it_came(desk: Desk) -> None:
    desk.provider.then(chat.plain())
    body = BODY.replace(b'"x"', b'"cut \\ud83d here"')
    assert desk.post(CHAT_PATH, body).status == 200
    assert desk.provider.only().body == body.replace(b'"gpt"', b'"upstream-gpt"')


def test_metrics_count_from_the_start_not_from_the_first_look(own_desk: Desk) -> None:
    own_desk.provider.then(chat.plain())
    assert own_desk.post(CHAT_PATH, BODY).status == 200
    said = raw.exchange(own_desk.daemon.port, raw.request("GET", "/metrics", (), b"")).body.decode()
    assert 'codevector_requests_total{dialect="chat",state="complete"} 1.0' in said
    spend = next(line for line in said.splitlines() if line.startswith("codevector_spend_usd_total"))
    assert float(spend.split()[1]) > 0
