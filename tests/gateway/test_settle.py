"""An attempt's event is made whatever its estimate stumbles over."""

from types import SimpleNamespace
from typing import cast

import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head, Kept, Reading
from codevector_daemon.directory.values import Backend
from codevector_daemon.gateway import settle
from codevector_daemon.gateway.attribution import Tags
from codevector_daemon.gateway.call import Arrival, Call, Gateway
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.metering.tap import AnswerTap
from support.values import caller, facade, provider

BODY = b'{"messages": [{"role": "user", "content": "' + b"word " * 200 + b'"}]}'


class UnreadableTap:
    """Has passed an answer on, but cannot say any more what was in it."""

    def reading(self) -> Reading:
        return Reading(service_tier="flex")

    def kept(self) -> Kept:
        raise ValueError("nothing can be read")


def a_call() -> Call:
    arrival = Arrival(
        id="req_1",
        received_ms=1_700_000_000_000,
        dialect=by_name["chat"],
        purpose="generate",
        suffix="",
        target="",
        query=b"",
        headers=HeaderMap([]),
        caller=caller(),
        own_login=False,
        tags=Tags(),
    )
    backend = Backend(provider("one", "openai", "chat"), "gpt-5")
    return Call(arrival, BODY, Head("m"), facade("m", backend), backend)


def a_gateway() -> Gateway:
    parts = SimpleNamespace(
        prices=PriceBook.open(None),
        settings=SimpleNamespace(estimate_max_bytes=4096),
        now_ms=lambda: 1_700_000_001_000,
    )
    return cast("Gateway", parts)


OUTCOME = settle.Outcome("req_1", 1, "client_left", sent=True, status=200)


async def test_an_answer_that_cannot_be_counted_is_settled_by_the_size_of_its_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    event = await settle.estimated_event(a_gateway(), a_call(), OUTCOME, cast("AnswerTap", UnreadableTap()))
    assert (event.state, event.usage_source, event.service_tier) == ("client_left", "estimated", "flex")
    assert len(BODY) / 6 < event.counts.uncached_input < len(BODY) / 2
    assert event.spend_nano > 0
    assert "req_1 could not be counted" in caplog.text


class UncountableTap(UnreadableTap):
    """Says how much of an answer it has kept, but in no form that anybody can count."""

    def kept(self) -> Kept:
        return Kept(dialect="nobody speaks it", guess=70)


async def test_output_that_cannot_be_counted_is_settled_by_its_size_too() -> None:
    event = await settle.estimated_event(a_gateway(), a_call(), OUTCOME, cast("AnswerTap", UncountableTap()))
    assert (event.counts.output, event.usage_source) == (70, "estimated")
    # gpt-5: 1,250 in and 10,000 out, at half of it for flex
    assert event.spend_nano == event.counts.uncached_input * 625 + 70 * 5_000
