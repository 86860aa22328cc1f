import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import Reading
from codevector_daemon.dialects.chat_reader import ChatReader
from codevector_daemon.dialects.counting import stated_cost_nano
from codevector_daemon.metering.counts import TokenCounts

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def body_reading(answer: Any) -> Reading:
    reader = ChatReader(hide_usage=False)
    reader.body(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
    return reader.reading()


def usage_reading(usage: Any) -> Reading:
    return body_reading({"id": "c1", "model": "m", "choices": [], "usage": usage})


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
    pytest.param(
        {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 105, "cache_creation_input_tokens": 80},
        {"uncached_input": 20, "cache_write_5m": 80, "output": 5},
        id="a prompt without what was written to the cache, as the total shows",
    ),
    pytest.param(
        {"prompt_tokens": 36, "completion_tokens": 5, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
        {"uncached_input": 36, "cache_read": 64, "output": 5},
        id="deepseek's like: a prompt that is the misses alone",
    ),
    pytest.param(
        {
            "prompt_tokens": 33,
            "completion_tokens": 7163,
            "total_tokens": 7196,
            "citation_tokens": 20016,
            "num_search_queries": 18,
            "reasoning_tokens": 73997,
        },
        {"uncached_input": 20049, "output": 81160, "reasoning": 73997, "server_tool_calls": 18},
        id="perplexity: the total leaves out what its research read and thought",
    ),
    pytest.param(
        {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 300, "cached_tokens": 80},
        {"uncached_input": 20, "cache_read": 80, "output": 5},
        id="a total that fits nothing changes nothing where nothing is impossible",
    ),
    pytest.param(
        {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": -1, "num_search_queries": 2},
        {"uncached_input": 100, "output": 5, "server_tool_calls": 2},
        id="a total that cannot be one proves nothing",
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


CACHED, WRITTEN = {"cached_tokens": 80}, {"cache_creation_input_tokens": 80}
THOUGHT = {"completion_tokens_details": {"reasoning_tokens": 80}}


@pytest.mark.parametrize(
    ("usage", "sides", "refused"),
    [
        pytest.param(CACHED | {"total_tokens": 25}, (False, True), "cached_tokens", id="the total says: within"),
        pytest.param(CACHED | {"total_tokens": 90}, (False, True), "cached_tokens", id="the total fits nothing"),
        pytest.param(WRITTEN | {"total_tokens": 25}, (False, True), "cached_tokens", id="what was written"),
        pytest.param(THOUGHT | {"total_tokens": 25}, (True, False), "reasoning_tokens", id="the reasoning"),
        pytest.param(CACHED | THOUGHT | {"total_tokens": 25}, (False, False), "cached_tokens", id="both"),
    ],
)
def test_a_part_larger_than_its_whole_that_the_total_does_not_explain_is_refused(
    usage: dict[str, Any], sides: tuple[bool, bool], refused: str
) -> None:
    reading = usage_reading({"prompt_tokens": 20, "completion_tokens": 5} | usage)
    assert (reading.input_reported, reading.output_reported) == sides
    assert (reading.refused, reading.whole) == (refused, False)
    assert reading.counts == TokenCounts(uncached_input=20 * sides[0], output=5 * sides[1])


def test_gemini_on_googles_chat_route_says_its_thoughts_in_the_total_alone() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 103}
    thinking = body_reading({"model": "gemini-3-flash-preview", "choices": [], "usage": usage})
    assert thinking.counts == TokenCounts(uncached_input=9, output=94, reasoning=93)
    named = usage | {"completion_tokens_details": {"reasoning_tokens": 93}}
    assert body_reading({"model": "google/gemini-3", "choices": [], "usage": named}).counts == thinking.counts
    assert body_reading({"model": "other", "choices": [], "usage": usage}).counts.output == 1


def test_a_refused_count_of_searches_is_flagged_though_both_sides_are_known() -> None:
    reading = usage_reading(USAGE | {"server_tool_use": {"web_search_requests": -3}})
    assert (reading.counts, reading.input_reported, reading.output_reported) == (
        TokenCounts(uncached_input=10, output=4),
        True,
        True,
    )
    assert (reading.refused, reading.whole) == ("web_search_requests", False)


@pytest.mark.parametrize(
    ("usage", "nano"),
    [
        ({"cost": 0.00014}, 140_000),
        ({"cost": 0.0123456789, "is_byok": False, "cost_details": {"upstream_inference_cost": 5}}, 12_345_679),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 21_000_000),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, 0),
        ({"cost": {"input_tokens_cost": 1, "total_cost": 0.006}}, 6_000_000),
        ({"cost": 2.5e-9}, 2),
        ({"cost_in_usd_ticks": 37_756_000}, 3_775_600),
        ({"cost_in_usd_ticks": 25}, 2),
        ({"cost_in_usd_ticks": "x", "cost": 0.001}, 1_000_000),
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


def test_pictures_and_seconds_of_audio_are_kept_beside_the_counts() -> None:
    usage = USAGE | {
        "prompt_tokens_details": {"image_tokens": 6, "text_tokens": 4},
        "completion_tokens_details": {"image_tokens": 3},
        "prompt_audio_seconds": 42,
    }
    extras = usage_reading(usage).extras
    assert (extras.parts, extras.audio_seconds) == ({"image_input": 6, "image_output": 3}, 42)


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
