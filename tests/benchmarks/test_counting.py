import pytest

from benchmarks.counting import EVENTS, SHAPES, large_body, on_the_loop, price_call, read_stream
from codevector_daemon.metering.prices import PriceBook

SLACK = 3
"""Machines that are busy or slow take so many times longer than the goals, which are for a quiet one."""


@pytest.mark.parametrize("shape", SHAPES)
def test_reading_a_long_stream_stays_within_its_budget(shape: str) -> None:
    dialect, make = SHAPES[shape]
    events = [make(number) for number in range(EVENTS)]
    assert min(read_stream(dialect, events) for _ in range(5)) < 5 * SLACK


def test_pricing_a_call_stays_within_its_budget() -> None:
    book = PriceBook.open(None)
    assert min(price_call(book, 500) for _ in range(5)) < 15 * SLACK


def test_a_large_body_does_not_hold_up_the_loop() -> None:
    body = large_body()
    assert len(body) > 4_000_000
    assert min(on_the_loop(body) for _ in range(5)) < 5 * SLACK
