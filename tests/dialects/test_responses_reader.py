import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.responses_reader import ResponsesReader
from codevector_daemon.metering.counts import Round, TokenCounts

USED = {
    "input_tokens": 120,
    "input_tokens_details": {"cached_tokens": 100},
    "output_tokens": 30,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 150,
}
COUNTED = TokenCounts(uncached_input=20, cache_read=100, output=30, reasoning=12)


def response(**fields: Any) -> dict[str, Any]:
    known = {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-5.1",
        "status": "completed",
        "output": [],
        "error": None,
    }
    return known | {"usage": USED} | fields


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()


CREATED = event("response.created", response=response(status="in_progress", usage=None), sequence_number=0)
DELTA = event("response.output_text.delta", item_id="msg_1", delta='Hello "response.completed" ', sequence_number=4)


def stream(*events: bytes) -> tuple[Reading, list[Verdict], ResponsesReader]:
    reader = ResponsesReader()
    verdicts = [reader.event(one) for one in events]
    return reader.reading(), verdicts, reader


def body(**fields: Any) -> Reading:
    reader = ResponsesReader()
    reader.body(json.dumps(response(**fields)).encode())
    return reader.reading()


@pytest.mark.parametrize("end", ["completed", "incomplete"])
def test_a_stream_is_counted_at_its_last_event(end: str) -> None:
    last = event(f"response.{end}", response=response(status=end, service_tier="flex"))
    reading, verdicts, _ = stream(CREATED, DELTA, last)
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.LAST]
    assert (reading.counts, reading.finished, reading.error) == (COUNTED, True, None)
    assert (reading.response_id, reading.served_model, reading.service_tier) == ("resp_1", "gpt-5.1", "flex")
    assert reading.whole


def test_a_failed_response_is_counted_and_its_error_kept() -> None:
    failed = response(status="failed", error={"code": "server_error", "message": "secret text"})
    reading, verdicts, _ = stream(CREATED, event("response.failed", response=failed))
    assert verdicts[-1] is Verdict.LAST
    assert (reading.counts, reading.error, reading.finished) == (COUNTED, "server_error", True)


def test_a_failed_response_without_a_reason_is_still_failed() -> None:
    reading, _, _ = stream(event("response.failed", response=response(status="failed", usage=None)))
    assert (reading.usage_source, reading.error) == ("none", "failed")


@pytest.mark.parametrize(
    "fields", [{"error": {"type": "tokens", "code": "rate_limit_exceeded"}}, {"code": "tokens", "message": "m"}]
)
def test_an_error_event_ends_the_stream(fields: dict[str, Any]) -> None:
    reading, verdicts, _ = stream(CREATED, DELTA, event("error", **fields))
    assert (verdicts[-1], reading.error, reading.finished) == (Verdict.LAST, "tokens", False)


def test_a_stream_that_broke_off_is_neither_finished_nor_counted_but_its_text_is_kept() -> None:
    reading, _, reader = stream(CREATED, DELTA, DELTA)
    assert (reading.finished, reading.usage_source) == (False, "none")
    assert reader.text_of(reader.kept()) == 'Hello "response.completed" ' * 2
    assert reader.progress() > 0


def test_a_background_response_is_counted_only_when_it_is_retrieved() -> None:
    queued = body(status="queued", usage=None, background=True)
    assert (queued.later, queued.usage_source, queued.finished, queued.response_id) == (True, "none", True, "resp_1")
    done = body(background=True)
    assert (done.later, done.counts) == (False, COUNTED)


def test_a_compaction_counts() -> None:
    assert body(object="response.compaction", status=None).counts == COUNTED


def test_a_null_usage_is_a_missing_one() -> None:
    assert body(usage=None).usage_source == "none"


def test_searches_that_the_response_reports_are_charged_and_pages_opened_are_not() -> None:
    opened = {"type": "web_search_call", "status": "completed", "action": {"type": "open_page", "url": "u"}}
    searched = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}}
    items = [searched, opened, searched, searched]
    reported = body(output=items, tool_usage={"web_search": {"num_requests": 2}, "image_gen": {"input_tokens": 0}})
    assert reported.counts.server_tool_calls == 2
    assert body(output=items).counts.server_tool_calls == 3
    assert body(output=items, tool_usage={"web_search": {"num_requests": 0}}).counts.server_tool_calls == 0
    assert body(tools=[{"type": "web_search"}, {"type": "file_search"}]).counts.server_tool_calls == 0


def test_searches_of_files_are_counted_where_they_ran() -> None:
    items = [{"type": "file_search_call", "status": "completed"}, {"type": "message", "content": []}]
    assert body(output=items).extras.file_searches == 1
    assert body(tools=[{"type": "file_search"}]).extras.file_searches == 0


def test_pictures_are_a_round_of_their_own_model() -> None:
    drawn = {
        "input_tokens": 50,
        "input_tokens_details": {"image_tokens": 40, "text_tokens": 10},
        "output_tokens": 4160,
        "output_tokens_details": {"image_tokens": 4160, "text_tokens": 0},
        "total_tokens": 4210,
    }
    tools = [{"type": "image_generation", "model": "gpt-image-1.5"}]
    reading = body(tools=tools, tool_usage={"image_gen": drawn, "web_search": {"num_requests": 0}})
    apart = TokenCounts(uncached_input=50, output=4160)
    assert reading.counts == COUNTED.plus(apart)
    assert reading.rounds == (Round("gpt-image-1.5", apart, {"image_input": 40, "image_output": 4160}),)


@pytest.mark.parametrize("bad", [-1, 2**41, 1.5, "12", True])
def test_a_count_that_cannot_be_one_is_refused(bad: object) -> None:
    reading = body(usage=USED | {"output_tokens": bad})
    assert (reading.input_reported, reading.output_reported) == (True, False)
    assert reading.refused == "completion_tokens"


def test_the_text_of_a_whole_response_is_that_of_its_items() -> None:
    reader = ResponsesReader()
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm "}]},
        {"type": "message", "content": [{"type": "output_text", "text": "Hi "}, {"type": "refusal", "refusal": "no "}]},
        {"type": "function_call", "name": "f", "arguments": "{}"},
    ]
    reader.body(json.dumps(response(output=items)).encode())
    assert reader.text_of(reader.kept()) == "hm Hi no f{}"


PIECES = st.sampled_from(
    [b'{"type":"response.completed","response":', b'{"usage":', b"{", b"}", b"[]", b'"error"', b"null"]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=12).map(b"".join))
def test_garbage_never_raises(garbage: bytes) -> None:
    reader = ResponsesReader()
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
NAMES = st.sampled_from(
    [*USED, "cached_tokens", "reasoning_tokens", "image_tokens", "num_requests", "web_search", "image_gen"]
)
BLOCKS = st.dictionaries(NAMES, ANY | st.dictionaries(NAMES, ANY, max_size=3), max_size=6)


@given(BLOCKS, BLOCKS, ANY, ANY)
def test_any_response_gives_sound_counts(usage: Any, ran: Any, output: Any, error: Any) -> None:
    reading = body(usage=usage, tool_usage=ran, output=output, error=error)
    values = [getattr(reading.counts, name) for name in TokenCounts.__struct_fields__]
    assert all(isinstance(value, int) and value >= 0 for value in values)
    assert reading.counts.reasoning <= reading.counts.output


@pytest.mark.parametrize(("background", "later"), [(True, True), (False, False)])
def test_a_stream_that_broke_off_tells_its_usage_later_only_where_the_run_goes_on(
    *, background: bool, later: bool
) -> None:
    reader = ResponsesReader(background=background)
    reader.event(
        b'event: response.created\ndata: {"type":"response.created","response":{"id":"r","status":"in_progress"}}\n\n'
    )
    assert (reader.reading().later, reader.reading().response_id) == (later, "r")
