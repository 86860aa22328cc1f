import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.gemini_reader import GeminiReader
from codevector_daemon.metering.counts import TokenCounts


def chunk(text: str = "", *, stop: str | None = None, model: str = "gemini-2.5-flash", **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if stop:
        candidate["finishReason"] = stop
    return {"candidates": [candidate], "modelVersion": model, "responseId": "r1"} | fields


def used(**fields: Any) -> dict[str, Any]:
    return {"usageMetadata": fields}


def event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\r\n\r\n".encode()


def stream(*chunks: dict[str, Any]) -> tuple[Reading, list[Verdict], GeminiReader]:
    reader = GeminiReader("gemini-2.5-flash")
    verdicts = [reader.event(event(one)) for one in chunks]
    return reader.reading(), verdicts, reader


def body(answer: object) -> Reading:
    reader = GeminiReader("gemini-2.5-flash")
    reader.body(json.dumps(answer).encode())
    return reader.reading()


CASES = [
    pytest.param(
        {"promptTokenCount": 120, "cachedContentTokenCount": 100, "candidatesTokenCount": 9, "totalTokenCount": 129},
        {"uncached_input": 20, "cache_read": 100, "output": 9},
        id="the prompt contains what was cached",
    ),
    pytest.param(
        {"promptTokenCount": 10, "candidatesTokenCount": 9, "thoughtsTokenCount": 30, "totalTokenCount": 49},
        {"uncached_input": 10, "output": 39, "reasoning": 30},
        id="thoughts lie outside the candidates",
    ),
    pytest.param(
        {"promptTokenCount": 10, "candidatesTokenCount": 39, "thoughtsTokenCount": 30, "totalTokenCount": 49},
        {"uncached_input": 10, "output": 39, "reasoning": 30},
        id="thoughts lie inside the candidates, as the total shows",
    ),
    pytest.param(
        {"promptTokenCount": 10, "toolUsePromptTokenCount": 500, "candidatesTokenCount": 9, "totalTokenCount": 519},
        {"uncached_input": 510, "output": 9},
        id="what tools read is input besides the prompt",
    ),
    pytest.param(
        {
            "promptTokenCount": 10,
            "toolUsePromptTokenCount": 500,
            "candidatesTokenCount": 39,
            "thoughtsTokenCount": 30,
            "totalTokenCount": 549,
        },
        {"uncached_input": 510, "output": 39, "reasoning": 30},
        id="thoughts inside the candidates besides what tools read",
    ),
    pytest.param(
        {"promptTokenCount": 10, "totalTokenCount": 10}, {"uncached_input": 10}, id="no candidates: no output"
    ),
    pytest.param(
        {"promptTokenCount": 10, "thoughtsTokenCount": 5, "totalTokenCount": 15},
        {"uncached_input": 10, "output": 5, "reasoning": 5},
        id="all went into thoughts",
    ),
    pytest.param(
        {"prompt_token_count": 12, "candidates_token_count": 3, "total_token_count": 15},
        {"uncached_input": 12, "output": 3},
        id="a proxy that spells with underscores",
    ),
    pytest.param(
        {
            "promptTokenCount": 300,
            "cachedContentTokenCount": 200,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}, {"modality": "AUDIO", "tokenCount": 200}],
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 150}, {"modality": "TEXT", "tokenCount": 50}],
            "candidatesTokenCount": 1,
            "totalTokenCount": 301,
        },
        {"uncached_input": 100, "cache_read": 200, "output": 1, "audio_input": 50},
        id="audio that came from the cache is not charged as new",
    ),
]


@pytest.mark.parametrize(("usage", "counts"), CASES)
def test_usage_becomes_disjoint_counts(usage: dict[str, Any], counts: dict[str, int]) -> None:
    reading = body(chunk("x", stop="STOP", usageMetadata=usage))
    assert reading.counts == TokenCounts(**counts)
    assert reading.whole


def test_pictures_and_cached_audio_are_told_apart() -> None:
    usage = {
        "promptTokenCount": 258,
        "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258}],
        "candidatesTokenCount": 1290,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
        "totalTokenCount": 1548,
    }
    assert body(chunk(stop="STOP", usageMetadata=usage)).extras.parts == {"image_input": 258, "image_output": 1290}


def test_counts_of_a_stream_are_cumulative_and_the_last_one_wins() -> None:
    first = chunk("Hel", **used(promptTokenCount=7, candidatesTokenCount=2, totalTokenCount=9))
    second = chunk("lo", **used(promptTokenCount=7, candidatesTokenCount=4, totalTokenCount=11))
    last = chunk("", stop="STOP", **used(promptTokenCount=7, candidatesTokenCount=5, totalTokenCount=12))
    reading, verdicts, reader = stream(first, second, last)
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.HOLD]
    assert (reading.counts, reading.finished, reading.whole) == (TokenCounts(uncached_input=7, output=5), True, True)
    assert (reading.served_model, reading.response_id, reader.text_of(reader.kept())) == (
        "gemini-2.5-flash",
        "r1",
        "Hello",
    )


def test_a_stream_that_broke_off_keeps_what_it_reported_so_far() -> None:
    reading, _, reader = stream(chunk("Hel", **used(promptTokenCount=7, candidatesTokenCount=2, totalTokenCount=9)))
    assert (reading.finished, reading.counts) == (False, TokenCounts(uncached_input=7, output=2))
    assert reader.progress() == 2
    silent, _, _ = stream(chunk("Hel", **used(promptTokenCount=7, totalTokenCount=7)))
    assert (silent.input_reported, silent.output_reported) == (True, False)


def test_a_blocked_prompt_is_finished_and_costs_its_input() -> None:
    usage = used(promptTokenCount=7, totalTokenCount=7)
    reading, verdicts, _ = stream({"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "m"} | usage)
    assert (verdicts, reading.finished, reading.counts) == ([Verdict.HOLD], True, TokenCounts(uncached_input=7))


def test_an_error_within_a_stream_ends_it() -> None:
    reading, verdicts, _ = stream(chunk("Hel"), {"error": {"code": 503, "status": "UNAVAILABLE", "message": "m"}})
    assert (verdicts[-1], reading.error) == (Verdict.LAST, "UNAVAILABLE")


def test_a_stream_as_one_array_is_read_like_its_chunks() -> None:
    first = chunk("Hel", **used(promptTokenCount=7, candidatesTokenCount=2, totalTokenCount=9))
    last = chunk("lo", stop="STOP", **used(promptTokenCount=7, candidatesTokenCount=5, totalTokenCount=12))
    reader = GeminiReader("m")
    reader.body(json.dumps([first, last]).encode())
    reading = reader.reading()
    assert (reading.counts, reading.finished, reading.whole) == (TokenCounts(uncached_input=7, output=5), True, True)
    assert reader.text_of(reader.kept()) == "Hello"


@pytest.mark.parametrize(("model", "searches"), [("gemini-2.5-flash", 1), ("gemini-3-pro-preview", 2)])
def test_grounding_is_charged_by_the_prompt_and_from_gemini_3_by_the_search(model: str, searches: int) -> None:
    grounded = chunk("x", stop="STOP", model=model, **used(promptTokenCount=1, totalTokenCount=1))
    grounded["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["a", "b", "a"]}
    assert body(grounded).counts.server_tool_calls == searches


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, None),
        ({"serviceTier": "FLEX"}, "flex"),
        ({"service_tier": "SERVICE_TIER_PRIORITY"}, "priority"),
        ({}, None),
    ],
)
def test_the_tier_that_served_is_read(fields: dict[str, Any], tier: str | None) -> None:
    assert body(chunk(stop="STOP", usageMetadata={"promptTokenCount": 1} | fields)).service_tier == tier


def test_a_refused_count_leaves_its_side_to_the_estimate() -> None:
    reading = body(chunk(stop="STOP", **used(promptTokenCount=-1, candidatesTokenCount=4)))
    assert (reading.input_reported, reading.output_reported, reading.counts.output) == (False, True, 4)
    assert reading.refused == "promptTokenCount"


@pytest.mark.parametrize(
    ("cached", "thoughts", "total", "sides", "refused"),
    [
        pytest.param(90, 0, 28, (False, True), "cachedContentTokenCount", id="cached: the total says within"),
        pytest.param(90, 0, 99, (False, True), "cachedContentTokenCount", id="cached: the total fits nothing"),
        pytest.param(0, 90, 28, (True, False), "thoughtsTokenCount", id="thoughts: the total says within"),
        pytest.param(90, 90, 28, (False, False), "cachedContentTokenCount", id="both"),
    ],
)
def test_a_part_larger_than_its_whole_that_the_total_does_not_explain_is_refused(
    cached: int, thoughts: int, total: int, sides: tuple[bool, bool], refused: str
) -> None:
    usage = {"promptTokenCount": 8, "candidatesTokenCount": 20, "totalTokenCount": total}
    usage |= {"cachedContentTokenCount": cached, "thoughtsTokenCount": thoughts}
    reading = body(chunk(stop="STOP", **used(**usage)))
    assert (reading.input_reported, reading.output_reported) == sides
    assert reading.counts == TokenCounts(uncached_input=8 * sides[0], output=20 * sides[1])
    assert (reading.refused, reading.whole) == (refused, False)


@pytest.mark.parametrize("total", [118, 218])
def test_what_the_cache_gave_lies_beside_the_prompt_where_only_that_adds_up(total: int) -> None:
    usage = {"promptTokenCount": 8, "candidatesTokenCount": 20, "totalTokenCount": total}
    usage |= {"cachedContentTokenCount": 90, "toolUsePromptTokenCount": 100}
    reading = body(chunk(stop="STOP", **used(**usage)))
    assert reading.counts == TokenCounts(uncached_input=108, cache_read=90, output=20)


PIECES = st.sampled_from([b'{"usageMetadata":', b'{"candidates":', b"[", b"{", b"}", b"[]", b'"finishReason"', b"null"])


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=12).map(b"".join))
def test_garbage_never_raises(garbage: bytes) -> None:
    reader = GeminiReader("m")
    reader.event(b"data: " + garbage + b"\n\n")
    reader.event(garbage)
    reader.body(garbage)
    reader.reading()
    assert reader.progress() >= 0
    assert isinstance(reader.text_of(reader.kept()), str)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**50) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
DETAILS = st.lists(
    st.fixed_dictionaries({"modality": st.sampled_from(["AUDIO", "IMAGE", "TEXT", 3]), "tokenCount": ANY}), max_size=3
)
NAMES = st.sampled_from(
    [
        "promptTokenCount",
        "cachedContentTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "toolUsePromptTokenCount",
        "totalTokenCount",
        "promptTokensDetails",
        "cacheTokensDetails",
        "candidatesTokensDetails",
    ]
)


@given(st.dictionaries(NAMES, ANY | DETAILS, max_size=7), ANY)
def test_any_usage_gives_sound_counts(usage: dict[str, Any], candidates: object) -> None:
    counts = body({"candidates": candidates, "usageMetadata": usage}).counts
    values = [getattr(counts, name) for name in TokenCounts.__struct_fields__]
    assert all(isinstance(value, int) and value >= 0 for value in values)
    assert counts.reasoning <= counts.output
    assert counts.audio_input <= counts.uncached_input
