import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.chat_reader import ChatReader
from codevector_daemon.dialects.counting import stated_cost_nano
from codevector_daemon.metering.counts import TokenCounts


def body_reading(answer: Any) -> Reading:
    reader = ChatReader(hide_usage=False)
    reader.body(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
    return reader.reading()


def usage_reading(usage: Any) -> Reading:
    return body_reading({"id": "c1", "model": "m", "choices": [], "usage": usage})


def event(payload: Any) -> bytes:
    return b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"


def chunk(text: str | None = None, **more: Any) -> bytes:
    choices = [] if text is None else [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    return event({"id": "c1", "model": "m-1", "choices": choices} | more)


DONE = event(b"[DONE]")
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def stream(*events: bytes, hide_usage: bool = False) -> tuple[Reading, list[Verdict], ChatReader]:
    reader = ChatReader(hide_usage=hide_usage)
    verdicts = [reader.event(one) for one in events]
    return reader.reading(), verdicts, reader


CASES = [
    pytest.param(USAGE, {"uncached_input": 10, "output": 4}, id="plain"),
    pytest.param(
        {
            "prompt_tokens": 100,
            "completion_tokens": 9,
            "total_tokens": 109,
            "prompt_tokens_details": {"cached_tokens": 64},
        },
        {"uncached_input": 36, "cache_read": 64, "output": 9},
        id="openai: the prompt contains what was cached",
    ),
    pytest.param(
        {
            "prompt_tokens": 100,
            "completion_tokens": 9,
            "total_tokens": 109,
            "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        },
        {"uncached_input": 10, "cache_read": 60, "cache_write_5m": 30, "output": 9},
        id="openai: reads and writes are disjoint parts of the prompt",
    ),
    pytest.param(
        {"prompt_tokens": 5, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 40}},
        {"uncached_input": 5, "output": 50, "reasoning": 40},
        id="openai: the completion contains the reasoning",
    ),
    pytest.param(
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        {"uncached_input": 32, "output": 103, "reasoning": 94},
        id="xai: reasoning outside, as the total shows",
    ),
    pytest.param(
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 41,
            "completion_tokens_details": {"reasoning_tokens": 7},
        },
        {"uncached_input": 32, "output": 9, "reasoning": 7},
        id="xai: reasoning inside, as the total shows",
    ),
    pytest.param(
        {"prompt_tokens": 8, "completion_tokens": 3, "reasoning_tokens": 20},
        {"uncached_input": 8, "output": 23, "reasoning": 20},
        id="reasoning larger than the completion can only lie outside",
    ),
    pytest.param(
        {
            "prompt_tokens": 100,
            "completion_tokens": 5,
            "total_tokens": 105,
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 36,
        },
        {"uncached_input": 36, "cache_read": 64, "output": 5},
        id="deepseek: hit and miss make the prompt",
    ),
    pytest.param(
        {"completion_tokens": 5, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
        {"uncached_input": 36, "cache_read": 64, "output": 5},
        id="deepseek: without prompt_tokens",
    ),
    pytest.param(
        {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105, "cached_tokens": 80},
        {"uncached_input": 20, "cache_read": 80, "output": 5},
        id="moonshot: cached_tokens beside the prompt",
    ),
    pytest.param(
        {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 105, "cache_read_input_tokens": 80},
        {"uncached_input": 20, "cache_read": 80, "output": 5},
        id="a prompt without its cache, as the total shows",
    ),
    pytest.param(
        {
            "prompt_tokens": 20,
            "completion_tokens": 5,
            "total_tokens": 112,
            "cache_read_input_tokens": 80,
            "reasoning_tokens": 7,
        },
        {"uncached_input": 20, "cache_read": 80, "output": 12, "reasoning": 7},
        id="cache and reasoning both outside",
    ),
    pytest.param(
        {"prompt_tokens": 20, "completion_tokens": 5, "cached_tokens": 80},
        {"uncached_input": 20, "cache_read": 80, "output": 5},
        id="a cache larger than the prompt can only lie outside",
    ),
    pytest.param(
        {
            "prompt_tokens": 50,
            "completion_tokens": 30,
            "total_tokens": 80,
            "prompt_tokens_details": {"audio_tokens": 40, "cached_tokens": 0},
            "completion_tokens_details": {"audio_tokens": 20, "reasoning_tokens": 0},
        },
        {"uncached_input": 50, "audio_input": 40, "output": 30, "audio_output": 20},
        id="audio is a part of both sides",
    ),
    pytest.param(
        USAGE | {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 9}},
        {"uncached_input": 10, "output": 4, "server_tool_calls": 3},
        id="openrouter: searches are charged, fetches are not",
    ),
    pytest.param({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, {}, id="explicit zeros are counts"),
    pytest.param({"prompt_tokens": 7, "total_tokens": 7}, {"uncached_input": 7}, id="a prompt that is all there is"),
    pytest.param(
        {"prompt_tokens": 7.0, "completion_tokens": 2.0},
        {"uncached_input": 7, "output": 2},
        id="whole floats are counts",
    ),
]


@pytest.mark.parametrize(("usage", "counts"), CASES)
def test_a_usage_block_becomes_disjoint_counts(usage: dict[str, Any], counts: dict[str, int]) -> None:
    reading = usage_reading(usage)
    assert reading.counts == TokenCounts(**counts)
    assert (reading.usage_source, reading.whole, reading.refused) == ("reported", True, None)


@pytest.mark.parametrize("usage", [None, {}, [], "none", {"prompt_tokens": None, "completion_tokens": None}])
def test_a_usage_without_counts_is_a_missing_one(usage: object) -> None:
    reading = usage_reading(usage)
    assert (reading.counts, reading.usage_source, reading.finished) == (TokenCounts(), "none", True)


@pytest.mark.parametrize("bad", [-1, 2**40 + 1, 1.5, "12", True, [1], {"n": 1}])
def test_a_count_that_cannot_be_one_is_refused_and_flagged(bad: object) -> None:
    output = usage_reading({"prompt_tokens": 10, "completion_tokens": bad})
    assert (output.counts, output.input_reported, output.output_reported) == (
        TokenCounts(uncached_input=10),
        True,
        False,
    )
    assert output.refused == "completion_tokens"
    prompt = usage_reading({"prompt_tokens": bad, "completion_tokens": 3})
    assert (prompt.counts, prompt.input_reported, prompt.output_reported) == (TokenCounts(output=3), False, True)
    assert prompt.refused == "prompt_tokens"


def test_a_refused_part_spoils_its_side_only() -> None:
    reading = usage_reading(USAGE | {"prompt_tokens_details": {"cached_tokens": -5}})
    assert (reading.input_reported, reading.output_reported, reading.counts.output) == (False, True, 4)


@pytest.mark.parametrize(
    ("usage", "nano"),
    [
        ({"cost": 0.00014}, 140_000),
        ({"cost": 0.0123456789, "is_byok": False, "cost_details": {"upstream_inference_cost": 5}}, 12_345_679),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 21_000_000),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, 0),
        ({"cost": {"input_tokens_cost": 1, "total_cost": 0.006}}, 6_000_000),
        ({"cost": 2.5e-9}, 2),
        ({"cost": -1}, None),
        ({"cost": 1e300}, None),
        ({"cost": "free"}, None),
        ({"cost": True}, None),
        ({"cost": None}, None),
        ({}, None),
    ],
)
def test_the_providers_own_cost_is_read_exactly(usage: dict[str, Any], nano: int | None) -> None:
    assert usage_reading(USAGE | usage).provider_cost_nano == nano


@pytest.mark.parametrize(
    ("stated", "nano"),
    [("0.00012", 120_000), ("1e-9", 1), ("0", 0), ("-1", None), ("nan", None), ("", None), ("x", None)],
)
def test_a_cost_stated_in_a_header_is_read_exactly(stated: str, nano: int | None) -> None:
    assert stated_cost_nano(stated) == nano


def test_a_stream_is_read_to_its_end() -> None:
    reading, verdicts, reader = stream(
        chunk("Hel", service_tier="flex"), chunk("lo"), chunk(None, usage=USAGE), DONE, hide_usage=True
    )
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.HIDE, Verdict.LAST]
    assert reading.counts == TokenCounts(uncached_input=10, output=4)
    assert (reading.finished, reading.service_tier, reading.served_model, reading.response_id) == (
        True,
        "flex",
        "m-1",
        "c1",
    )
    assert reader.output_text() == "Hello"


def test_a_client_that_asked_gets_the_usage_chunk() -> None:
    _, verdicts, _ = stream(chunk("a"), chunk(None, usage=USAGE), DONE)
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.LAST]


@pytest.mark.parametrize(
    "kept",
    [
        chunk("a", usage=USAGE),
        chunk(None, prompt_filter_results=[{"ok": 1}]),
        chunk(None, usage=None),
        chunk(None, usage=USAGE, error={"code": 502}),
        event({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}),
        b": OPENROUTER PROCESSING\n\n",
        b"\n\n",
    ],
)
def test_nothing_but_the_extra_chunk_is_hidden(kept: bytes) -> None:
    _, verdicts, _ = stream(chunk("a"), kept, hide_usage=True)
    assert verdicts == [Verdict.PASS, Verdict.PASS]


@pytest.mark.parametrize(
    "extra", [{"usage": USAGE}, {"choices": None, "usage": USAGE}, {"choices": [], "usage": USAGE}]
)
def test_the_extra_chunk_is_known_by_having_no_choice(extra: dict[str, Any]) -> None:
    reading, verdicts, _ = stream(chunk("a"), event(extra), hide_usage=True)
    assert (verdicts[1], reading.counts.output) == (Verdict.HIDE, 4)


def test_a_running_total_is_replaced_never_summed() -> None:
    totals = [USAGE | {"completion_tokens": number} for number in (1, 2, 3)]
    reading, _, _ = stream(*(chunk("x", usage=usage) for usage in totals))
    assert (reading.counts.input, reading.counts.output, reading.finished) == (10, 3, False)


def test_a_null_usage_after_a_running_total_takes_nothing_back() -> None:
    reading, _, _ = stream(chunk("x", usage=USAGE), chunk("y", usage=None), DONE)
    assert reading.counts.output == 4


@pytest.mark.parametrize(
    "last",
    [
        event({"choices": [{"delta": {}, "finish_reason": "stop", "usage": USAGE}]}),
        event({"choices": [{"delta": {}, "finish_reason": "stop"}], "x_groq": {"usage": USAGE}}),
    ],
    ids=["moonshot", "groq"],
)
def test_usage_is_found_where_vendors_put_it(last: bytes) -> None:
    reading, verdicts, _ = stream(chunk("a"), last, DONE, hide_usage=True)
    assert reading.counts == TokenCounts(uncached_input=10, output=4)
    assert Verdict.HIDE not in verdicts


def test_text_that_talks_about_usage_is_text() -> None:
    said = '{"usage": {"prompt_tokens": 1}, "error": {"type": "x"}} data: [DONE]'
    reading, verdicts, reader = stream(chunk("a"), chunk(said), hide_usage=True)
    assert (reading.usage_source, reading.error, verdicts[1]) == ("none", None, Verdict.PASS)
    assert reader.output_text() == "a" + said


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": {"type": "server_error", "message": "x"}}, "server_error"),
        ({"error": {"code": 502, "message": "secret prompt"}}, "502"),
        ({"error": {"message": "only words"}}, "error"),
        ({"error": "a string that repeats the prompt"}, "error"),
        ({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}, "BadRequestError"),
        ({"error": {"type": "white space and \x1b"}}, "error"),
    ],
)
def test_an_error_inside_a_200_is_told_by_its_class(error: dict[str, Any], kind: str) -> None:
    assert stream(chunk("a"), event(error), DONE)[0].error == kind
    assert body_reading(error).error in {kind, "error"}


def test_a_null_error_is_none() -> None:
    assert stream(chunk("a", error=None), chunk("b", error=None), DONE)[0].error is None
    assert body_reading({"error": None, "usage": USAGE}).error is None


def test_reasoning_and_tool_calls_are_text_for_an_estimate() -> None:
    call = {"index": 0, "function": {"name": "grep", "arguments": '{"q":"x"}'}}
    _, _, reader = stream(
        event({"choices": [{"delta": {"reasoning_content": "hm", "content": None}}]}),
        event({"choices": [{"delta": {"tool_calls": [call]}}]}),
        event({"choices": [{"delta": {"content": [{"type": "text", "text": "ok"}]}}]}),
    )
    assert reader.output_text() == 'hmgrep{"q":"x"}ok'


def test_reasoning_that_is_given_under_two_names_counts_once() -> None:
    _, _, reader = stream(event({"choices": [{"delta": {"reasoning": "hm", "reasoning_content": "hm"}}]}))
    assert reader.output_text() == "hm"


def test_the_text_of_a_whole_answer_is_kept_for_an_estimate() -> None:
    reader = ChatReader(hide_usage=False)
    reader.body(b'{"choices":[{"message":{"content":"Hi","refusal":null}},{"text":" legacy"}]}')
    assert reader.output_text() == "Hi legacy"


def test_a_long_stream_keeps_all_its_text_in_little_memory() -> None:
    reader = ChatReader(hide_usage=False)
    for number in range(5_000):
        reader.event(chunk(f"word{number} "))
    assert reader.output_text() == "".join(f"word{number} " for number in range(5_000))
    assert reader._text._packed_bytes < 100_000


def test_progress_is_a_fair_guess_until_the_provider_reports() -> None:
    reader = ChatReader(hide_usage=False)
    for _ in range(400):
        reader.event(chunk("four"))
    assert 360 <= reader.progress() <= 440
    reader.event(chunk(None, usage=USAGE))
    assert reader.progress() == 4


def test_a_vendor_that_leaves_done_off_has_finished_when_the_model_has() -> None:
    end = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    assert stream(chunk("a"))[0].finished is False
    assert stream(chunk("a"), end)[0].finished is True
    assert stream(chunk("a"), end, chunk(None, usage=USAGE))[0].finished is True
    assert stream(*[chunk("a" * 40_000)] * 5, end)[0].finished is True


def test_a_body_that_is_cut_is_not_finished() -> None:
    assert body_reading(b'{"choices":[],"usage":{"prompt_tokens":1').finished is False
    assert body_reading(b"").finished is False


PIECES = st.sampled_from(
    [
        b'{"usage":',
        b'{"choices":',
        b"[]",
        b"null",
        b"{",
        b"}",
        b'"',
        b"[DONE]",
        b'"error":',
        b"1e999",
        b"-1",
        b":",
        b",",
    ]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=12).map(b"".join), st.booleans())
def test_garbage_never_raises(garbage: bytes, hide: bool) -> None:  # noqa: FBT001
    reader = ChatReader(hide_usage=hide)
    reader.event(b"data: " + garbage + b"\n\n")
    reader.event(garbage)
    reader.body(garbage)
    reading = reader.reading()
    assert reading.counts.output >= 0
    assert reader.progress() >= 0
    assert isinstance(reader.output_text(), str)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**50) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "cached_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "reasoning_tokens",
        "cost",
        "server_tool_use",
        "prompt_cache_hit_tokens",
    ]
)


@given(st.dictionaries(NAMES, ANY | st.dictionaries(NAMES, ANY, max_size=3), max_size=6))
def test_any_usage_block_gives_sound_counts(usage: dict[str, Any]) -> None:
    reading = usage_reading(usage)
    counts = reading.counts
    values = [getattr(counts, name) for name in TokenCounts.__struct_fields__]
    assert all(isinstance(value, int) and value >= 0 for value in values)
    assert counts.reasoning + counts.audio_output <= counts.output
    assert counts.audio_input <= counts.uncached_input
