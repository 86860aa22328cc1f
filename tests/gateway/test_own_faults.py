"""A fault of our own is said and logged, and the provider's answer let go of, also where nothing is counted."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head
from codevector_daemon.directory.values import Backend
from codevector_daemon.gateway.attribution import Tags
from codevector_daemon.gateway.call import Arrival, Call, Gateway
from codevector_daemon.gateway.client import Client
from codevector_daemon.gateway.counting import count
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.retrieval import Retrieval
from codevector_daemon.gateway.running import Ending
from codevector_daemon.gateway.sights import Sights
from codevector_daemon.ledger import KeptResponse, Series
from support.values import caller, facade, provider


class Faulty:
    """An answer that breaks whoever reads it, after so many pieces or at its head, and the way to it."""

    status = 200
    headers = ((b"content-type", b"application/json"),)

    def __init__(self, pieces: int | None) -> None:
        self._pieces = pieces
        self.closed = False

    async def send(self, *_: object, own_login: bool) -> "Faulty":
        assert not own_login
        if self._pieces is None:
            raise RuntimeError("a fault of ours")
        return self

    async def chunks(self) -> AsyncIterator[bytes]:
        for _ in range(self._pieces or 0):
            yield b'{"begun": '
        raise RuntimeError("a fault of ours")

    async def aclose(self) -> None:
        self.closed = True


class Wire:
    """The client's side, as the server has it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        task = asyncio.current_task()
        assert task is not None
        self.ending = Ending(task)
        self.client = Client(self._receive, self._send, self.ending, stall_s=60)

    async def _receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def assert_told(self) -> None:
        """Assert that the client was told whose fault it is, in a whole answer."""
        assert self.sent[0]["status"] == 500
        assert json.loads(self.sent[1]["body"])["error"]["message"].startswith("The gateway itself failed")
        assert self.sent[1]["more_body"] is False

    def assert_cut(self) -> None:
        """Assert that the answer, whose head is out, has no clean end."""
        assert self.sent[0]["status"] == 200
        assert all(message.get("more_body", True) for message in self.sent)


def an_arrival(dialect: str, suffix: str = "", target: str = "") -> Arrival:
    return Arrival(
        id="req_1",
        received_ms=1,
        dialect=by_name[dialect],
        purpose="retrieve",
        suffix=suffix,
        target=target,
        query=b"",
        headers=HeaderMap([]),
        caller=caller(),
        own_login=False,
        tags=Tags(),
        method="GET",
    )


def a_gateway(dialer: Faulty) -> Gateway:
    settings = SimpleNamespace(first_byte_seconds=1.0, estimate_max_bytes=4096)
    return cast("Gateway", SimpleNamespace(dialer=dialer, settings=settings, sights=Sights(), now_ms=lambda: 1))


@pytest.mark.parametrize("pieces", [None, 1])
async def test_a_retrieval_that_fails_inside_the_gateway_is_told_so(
    pieces: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    wire, answer = Wire(), Faulty(pieces)
    kept = KeptResponse("resp_1", 1, "req_0", Series(1, 1), created_ms=1, counted=False)
    retrieval = Retrieval(a_gateway(answer), an_arrival("responses", target="resp_1"), kept, wire.client, wire.ending)
    await retrieval.run(b"", provider("open", "openai", "responses"))
    if pieces is None:
        wire.assert_told()
    else:
        wire.assert_cut()
        assert answer.closed
    assert "the retrieval req_1 failed inside the gateway" in caplog.text
    assert "RuntimeError: a fault of ours" in caplog.text


@pytest.mark.parametrize("pieces", [None, 1])
async def test_a_count_that_fails_inside_the_gateway_is_told_so(
    pieces: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    wire, answer = Wire(), Faulty(pieces)
    backend = Backend(provider("anth", "anthropic", "messages"), "claude")
    call = Call(an_arrival("messages", "/count_tokens"), b'{"model": "m"}', Head("m"), facade("m", backend), backend)
    await count(a_gateway(answer), call, wire.client, wire.ending)
    if pieces is None:
        wire.assert_told()
    else:
        wire.assert_cut()
        assert answer.closed
    assert "the count req_1 failed inside the gateway" in caplog.text
