import pytest

from benchmarks.counting import (
    EVENTS,
    SHAPES,
    beside_the_loop,
    compact,
    kept_of,
    large_answers,
    large_body,
    longest_step,
    on_the_loop,
    price_call,
    read_stream,
    spent,
)
from codevector_daemon.dialects.chat_reader import ChatReader
from codevector_daemon.metering import estimate
from codevector_daemon.metering.prices import PriceBook

SLACK = 10
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


def test_a_large_answer_does_not_hold_up_the_loop() -> None:
    for name, dialect, answer, streamed in large_answers():
        assert len(answer) > 4_000_000, name
        assert min(longest_step(dialect, answer, streamed=streamed) for _ in range(5)) < 5 * SLACK, name


def test_the_text_of_a_large_answer_is_not_taken_out_in_this_process() -> None:
    calls = [{"function": {"name": "f", "arguments": '{"a": 1}'}} for _ in range(70_000)]
    answer = compact({"choices": [{"message": {"tool_calls": calls}}]})
    kept = kept_of("chat", answer)
    here = min(spent(lambda: ChatReader(hide_usage=False).text_of(kept)) for _ in range(3))
    estimate.output_tokens("started", "gpt-4o")
    assert min(beside_the_loop(lambda: estimate.output_tokens(kept, "gpt-4o")) for _ in range(3)) < here / 3
