import json

import pytest

from benchmarks.counting import (
    EVENTS,
    LARGE,
    SHAPES,
    beside_the_loop,
    compact,
    kept_of,
    large_answers,
    large_body,
    longest_step,
    on_the_loop,
    read_stream,
    spent,
)
from benchmarks.yardstick import least_ms, reread
from codevector_daemon.dialects.chat_reader import ChatReader
from codevector_daemon.metering import estimate


@pytest.mark.parametrize("shape", SHAPES)
def test_reading_a_long_stream_costs_less_than_reading_and_writing_its_json(shape: str) -> None:
    dialect, make = SHAPES[shape]
    events = [make(number) for number in range(EVENTS)]
    assert min(read_stream(dialect, events) for _ in range(5)) < least_ms(lambda: reread(events))


def test_what_a_large_body_costs_the_loop_is_less_than_decoding_it() -> None:
    body = large_body()
    assert len(body) > 4_000_000
    assert min(on_the_loop(body) for _ in range(5)) < least_ms(lambda: json.loads(body))


def test_no_step_of_a_large_answer_costs_the_loop_as_much_as_decoding_it_once() -> None:
    for name, dialect, answer, streamed in large_answers():
        assert len(answer) > 4_000_000, name
        longest = min(longest_step(dialect, answer, streamed=streamed) for _ in range(5))
        assert longest < least_ms(lambda: json.loads(compact({"text": LARGE}))), name


def test_the_text_of_a_large_answer_is_not_taken_out_in_this_process() -> None:
    calls = [{"function": {"name": "f", "arguments": '{"a": 1}'}} for _ in range(70_000)]
    answer = compact({"choices": [{"message": {"tool_calls": calls}}]})
    kept = kept_of("chat", answer)
    here = min(spent(lambda: ChatReader(hide_usage=False).text_of(kept)) for _ in range(3))
    estimate.output_tokens("started", "gpt-4o")
    assert min(beside_the_loop(lambda: estimate.output_tokens(kept, "gpt-4o")) for _ in range(3)) < here / 3
