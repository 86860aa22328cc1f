"""Translation stays in proportion to what there is to translate; ``benchmarks.translating`` says what it costs."""

import json
from collections.abc import Callable

import pytest

from benchmarks.translating import PAIRS, events_of, translate
from benchmarks.yardstick import least_ms, reread
from codevector_daemon.dialects.base import Head
from support.translation.calls import made

TIMES = 3
"""As often the time that the standard library takes to read and write the same JSON; measured: 0.5 to 0.8."""


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_translating_takes_a_few_times_what_reading_the_events_takes(client: str, provider: str) -> None:
    events = events_of(provider)
    assert least_ms(lambda: translate(client, provider, events)) < TIMES * least_ms(lambda: reread(events))


MORE = 8
AT_MOST = 3 * MORE
"""A cost that grows with the number of things grows eightfold; one that grows with its square, 64-fold."""


def backwards(calls: int) -> bytes:
    """Return a request whose parallel calls are answered in the reverse order, by ids."""
    names = [f"f{at}" for at in range(calls)]
    asked = [{"functionCall": {"name": name, "args": {}}} for name in names]
    answered = [{"functionResponse": {"name": name, "response": {}}} for name in reversed(names)]
    return json.dumps({"contents": [{"role": "model", "parts": asked}, {"role": "user", "parts": answered}]}).encode()


def allowed(tools: int) -> bytes:
    """Return a request that allows each of its tools by name."""
    named = [{"type": "function", "name": f"f{at}"} for at in range(tools)]
    choice = {"type": "allowed_tools", "mode": "auto", "tools": named}
    return json.dumps({"input": "x", "tools": named, "tool_choice": choice}).encode()


@pytest.mark.parametrize(("client", "body"), [("gemini", backwards), ("responses", allowed)])
def test_many_things_in_a_request_cost_no_more_each_than_a_few(client: str, body: Callable[[int], bytes]) -> None:
    few, many = (body(count) for count in (500, 500 * MORE))

    def took(request: bytes) -> float:
        return least_ms(lambda: made(client, "chat").request(request, Head(model="s"), "m", stream=False), turns=3)

    assert took(many) < AT_MOST * took(few)
