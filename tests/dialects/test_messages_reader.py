import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.messages_reader import MessagesReader
from codevector_daemon.metering.counts import Round, TokenCounts


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()


def start(**usage: Any) -> bytes:
    usage = {"input_tokens": 10, "output_tokens": 1} | usage
    return event("message_start", message={"id": "msg_1", "model": "claude-a", "content": [], "usage": usage})


def text(said: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": said})


def delta(**usage: Any) -> bytes:
    return event("message_delta", delta={"stop_reason": "end_turn"}, usage=usage)


STOP = event("message_stop")


def stream(*events: bytes) -> tuple[Reading, list[Verdict], MessagesReader]:
    reader = MessagesReader()
    verdicts = [reader.event(one) for one in events]
    return reader.reading(), verdicts, reader


def usage_reading(usage: Any, **fields: Any) -> Reading:
    reader = MessagesReader()
    answer = {"id": "msg_1", "type": "message", "model": "claude-a", "content": [], "usage": usage} | fields
    reader.body(json.dumps(answer).encode())
    return reader.reading()


CASES = [
    pytest.param({"input_tokens": 10, "output_tokens": 4}, {"uncached_input": 10, "output": 4}, id="plain"),
    pytest.param(
        {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50, "output_tokens": 4},
        {"uncached_input": 10, "cache_read": 100, "cache_write_5m": 50, "output": 4},
        id="the input excludes the cache; without a split all writes are kept 5 minutes",
    ),
    pytest.param(
        {
            "input_tokens": 10,
            "cache_creation_input_tokens": 50,
            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
            "output_tokens": 4,
        },
        {"uncached_input": 10, "cache_write_5m": 20, "cache_write_1h": 30, "output": 4},
        id="writes kept an hour are told apart",
    ),
    pytest.param(
        {"input_tokens": 10, "cache_creation": {"ephemeral_1h_input_tokens": 30}, "output_tokens": 4},
        {"uncached_input": 10, "cache_write_1h": 30, "output": 4},
        id="a split without a total",
    ),
    pytest.param(
        {"input_tokens": 3, "output_tokens": 90, "output_tokens_details": {"thinking_tokens": 70}},
        {"uncached_input": 3, "output": 90, "reasoning": 70},
        id="thinking is a part of the output",
    ),
    pytest.param(
        {"input_tokens": 3, "output_tokens": 9, "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 5}},
        {"uncached_input": 3, "output": 9, "server_tool_calls": 2},
        id="searches are charged",
    ),
    pytest.param(
        {"input_tokens": 120, "cache_read_input_tokens": 100, "output_tokens": 5, "total_tokens": 125},
        {"uncached_input": 20, "cache_read": 100, "output": 5},
        id="a vendor whose input includes the cache, as its total shows",
    ),
    pytest.param(
        {"input_tokens": 120, "cache_read_input_tokens": 100, "output_tokens": 5, "total_tokens": 225},
        {"uncached_input": 120, "cache_read": 100, "output": 5},
        id="a vendor whose input excludes the cache, as its total shows",
    ),
    pytest.param(
        {"input_tokens": 120, "prompt_tokens": 120, "cache_read_input_tokens": 100, "output_tokens": 5},
        {"uncached_input": 20, "cache_read": 100, "output": 5},
        id="kimi: the whole prompt is repeated as prompt_tokens",
    ),
    pytest.param(
        {"input_tokens": 12, "output_tokens": 6, "output_tokens_details": {"thinking_tokens": 40}, "total_tokens": 58},
        {"uncached_input": 12, "output": 46, "reasoning": 40},
        id="thinking outside the output, as the total shows",
    ),
    pytest.param(
        {"input_tokens": 50, "cache_read_input_tokens": 100, "output_tokens": 5, "total_tokens": 999},
        {"uncached_input": 50, "cache_read": 100, "output": 5},
        id="a total that fits nothing changes nothing where nothing is impossible",
    ),
    pytest.param({"input_tokens": 0, "output_tokens": 0}, {}, id="explicit zeros are counts"),
]


@pytest.mark.parametrize(("usage", "counts"), CASES)
def test_a_usage_block_becomes_disjoint_counts(usage: dict[str, Any], counts: dict[str, int]) -> None:
    reading = usage_reading(usage)
    assert reading.counts == TokenCounts(**counts)
    assert (reading.usage_source, reading.whole, reading.refused, reading.rounds) == ("reported", True, None, ())


@pytest.mark.parametrize("usage", [None, {}, [], "x", {"input_tokens": None}])
def test_a_usage_without_counts_is_a_missing_one(usage: object) -> None:
    assert usage_reading(usage).usage_source == "none"


@pytest.mark.parametrize("bad", [-1, 2**40 + 1, 1.5, "12", True, [1]])
def test_a_count_that_cannot_be_one_is_refused_and_flagged(bad: object) -> None:
    reading = usage_reading({"input_tokens": 10, "output_tokens": bad})
    assert (reading.counts, reading.output_reported) == (TokenCounts(uncached_input=10), False)
    assert reading.refused == "output_tokens"
    cached = usage_reading({"input_tokens": 10, "output_tokens": 4, "cache_read_input_tokens": bad})
    assert (cached.counts, cached.input_reported) == (TokenCounts(output=4), False)


def test_a_part_larger_than_its_whole_that_the_total_puts_within_it_is_refused() -> None:
    cache = usage_reading({"input_tokens": 50, "cache_read_input_tokens": 100, "output_tokens": 5, "total_tokens": 55})
    assert (cache.counts, cache.input_reported, cache.output_reported) == (TokenCounts(output=5), False, True)
    assert cache.refused == "cache_read_input_tokens"
    prompt = {"input_tokens": 50, "prompt_tokens": 50, "cache_creation_input_tokens": 100, "output_tokens": 5}
    assert usage_reading(prompt).counts == TokenCounts(output=5)
    thinking = usage_reading(
        {"input_tokens": 12, "output_tokens": 6, "output_tokens_details": {"thinking_tokens": 40}, "total_tokens": 18}
    )
    assert (thinking.counts, thinking.output_reported) == (TokenCounts(uncached_input=12), False)
    assert thinking.refused == "thinking_tokens"


def test_a_round_that_contradicts_itself_is_not_charged_and_flagged() -> None:
    rounds = [{"type": "compaction", "input_tokens": 5, "output_tokens": 2, "prompt_tokens": 5}]
    rounds[0]["cache_read_input_tokens"] = 90
    reading = usage_reading({"input_tokens": 10, "output_tokens": 4, "iterations": rounds})
    assert (reading.counts, reading.whole) == (TokenCounts(uncached_input=10, output=4), False)


def test_a_stream_is_read_to_its_end() -> None:
    reading, verdicts, reader = stream(
        start(), event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        text("Hi"), event("ping"), delta(output_tokens=7), STOP,
    )  # fmt: skip
    assert verdicts == [Verdict.PASS] * 5 + [Verdict.LAST]
    assert (reading.counts, reading.whole, reading.finished) == (TokenCounts(uncached_input=10, output=7), True, True)
    assert (reading.served_model, reading.response_id) == ("claude-a", "msg_1")
    assert reader.text_of(reader.kept()) == "Hi"


def test_cumulative_deltas_replace_and_are_never_summed() -> None:
    reading, _, _ = stream(start(cache_read_input_tokens=5), delta(output_tokens=3), delta(output_tokens=8), STOP)
    assert reading.counts == TokenCounts(uncached_input=10, cache_read=5, output=8)


def test_usage_that_comes_only_in_the_delta_is_read() -> None:
    first = event(
        "message_start", message={"id": "m", "model": "kimi", "usage": {"input_tokens": 0, "output_tokens": 0}}
    )
    reading, _, _ = stream(first, delta(input_tokens=40, cache_read_input_tokens=60, output_tokens=3), STOP)
    assert reading.counts == TokenCounts(uncached_input=40, cache_read=60, output=3)


def test_a_null_in_the_delta_replaces_nothing() -> None:
    reading, _, _ = stream(start(cache_read_input_tokens=5), delta(input_tokens=None, output_tokens=3), STOP)
    assert reading.counts == TokenCounts(uncached_input=10, cache_read=5, output=3)


def test_an_explicit_zero_in_the_delta_replaces() -> None:
    reading, _, _ = stream(start(cache_read_input_tokens=5), delta(cache_read_input_tokens=0, output_tokens=3), STOP)
    assert reading.counts.cache_read == 0


def test_the_split_of_the_start_holds_when_the_delta_repeats_the_total_alone() -> None:
    first = start(cache_creation_input_tokens=50, cache_creation={"ephemeral_1h_input_tokens": 30})
    reading, _, _ = stream(first, delta(cache_creation_input_tokens=50, output_tokens=3), STOP)
    assert (reading.counts.cache_write_5m, reading.counts.cache_write_1h) == (20, 30)


def test_the_output_of_the_start_is_only_a_placeholder() -> None:
    reading, _, reader = stream(start(cache_read_input_tokens=7), text("word " * 40))
    assert reading.counts == TokenCounts(uncached_input=10, cache_read=7)
    assert (reading.input_reported, reading.output_reported, reading.finished) == (True, False, False)
    assert 40 <= reader.progress() <= 60


def test_a_delta_that_says_nothing_of_the_output_leaves_it_a_placeholder() -> None:
    reading, _, _ = stream(start(), text("Hi"), delta(input_tokens=12), STOP)
    assert (reading.counts, reading.output_reported) == (TokenCounts(uncached_input=12), False)


def test_an_error_event_is_the_last_one() -> None:
    reading, verdicts, _ = stream(start(), event("error", error={"type": "overloaded_error", "message": "x"}))
    assert verdicts[-1] is Verdict.LAST
    assert (reading.error, reading.finished, reading.counts.input) == ("overloaded_error", False, 10)


def test_an_error_inside_a_200_is_told_by_its_class() -> None:
    assert usage_reading(None, type="error", error={"type": "api_error", "message": "m"}).error == "api_error"


def test_an_event_named_only_by_its_event_line_is_understood() -> None:
    _, verdicts, _ = stream(b'event: message_stop\ndata: {"amazon-bedrock-invocationMetrics":{}}\n\n')
    assert verdicts == [Verdict.LAST]


def test_text_that_talks_about_the_end_is_text() -> None:
    said = '{"type": "message_stop"} "type":"error" event: message_delta'
    reading, verdicts, reader = stream(start(), text(said))
    assert (verdicts[-1], reading.error, reading.finished) == (Verdict.PASS, None, False)
    assert reader.text_of(reader.kept()) == said


def test_thinking_and_tool_input_are_text_for_an_estimate() -> None:
    _, _, reader = stream(
        event("content_block_delta", delta={"type": "thinking_delta", "thinking": "hm"}),
        event("content_block_start", content_block={"type": "tool_use", "name": "grep", "input": {}}),
        event("content_block_delta", delta={"type": "input_json_delta", "partial_json": '{"q":1}'}),
    )
    assert reader.text_of(reader.kept()) == 'hmgrep{"q":1}'
    whole = MessagesReader()
    whole.body(b'{"content":[{"type":"thinking","thinking":"hm"},{"type":"tool_use","name":"grep","input":{"q":1}}]}')
    assert whole.text_of(whole.kept()) == 'hmgrep{"q":1}'


@pytest.mark.parametrize(
    ("usage", "tier"),
    [
        ({}, None),
        ({"service_tier": "standard"}, "standard"),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        ({"service_tier": "priority", "speed": "standard", "inference_geo": "us"}, "priority+geo-us"),
        ({"inference_geo": "global"}, None),
        ({"inference_geo": "not_available", "service_tier": "standard"}, "standard"),
        ({"service_tier": 7, "speed": None}, None),
    ],
)
def test_the_tier_that_served_is_named_with_all_that_changes_the_price(usage: dict[str, Any], tier: str | None) -> None:
    assert usage_reading({"input_tokens": 1, "output_tokens": 1} | usage).service_tier == tier


def iteration(kind: str, read: int, written: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "input_tokens": read, "output_tokens": written} | more


def test_a_compaction_round_comes_on_top() -> None:
    reading = usage_reading(
        {
            "input_tokens": 23000,
            "output_tokens": 1000,
            "iterations": [iteration("compaction", 180000, 3500), iteration("message", 23000, 1000)],
        }
    )
    assert reading.counts == TokenCounts(uncached_input=203000, output=4500)
    assert reading.rounds == (Round(None, TokenCounts(uncached_input=180000, output=3500)),)


def test_an_advisors_round_comes_on_top_at_its_own_models_rate() -> None:
    advice = iteration("advisor_message", 800, 200, model="claude-opus-4-6", cache_read_input_tokens=50)
    reading = usage_reading(
        {"input_tokens": 10, "output_tokens": 4, "iterations": [iteration("message", 10, 4), advice]}
    )
    assert reading.counts == TokenCounts(uncached_input=810, cache_read=50, output=204)
    assert reading.rounds == (
        Round("claude-opus-4-6", TokenCounts(uncached_input=800, cache_read=50, output=200)),
    )  # fmt: skip


def test_an_attempt_declined_after_output_is_billed_and_one_declined_before_is_not() -> None:
    served = iteration("fallback_message", 10, 4, model="claude-b")
    late = iteration("message", 9, 2, model="claude-a")
    early = iteration("message", 9, 0, model="claude-a")
    billed = usage_reading({"input_tokens": 10, "output_tokens": 4, "iterations": [late, served]}, model="claude-b")
    own = Round("claude-b", TokenCounts(uncached_input=10, output=4))
    assert billed.rounds == (Round("claude-a", TokenCounts(uncached_input=9, output=2)), own)
    assert billed.counts == TokenCounts(uncached_input=19, output=6)
    free = usage_reading({"input_tokens": 10, "output_tokens": 4, "iterations": [early, served]}, model="claude-b")
    assert (free.rounds, free.counts) == ((own,), TokenCounts(uncached_input=10, output=4))


def test_a_declined_attempt_inside_the_top_level_is_charged_apart_and_counted_once() -> None:
    served = iteration("fallback_message", 10, 4, model="claude-b")
    late = iteration("message", 9, 2, model="claude-a")
    reading = usage_reading({"input_tokens": 19, "output_tokens": 6, "iterations": [late, served]}, model="claude-b")
    assert reading.rounds == (
        Round("claude-a", TokenCounts(uncached_input=9, output=2)),
        Round("claude-b", TokenCounts(uncached_input=10, output=4)),
    )
    assert reading.counts == TokenCounts(uncached_input=19, output=6)


def test_of_several_fallbacks_the_last_one_served() -> None:
    rounds = [
        iteration("message", 9, 0, model="claude-a"),
        iteration("fallback_message", 9, 3, model="claude-b"),
        iteration("fallback_message", 10, 4, model="claude-c"),
    ]
    reading = usage_reading(
        {
            "input_tokens": 10,
            "output_tokens": 4,
            "server_tool_use": {"web_search_requests": 2},
            "iterations": rounds,
        }
    )
    assert reading.rounds == (
        Round("claude-b", TokenCounts(uncached_input=9, output=3)),
        Round("claude-c", TokenCounts(uncached_input=10, output=4)),
    )
    assert reading.counts == TokenCounts(uncached_input=19, output=7, server_tool_calls=2)


def test_rounds_around_an_advisor_count_what_each_of_them_read() -> None:
    rounds = [
        iteration("message", 412, 89),
        iteration("advisor_message", 823, 1612, model="claude-opus-4-6"),
        iteration("message", 1348, 442, cache_read_input_tokens=412),
    ]
    reading = usage_reading({"input_tokens": 412, "output_tokens": 531, "iterations": rounds})
    assert reading.rounds == (
        Round("claude-opus-4-6", TokenCounts(uncached_input=823, output=1612)),
        Round(None, TokenCounts(uncached_input=1348, cache_read=412, output=442)),
    )
    assert reading.counts == TokenCounts(uncached_input=412 + 823 + 1348, cache_read=412, output=531 + 1612)


def test_rounds_that_the_top_level_already_contains_are_not_added_again() -> None:
    loop = [iteration("message", 10, 4), iteration("message", 20, 6)]
    reading = usage_reading({"input_tokens": 30, "output_tokens": 10, "iterations": loop})
    assert (reading.rounds, reading.counts) == ((), TokenCounts(uncached_input=30, output=10))


def test_iterations_in_the_delta_are_read() -> None:
    reading, _, _ = stream(start(), delta(output_tokens=4, iterations=[iteration("compaction", 100, 5)]), STOP)
    assert reading.counts == TokenCounts(uncached_input=110, output=9)


def test_an_answer_declined_before_it_produced_output_costs_nothing() -> None:
    declined = usage_reading({"input_tokens": 900, "output_tokens": 0}, stop_reason="refusal")
    assert (declined.counts, declined.whole, declined.usage_source) == (TokenCounts(), True, "reported")
    last = event("message_delta", delta={"stop_reason": "refusal"}, usage={"output_tokens": 0})
    assert stream(start(), last, STOP)[0].counts == TokenCounts()


def test_an_answer_declined_after_output_is_billed_for_what_it_produced() -> None:
    declined = usage_reading({"input_tokens": 900, "output_tokens": 12}, stop_reason="refusal")
    assert declined.counts == TokenCounts(uncached_input=900, output=12)


PIECES = st.sampled_from(
    [
        b'{"type":"message_start","message":',
        b'{"type":"message_delta","usage":',
        b"{",
        b"}",
        b"[]",
        b'"',
        b"null",
        b"error",
    ]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=12).map(b"".join))
def test_garbage_never_raises(garbage: bytes) -> None:
    reader = MessagesReader()
    reader.event(b"event: message_delta\ndata: " + garbage + b"\n\n")
    reader.event(garbage)
    reader.body(garbage)
    reader.reading()
    assert reader.progress() >= 0
    assert isinstance(reader.text_of(reader.kept()), str)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**50) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
        "ephemeral_1h_input_tokens",
        "total_tokens",
        "iterations",
        "type",
        "model",
    ]
)
BLOCKS = st.dictionaries(NAMES, ANY | st.dictionaries(NAMES, ANY, max_size=3), max_size=6)


@given(BLOCKS, st.lists(BLOCKS, max_size=3))
def test_any_usage_block_gives_sound_counts(usage: dict[str, Any], rounds: list[dict[str, Any]]) -> None:
    if rounds:
        usage["iterations"] = rounds
    counts = usage_reading(usage).counts
    values = [getattr(counts, name) for name in TokenCounts.__struct_fields__]
    assert all(isinstance(value, int) and value >= 0 for value in values)
    assert counts.reasoning <= counts.output
