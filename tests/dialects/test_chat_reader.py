import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import Reading, Verdict
from codevector_daemon.dialects.chat_reader import ChatReader
from codevector_daemon.metering.counts import TokenCounts


def body_reading(answer: Any) -> Reading:
    reader = ChatReader(hide_usage=False)
    reader.body(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
    return reader.reading()


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
    assert reader.text_of(reader.kept()) == "Hello"


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
    assert reader.text_of(reader.kept()) == "a" + said


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
    assert reader.text_of(reader.kept()) == 'hmgrep{"q":"x"}ok'


def test_reasoning_that_is_given_under_two_names_counts_once() -> None:
    _, _, reader = stream(event({"choices": [{"delta": {"reasoning": "hm", "reasoning_content": "hm"}}]}))
    assert reader.text_of(reader.kept()) == "hm"


def test_the_text_of_a_whole_answer_is_kept_for_an_estimate() -> None:
    reader = ChatReader(hide_usage=False)
    reader.body(b'{"choices":[{"message":{"content":"Hi","refusal":null}},{"text":" legacy"}]}')
    assert reader.text_of(reader.kept()) == "Hi legacy"


def test_a_long_stream_keeps_all_its_text_in_little_memory() -> None:
    reader = ChatReader(hide_usage=False)
    for number in range(5_000):
        reader.event(chunk(f"word{number} "))
    assert reader.text_of(reader.kept()) == "".join(f"word{number} " for number in range(5_000))
    assert reader._text._kept_bytes < 100_000


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
def test_garbage_never_raises(garbage: bytes, hide: bool) -> None:
    reader = ChatReader(hide_usage=hide)
    reader.event(b"data: " + garbage + b"\n\n")
    reader.event(garbage)
    reader.body(garbage)
    reading = reader.reading()
    assert reading.counts.output >= 0
    assert reader.progress() >= 0
    assert isinstance(reader.text_of(reader.kept()), str)
