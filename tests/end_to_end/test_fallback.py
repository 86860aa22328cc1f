"""Where one backend fails, the next one answers; every attempt is a row, and only what was used costs."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from support import chat
from support.books import counts_of
from support.daemon import taken_port
from support.desk import CHAT_PATH, REQUEST_ID, Desk
from support.script import Answer

BODY = json.dumps({"model": "twice", "messages": [{"role": "user", "content": "x"}]}).encode()
CLIENTS = 20


@pytest.fixture
def twice(own_desk: Desk) -> Iterator[Desk]:
    """A model with two backends: the first one fails as the test says."""
    control = own_desk.daemon.control
    control.call(
        "POST",
        "models",
        {
            "slug": "twice",
            "backends": [
                {"provider": "open", "upstream_model": "failing", "priority": 0},
                {"provider": "own", "upstream_model": "serving", "priority": 1},
            ],
            "price": {"input_price": "1", "output_price": "2"},
        },
    )
    own_desk.provider.when("serving", chat.plain())
    yield own_desk
    own_desk.books.assert_balanced()


async def all_at_once(desk: Desk) -> list[int]:
    replies = await asyncio.gather(*(asyncio.to_thread(desk.post, CHAT_PATH, BODY) for _ in range(CLIENTS)))
    return [reply.status for reply in replies]


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 529])
async def test_the_next_backend_serves_twenty_clients_while_the_first_fails(twice: Desk, status: int) -> None:
    twice.provider.when("failing", chat.error(status))
    assert await all_at_once(twice) == [200] * CLIENTS
    rows = twice.books.requests()
    calls = [row for row in rows if row["parent_id"] is None]
    failed = [row for row in rows if row["parent_id"] is not None]
    assert len(calls) == CLIENTS
    assert all((row["state"], row["provider"], counts_of(row)) == ("complete", "own", chat.USED) for row in calls)
    assert failed
    assert all((row["state"], row["status"], row["spend_nano"]) == ("upstream_failed", status, 0) for row in failed)
    assert {row["parent_id"] for row in failed} <= {row["id"] for row in calls}


@pytest.mark.parametrize("status", [400, 402, 413, 422])
def test_an_error_of_the_clients_own_making_is_passed_on_and_not_tried_again(twice: Desk, status: int) -> None:
    error: Answer = chat.error(status)
    twice.provider.when("failing", error)
    reply = twice.post(CHAT_PATH, BODY)
    assert (reply.status, reply.body) == (status, error.body)
    (row,) = twice.books.requests()
    assert (row["id"], row["attempt"], row["provider"]) == (reply.header(REQUEST_ID)[0], 1, "open")


def test_a_provider_that_is_down_is_passed_over(twice: Desk) -> None:
    with taken_port(listening=False) as port:
        pass
    control = twice.daemon.control
    control.add_provider("down", "openai", f"http://127.0.0.1:{port}/v1", credential="x")
    control.call(
        "PATCH",
        "models/twice",
        {
            "backends": [
                {"provider": "down", "upstream_model": "failing", "priority": 0},
                {"provider": "own", "upstream_model": "serving", "priority": 1},
            ]
        },
    )
    reply = twice.post(CHAT_PATH, BODY)
    assert reply.status == 200
    call, failed = (
        twice.books.find(reply.header(REQUEST_ID)[0]),
        next(row for row in twice.books.requests() if row["parent_id"] is not None),
    )
    assert call is not None
    assert (call["attempt"], failed["attempt"]) == (2, 1)
    assert (failed["error"], failed["status"], failed["spend_nano"]) == ("upstream_unreachable", None, 0)


def test_a_backend_that_keeps_failing_rests(twice: Desk) -> None:
    twice.provider.when("failing", chat.error(500))
    for _ in range(6):
        assert twice.post(CHAT_PATH, BODY).status == 200
    failed = [row for row in twice.books.requests() if row["parent_id"] is not None]
    assert len(failed) == 3, "after three failures in a row the backend is left alone for a while"
