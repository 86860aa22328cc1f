"""Where one backend fails, the next one answers; every attempt is a row, and only what was used costs."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from support import chat, messages, raw
from support.books import counts_of
from support.daemon import Daemon, taken_port, temporary_home
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk, furnish
from support.provider import ScriptedProvider
from support.script import CUT, NEVER, Answer, Gate
from support.waiting import until

ASKED: dict[str, Any] = {"model": "twice", "messages": [{"role": "user", "content": "x"}]}
BODY = json.dumps(ASKED).encode()
STREAM = json.dumps({"stream": True, **ASKED}).encode()
CLIENTS = 20
FIRST_BYTE_S = "3"
"""Long enough for the serving backend on any machine: the failing one never answers at all."""
USED_NANO = chat.USED.input * 1000 + chat.USED.output * 2000


@pytest.fixture
def twice(provider: ScriptedProvider) -> Iterator[Desk]:
    """A model with two backends: the first one fails as the test says."""
    settings = {"CODEVECTOR_SHUTDOWN_SECONDS": "1", "CODEVECTOR_FIRST_BYTE_SECONDS": FIRST_BYTE_S}
    with temporary_home() as home, Daemon(home, settings) as daemon:
        desk = furnish(daemon, provider)
        price = {"input_price": "1", "output_price": "2"}
        daemon.control.call("POST", "models", {"slug": "twice", "backends": backends("open"), "price": price})
        provider.when("serving", chat.plain())
        provider.when(b'"stream": true, "model": "serving"', chat.streamed())
        yield desk
        desk.books.assert_balanced()


def backends(first: str, second: str = "own") -> list[dict[str, Any]]:
    return [
        {"provider": first, "upstream_model": "failing", "priority": 0},
        {"provider": second, "upstream_model": "serving", "priority": 1},
    ]


async def all_at_once(desk: Desk) -> list[raw.Reply]:
    """Call as twenty clients, every other one for a stream."""
    bodies = [BODY, STREAM] * (CLIENTS // 2)
    return await asyncio.gather(*(asyncio.to_thread(desk.post, CHAT_PATH, body) for body in bodies))


def assert_all_served(desk: Desk, replies: list[raw.Reply], status: int | None, error: str) -> None:
    """Assert that every client has its whole answer, every failed attempt is a row, and only answers cost."""
    assert [reply.status for reply in replies] == [200] * CLIENTS
    assert all(reply.complete for reply in replies)
    assert sum(reply.body.endswith(chat.DONE) for reply in replies) == CLIENTS // 2
    rows = desk.books.requests()
    calls = {row["id"]: row for row in rows if row["parent_id"] is None}
    failed = [row for row in rows if row["parent_id"] is not None]
    assert calls.keys() == {reply.header(REQUEST_ID)[0] for reply in replies}
    for row in calls.values():
        assert (row["state"], row["provider"], counts_of(row)) == ("complete", "own", chat.USED)
        assert row["attempt"] == 1 + sum(one["parent_id"] == row["id"] for one in failed)
    assert failed
    for row in failed:
        assert (row["state"], row["status"], row["error"]) == ("upstream_failed", status, error)
        assert (row["parent_id"] in calls, row["spend_nano"], row["usage_source"]) == (True, 0, "none")
    assert desk.books.spent()[1] == CLIENTS * USED_NANO


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 504, 529])
async def test_the_next_backend_serves_twenty_clients_while_the_first_answers_an_error(
    twice: Desk, status: int
) -> None:
    twice.provider.when("failing", chat.error(status))
    assert_all_served(twice, await all_at_once(twice), status, f"http_{status}")


async def test_the_next_backend_serves_twenty_clients_while_the_first_asks_to_come_back_later(twice: Desk) -> None:
    twice.provider.when("failing", chat.error(429, "rate_limit_error", None, ("Retry-After", "60")))
    assert twice.post(CHAT_PATH, BODY).status == 200
    asked = len([seen for seen in twice.provider.received() if b"failing" in seen.body])
    replies = await all_at_once(twice)
    assert [reply.status for reply in replies] == [200] * CLIENTS
    again = [seen for seen in twice.provider.received() if b"failing" in seen.body]
    assert (asked, len(again)) == (1, 1), "it said when to come back, and nobody came before"


async def test_the_next_backend_serves_twenty_clients_while_the_first_cannot_be_reached(twice: Desk) -> None:
    with taken_port(listening=False) as port:
        twice.daemon.control.add_provider("down", "openai", f"http://127.0.0.1:{port}/v1", credential="x")
        twice.daemon.control.call("PATCH", "models/twice", {"backends": backends("down")})
        assert_all_served(twice, await all_at_once(twice), None, "upstream_unreachable")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer().after(NEVER), "upstream_timeout"),
        (Answer().after(CUT), "upstream_broken"),
    ],
    ids=["hangs", "cuts the connection"],
)
async def test_the_next_backend_serves_twenty_clients_while_the_first_gives_no_byte(
    twice: Desk, answer: Answer, error: str
) -> None:
    twice.provider.when("failing", answer)
    assert_all_served(twice, await all_at_once(twice), None, error)


@pytest.mark.parametrize("status", [400, 402, 413, 422])
def test_an_error_of_the_clients_own_making_is_passed_on_and_not_tried_again(twice: Desk, status: int) -> None:
    error: Answer = chat.error(status)
    twice.provider.when("failing", error)
    reply = twice.post(CHAT_PATH, BODY)
    assert (reply.status, reply.body) == (status, error.body)
    (row,) = twice.books.requests()
    assert (row["id"], row["attempt"], row["provider"]) == (reply.header(REQUEST_ID)[0], 1, "open")


def test_a_backend_that_keeps_failing_rests(twice: Desk) -> None:
    twice.provider.when("failing", chat.error(500))
    for _ in range(6):
        assert twice.post(CHAT_PATH, BODY).status == 200
    failed = [row for row in twice.books.requests() if row["parent_id"] is not None]
    assert len(failed) == 3, "after three failures in a row the backend is left alone for a while"


async def test_after_a_rest_one_of_twenty_clients_tries_the_backend_and_the_others_are_served_at_once(
    own_desk: Desk,
) -> None:
    own_desk.daemon.control.call("POST", "models", {"slug": "twice", "backends": backends("open"), "free": True})
    provider, control = own_desk.provider, own_desk.daemon.control
    provider.when("serving", chat.plain())
    provider.when(b'"stream": true, "model": "serving"', chat.streamed())
    provider.when("failing", chat.error(503, "api_error", None, ("Retry-After", "1")))
    assert own_desk.post(CHAT_PATH, BODY).status == 200
    until(lambda: control.status()["resting_backends"] == 0, "the backend to have rested")
    gated = chat.error(503, "api_error", None, ("Retry-After", "60")).after(Gate("tried"))
    provider.when("failing", gated)
    calls = asyncio.create_task(all_at_once(own_desk))
    others = CLIENTS  # of them one waits for the backend that is tried; one call came before
    await asyncio.to_thread(
        provider.wait_for, lambda seen: sum(b"serving" in one.body for one in seen) == others, "the others", 60
    )
    assert control.status()["resting_backends"] == 1
    provider.open("tried")
    assert [reply.status for reply in await calls] == [200] * CLIENTS
    assert own_desk.post(CHAT_PATH, BODY).status == 200
    failed = [row for row in own_desk.books.requests() if row["parent_id"] is not None]
    assert len(failed) == 2, "one failure before the rest, and one call that tried again after it"


SAID = {
    "60": True,
    "Fri, 31 Dec 9999 23:59:59 GMT": True,
    "9" * 400: True,
    "Thu, 01 Jan 1970 00:00:00 GMT": False,
    "-1": False,
    "soon": False,
}
"""What a provider may say of when to come back, and whether it then rests."""


def test_a_backend_rests_as_long_as_it_says_in_seconds_or_as_a_date(own_desk: Desk) -> None:
    control = own_desk.daemon.control
    own_desk.provider.when("serving", chat.plain())
    for number, (said, rests) in enumerate(SAID.items()):
        both = [
            {"provider": "open", "upstream_model": f"failing-{number}-", "priority": 0},
            {"provider": "own", "upstream_model": "serving", "priority": 1},
        ]
        control.call("POST", "models", {"slug": f"twice-{number}", "backends": both, "free": True})
        limited = chat.error(429, "rate_limit_error", None, ("Retry-After", said))
        own_desk.provider.when(f"failing-{number}-", limited)
        assert own_desk.post(CHAT_PATH, json.dumps({**ASKED, "model": f"twice-{number}"}).encode()).status == 200
        health = control.call("GET", f"/models/twice-{number}")["backends"][0]["health"]
        assert (health["next_try_at"] is not None) is rests, said
    assert control.status()["resting_backends"] == sum(SAID.values())


def test_what_the_first_backends_protocol_cannot_carry_the_next_one_may(twice: Desk) -> None:
    twice.daemon.control.call("PATCH", "models/twice", {"backends": backends("anth")})
    reply = twice.post(CHAT_PATH, json.dumps({**ASKED, "n": 2}).encode())
    assert reply.status == 200
    (row,) = twice.books.requests()
    assert (row["provider"], row["attempt"], row["state"]) == ("own", 1, "complete")


def test_the_only_backend_is_asked_again_when_it_asks_for_a_moment(own_desk: Desk) -> None:
    limited = chat.error(429, "rate_limit_error", None, ("Retry-After", "0"))
    own_desk.provider.then(limited, chat.plain())
    reply = own_desk.post(CHAT_PATH, json.dumps({**ASKED, "model": "gpt"}).encode())
    assert reply.status == 200
    first, second = own_desk.books.requests()
    call = reply.header(REQUEST_ID)[0]
    assert (first["parent_id"], first["attempt"], first["status"], first["spend_nano"]) == (call, 1, 429, 0)
    assert (second["id"], second["attempt"], second["state"]) == (call, 2, "complete")
    assert own_desk.books.spent()[0] == chat.USED


def test_the_only_backend_that_asks_again_and_again_is_passed_on_in_its_own_words(own_desk: Desk) -> None:
    limited = chat.error(429, "rate_limit_error", None, ("Retry-After", "0"))
    own_desk.provider.when("upstream-gpt", limited)
    reply = own_desk.post(CHAT_PATH, json.dumps({**ASKED, "model": "gpt"}).encode())
    assert (reply.status, reply.body, reply.header("retry-after")) == (429, limited.body, ["0"])
    rows = own_desk.books.requests()
    assert [(row["attempt"], row["parent_id"] is None) for row in rows] == [(1, False), (2, False), (3, True)]


def test_the_only_backend_that_cannot_be_reached_is_tried_three_times_and_named_by_one_word(own_desk: Desk) -> None:
    with taken_port(listening=False) as port:
        own_desk.daemon.control.add_provider("down", "openai", f"http://127.0.0.1:{port}/v1", credential="x")
        own_desk.daemon.control.call("PATCH", "models/gpt", {"backends": backends("down")[:1]})
        reply = own_desk.post(CHAT_PATH, json.dumps({**ASKED, "model": "gpt"}).encode())
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (502, "upstream_unreachable")
    rows = own_desk.books.requests()
    assert [(row["attempt"], row["error"], row["spend_nano"]) for row in rows] == [
        (attempt, "upstream_unreachable", 0) for attempt in (1, 2, 3)
    ]
    assert rows[-1]["id"] == reply.header(REQUEST_ID)[0]


@pytest.mark.parametrize("answer", [Answer().after(CUT), chat.error(500), chat.error(503)], ids=["cut", "500", "503"])
def test_the_only_backend_is_never_asked_again_when_it_may_have_worked_on_the_call(
    own_desk: Desk, answer: Answer
) -> None:
    own_desk.provider.when("upstream-gpt", answer)
    reply = own_desk.post(CHAT_PATH, json.dumps({**ASKED, "model": "gpt"}).encode())
    assert reply.status == (answer.status if answer.steps else 502)
    assert len(own_desk.provider.received()) == 1
    assert len(own_desk.books.requests()) == 1


def test_a_client_that_leaves_between_two_tries_ends_the_call_and_owes_nothing(own_desk: Desk) -> None:
    limited = chat.error(429, "rate_limit_error", None, ("Retry-After", "1"))
    own_desk.provider.then(limited, chat.plain().after(NEVER))
    asked = own_desk.request(CHAT_PATH, json.dumps({**ASKED, "model": "gpt"}).encode())
    with raw.RawCall(own_desk.daemon.port, asked):
        until(own_desk.books.requests, "the row of the first try")
    call = until(
        lambda: next((row for row in own_desk.books.requests() if row["parent_id"] is None), None), "the call's row"
    )
    assert (call["state"], call["attempt"]) == ("client_left", 2)
    sent = len(own_desk.provider.received())
    assert (call["usage_source"] == "none") is (sent == 1), "it owes only what was sent"


def test_a_signature_never_follows_a_call_to_another_vendor(twice: Desk) -> None:
    control = twice.daemon.control
    control.add_provider("moon", "moonshot", f"{twice.provider.url}/v1", credential="x")
    control.call("PATCH", "models/twice", {"backends": backends("anth", "moon")})
    twice.provider.when("failing", messages.error(529))
    twice.provider.when("serving", messages.plain())
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "U0lHTkVE"}
    turns = [{"role": "assistant", "content": [thought, {"type": "text", "text": "Hi"}]}, *ASKED["messages"]]
    reply = twice.post(MESSAGES_PATH, json.dumps({"model": "twice", "max_tokens": 9, "messages": turns}).encode())
    assert reply.status == 200
    first, second = twice.provider.received()
    assert (b"U0lHTkVE" in first.body, b"U0lHTkVE" in second.body) == (True, False)
    assert json.loads(second.body)["messages"][0]["content"] == [{"type": "text", "text": "Hi"}]
