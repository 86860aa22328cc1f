"""Gemini's streams without server-sent events: one JSON array, whose elements are the events."""

import gzip
import json

import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head
from codevector_daemon.dialects.sse import event_of
from codevector_daemon.metering.tap import LastWord, Tap
from support.cases.gemini import chunk, usage

HEAD = Head(model="gemini-2.5-flash", stream=True, action="streamGenerateContent")
FIRST = json.dumps(json.loads(chunk("hello ", usage(8, 2, 10), stop=False)), indent=2).encode()
SECOND = json.dumps(json.loads(chunk("world]}", usage(8, 5, 13), stop=False)), indent=2).encode()
LAST = json.dumps(json.loads(chunk("", usage(8, 20, 28))), indent=2).encode()
ARRAY = b"[" + FIRST + b"\n,\r\n" + SECOND + b"\n,\r\n" + LAST + b"\n]\n"
ERROR = event_of(b'{"error":{"code":500}}')


def tap(content_type: str | None = "application/json; charset=UTF-8", coding: str | None = None) -> Tap:
    reader = by_name["gemini"].reader(HEAD, hide_usage=False, error=False)
    return Tap(reader, content_type=content_type, content_encoding=coding, hide_usage=False, array=True)


def test_an_element_passes_as_soon_as_it_is_whole_and_the_last_one_waits() -> None:
    one = tap()
    assert one.feed(b"[" + FIRST) == b"[" + FIRST
    assert one.progress() == 2
    assert one.feed(b"\n,\r\n" + SECOND[:9]) == b""
    assert one.feed(SECOND[9:]) == b"\n,\r\n" + SECOND
    assert one.feed(b"\n,\r\n" + LAST + b"\n]\n") == b""
    assert one.release() == b"\n,\r\n" + LAST + b"\n]\n"
    reading = one.reading()
    assert (reading.finished, reading.counts.output, reading.usage_source) == (True, 20, "reported")


def test_wherever_it_is_cut_every_byte_passes_in_order_and_is_counted() -> None:
    for cut in range(1, len(ARRAY)):
        one = tap()
        passed = one.feed(ARRAY[:cut]) + one.feed(ARRAY[cut:])
        assert LAST not in passed
        assert passed + one.release() == ARRAY
        assert (one.reading().counts.output, one.reading().finished) == (20, True)


def test_one_that_breaks_off_keeps_its_counts_and_text_and_ends_with_the_error_as_an_element() -> None:
    one = tap()
    passed = one.feed(ARRAY[: len(FIRST) + len(SECOND)])
    assert (one.reading().finished, one.reading().counts.output) == (False, 2)
    assert one._reader.text_of(one.kept()) == "hello "
    *whole, error = json.loads(passed + one.last_word(LastWord("api_error", "gone", ERROR)))
    assert (len(whole), error) == (1, {"error": {"code": 500}})
    assert json.loads(tap().last_word(LastWord("api_error", "gone", ERROR))) == [{"error": {"code": 500}}]


def test_text_of_a_long_one_is_kept_for_an_estimate() -> None:
    one = tap()
    long = chunk("word " * 40, usage(8, 2, 10), stop=False).encode()
    one.feed(b"[" + long + b"".join(b",\r\n" + long for _ in range(999)))
    assert len(one._reader.text_of(one.kept())) == 1000 * len("word " * 40)


def test_a_coded_one_is_read_as_well() -> None:
    one = tap(coding="gzip")
    packed = gzip.compress(ARRAY)
    assert one.feed(packed) + one.release() == packed
    assert one.reading().counts.output == 20


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/event-stream", event_of(chunk("hello", usage(8, 20, 28)).encode())),
        ("application/json", chunk("hello", usage(8, 20, 28)).encode()),
    ],
)
def test_what_the_provider_gives_instead_is_counted_the_same(content_type: str, body: bytes) -> None:
    one = tap(content_type)
    assert one.feed(body) + one.release() == body
    assert (one.reading().counts.output, one.reading().finished) == (20, True)
