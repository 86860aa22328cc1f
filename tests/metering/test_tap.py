import gzip
import json
import zlib
from collections.abc import Callable, Iterable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import AnswerReader, Head, Kept, Reading, Verdict
from codevector_daemon.dialects.opening import Opening
from codevector_daemon.metering.tap import MAX_COPY_BYTES, Tap

SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"
HEAD = Head(model="m", stream=True)


def chunk(text: str) -> bytes:
    return (
        b"data: " + json.dumps({"id": "c", "model": "m", "choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"
    )


USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}}\n\n'
DONE = b"data: [DONE]\n\n"
TEXT = chunk("Hel") + chunk("lo")
BODY = b'{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4}}'


def tap(
    *,
    dialect: str = "chat",
    content_type: str | None = SSE,
    coding: str | None = None,
    hide: bool = True,
    reader: AnswerReader | None = None,
) -> Tap:
    reader = reader or by_name[dialect].reader(HEAD, hide_usage=hide, error=False)
    return Tap(reader, content_type=content_type, content_encoding=coding, hide_usage=hide)


def pieces(stream: bytes, sizes: list[int]) -> Iterable[bytes]:
    at = 0
    for size in sizes:
        yield stream[at : at + size]
        at += size
    yield stream[at:]


def run(one: Tap, stream: bytes, sizes: list[int] | None = None) -> tuple[bytes, Reading, bytes]:
    """Return what passed, what was read, and what was held back."""
    passed = b"".join(one.feed(piece) for piece in pieces(stream, sizes or []))
    reading = one.reading()
    return passed, reading, one.release()


def test_a_stream_passes_up_to_its_last_event_and_the_usage_chunk_is_gone() -> None:
    one = tap()
    passed, reading, held = run(one, TEXT + USAGE + DONE)
    assert (passed, held) == (TEXT, DONE)
    assert one.ended
    assert (reading.counts.input, reading.counts.output, reading.whole, reading.finished) == (10, 4, True, True)


def test_a_client_that_asked_gets_every_byte() -> None:
    passed, _, held = run(tap(hide=False), TEXT + USAGE + DONE)
    assert passed + held == TEXT + USAGE + DONE


def test_an_event_passes_as_soon_as_it_is_whole() -> None:
    one = tap()
    first = chunk("Hi")
    assert one.feed(first[:-1]) == b""
    assert one.feed(first[-1:]) == first
    assert not one.ended


def test_after_the_release_everything_passes() -> None:
    one = tap()
    run(one, TEXT + DONE)
    assert one.feed(b": bye\n\n") == b": bye\n\n"
    assert one.release() == b""


def test_what_follows_the_last_event_is_held_behind_it() -> None:
    passed, _, held = run(tap(), TEXT + DONE + b": bye\n\nrest")
    assert (passed, held) == (TEXT, DONE + b": bye\n\nrest")


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r\n"])
def test_an_end_without_its_empty_line_is_an_end(end: bytes) -> None:
    passed, reading, held = run(tap(), TEXT + end)
    assert (passed, held, reading.finished) == (TEXT, end, True)


def test_a_usage_chunk_without_its_empty_line_is_hidden_too() -> None:
    passed, reading, held = run(tap(), TEXT + USAGE.rstrip())
    assert (passed, held, reading.counts.output) == (TEXT, b"", 4)


def test_a_stream_that_breaks_off_gives_all_its_bytes() -> None:
    passed, reading, held = run(tap(), TEXT + b'data: {"choices":[{"del')
    assert passed + held == TEXT + b'data: {"choices":[{"del'
    assert (reading.finished, reading.usage_source) == (False, "none")


def test_a_body_passes_but_for_its_last_byte() -> None:
    one = tap(content_type=JSON)
    assert one.feed(BODY[:20]) == BODY[:19]
    assert one.feed(BODY[20:]) == BODY[19:-1]
    reading = one.reading()
    assert (reading.counts.output, reading.finished) == (4, True)
    assert one.release() == BODY[-1:]


def test_a_body_is_read_whole_even_when_it_was_looked_at_before() -> None:
    one = tap(content_type=JSON)
    one.feed(BODY[:20])
    assert not one.reading().finished
    one.feed(BODY[20:])
    assert one.reading().finished


def test_an_empty_answer_is_empty() -> None:
    assert run(tap(content_type=JSON), b"") == (b"", Reading(), b"")


@pytest.mark.parametrize(("stream", "passed"), [(TEXT, TEXT), (BODY, BODY[:-1])])
def test_without_a_content_type_the_first_bytes_tell_what_it_is(stream: bytes, passed: bytes) -> None:
    assert run(tap(content_type=None), stream)[0] == passed


def test_an_error_answer_to_a_streaming_call_is_a_body() -> None:
    error = b'{"error":{"type":"rate_limit_exceeded","message":"slow down"}}'
    passed, reading, held = run(tap(content_type=JSON), error)
    assert (passed + held, reading.error) == (error, "rate_limit_exceeded")


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:30]) + gzip.compress(data[30:]),
    "deflate": zlib.compress,
    "Deflate": lambda data: zlib.compress(data, wbits=-15),
    "br": brotli.compress,
    "zstd": lambda data: zstandard.compress(data[:30]) + zstandard.compress(data[30:]),
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_coded_body_passes_as_it_came_and_is_read(coding: str, size: int) -> None:
    coded = CODINGS[coding](BODY)
    one = tap(content_type=JSON, coding=coding)
    passed, reading, held = run(one, coded, [size] * (len(coded) // size))
    assert (passed, held) == (coded[:-1], coded[-1:])
    assert (reading.counts.output, one.failed, one.drops_encoding) == (4, None, False)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_stream_passes_as_it_came_and_its_end_is_held_back(coding: str) -> None:
    coded = CODINGS[coding](TEXT + USAGE + DONE)
    one = tap(coding=coding, hide=False)
    passed, reading, held = run(one, coded, [5] * (len(coded) // 5))
    assert passed + held == coded
    assert held
    assert (reading.counts.output, reading.finished, one.ended, one.drops_encoding) == (4, True, True, False)


@pytest.mark.parametrize("coding", CODINGS)
def test_where_usage_must_be_hidden_the_client_gets_a_coded_stream_decoded(coding: str) -> None:
    coded = CODINGS[coding](TEXT + USAGE + DONE)
    one = tap(coding=coding)
    assert one.drops_encoding
    passed, _, held = run(one, coded, [5] * (len(coded) // 5))
    assert (passed, held) == (TEXT, DONE)


def test_an_unknown_coding_passes_unread_but_for_its_last_byte() -> None:
    one = tap(coding="rot13")
    passed, reading, held = run(one, b"coded bytes")
    assert (passed, held, reading.usage_source) == (b"coded byte", b"s", "none")
    assert one.failed == "unknown content coding 'rot13'"
    assert not one.drops_encoding


@pytest.mark.parametrize("content_type", [JSON, SSE])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_bytes_that_are_not_what_the_coding_says_pass_unread(coding: str, content_type: str) -> None:
    one = tap(content_type=content_type, coding=coding, hide=False)
    passed, reading, held = run(one, b"this is no coding at all, whatever it says", [10, 10])
    assert passed + held == b"this is no coding at all, whatever it says"
    assert (reading.usage_source, one.failed is not None) == ("none", True)


def test_a_body_that_unpacks_to_gigabytes_passes_unread() -> None:
    bomb = gzip.compress(bytes(200_000_000), compresslevel=1)
    one = tap(content_type=JSON, coding="gzip")
    passed, _, held = run(one, bomb)
    assert passed + held == bomb
    assert one.failed is not None


def test_an_event_without_end_passes_unread_in_the_end() -> None:
    one = tap()
    piece = b"x" * (1 << 20)
    passed = sum(len(one.feed(piece)) for _ in range(MAX_COPY_BYTES // len(piece) + 1))
    assert passed == MAX_COPY_BYTES + len(piece)
    assert one.failed is not None
    assert one.feed(b"\n\n" + DONE) == b"\n\n"


class Faulty:
    """A reader with a bug in every method that takes bytes."""

    def event(self, raw: bytes) -> Verdict:
        raise KeyError(raw)

    def body(self, body: bytes) -> None:
        raise KeyError(body)

    def progress(self) -> int:
        return 0

    def reading(self) -> Reading:
        return Reading()

    def kept(self) -> Kept:
        return Kept()

    def text_of(self, kept: Kept) -> str:
        return kept.body.decode()


@pytest.mark.parametrize("content_type", [JSON, SSE])
def test_a_fault_in_reading_never_breaks_an_answer(content_type: str, caplog: pytest.LogCaptureFixture) -> None:
    one = tap(content_type=content_type, reader=Faulty())
    passed, reading, held = run(one, TEXT + USAGE + DONE, [50, 50])
    assert passed + held == TEXT + USAGE + DONE
    assert (reading, one.failed is not None) == (Reading(), True)
    assert "passes unread" in caplog.text


MESSAGE = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":3}}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":5}}\n\n'
)
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
SIZES = st.lists(st.integers(0, 60), max_size=25)


@given(SIZES, st.sampled_from([b"\n", b"\r\n"]))
def test_any_split_of_a_chat_stream_gives_the_same(sizes: list[int], end: bytes) -> None:
    passed, reading, held = run(tap(), (TEXT + USAGE + DONE).replace(b"\n", end), sizes)
    assert (passed, held) == (TEXT.replace(b"\n", end), DONE.replace(b"\n", end))
    assert reading == run(tap(), TEXT + USAGE + DONE)[1]


@given(SIZES)
def test_any_split_of_a_messages_stream_gives_the_same(sizes: list[int]) -> None:
    passed, reading, held = run(tap(dialect="messages"), MESSAGE + STOP, sizes)
    assert (passed, held) == (MESSAGE, STOP)
    assert (reading.counts.input, reading.counts.output, reading.whole) == (3, 5, True)


@settings(deadline=None)
@given(SIZES, st.sampled_from(sorted(CODINGS)))
def test_any_split_of_a_coded_stream_gives_the_same(sizes: list[int], coding: str) -> None:
    coded = CODINGS[coding](TEXT + USAGE + DONE)
    passed, reading, held = run(tap(coding=coding, hide=False), coded, sizes)
    assert passed + held == coded
    assert reading.whole


CHUNK = b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"usageMetadata":{"promptTokenCount":3}}\r\n\r\n'
FINAL = (
    b'data: {"candidates":[{"finishReason":"STOP"}],'
    b'"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5,"totalTokenCount":8}}\r\n\r\n'
)


@given(SIZES)
def test_where_a_protocol_marks_no_end_the_event_that_may_be_it_is_held(sizes: list[int]) -> None:
    one = tap(dialect="gemini")
    passed, reading, held = run(one, CHUNK + CHUNK + FINAL, sizes)
    assert (passed, held) == (CHUNK + CHUNK, FINAL)
    assert (one.ended, reading.counts.output, reading.finished) == (False, 5, True)


@given(SIZES)
def test_an_event_held_as_perhaps_the_last_passes_when_another_comes(sizes: list[int]) -> None:
    passed, reading, held = run(tap(dialect="gemini"), CHUNK + FINAL + CHUNK, sizes)
    assert (passed, held) == (CHUNK + FINAL + CHUNK, b"")
    assert reading.counts.output == 5


@settings(deadline=None)
@given(SIZES, st.sampled_from(sorted(CODINGS)))
def test_coded_bytes_in_which_the_end_may_lie_are_held(sizes: list[int], coding: str) -> None:
    coded = CODINGS[coding](CHUNK + FINAL)
    passed, reading, held = run(tap(dialect="gemini", coding=coding, hide=False), coded, sizes)
    assert passed + held == coded
    assert held
    assert reading.counts.output == 5


@pytest.mark.parametrize(
    ("body", "opening", "broken"),
    [
        (BODY, Opening.DOCUMENT, None),
        (b"\n" + BODY, Opening.DOCUMENT, None),
        (BODY[:-9], Opening.DOCUMENT, "unreadable_answer"),
        (b"<html>no such page</html>", Opening.NONSENSE, "unreadable_answer"),
        (b"  \n", Opening.UNKNOWN, "unreadable_answer"),
        (b"", Opening.UNKNOWN, "unreadable_answer"),
        (TEXT, Opening.PASSES, None),
    ],
)
@pytest.mark.parametrize("coding", [None, *CODINGS])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_body_that_is_no_answer_is_told_from_one(
    body: bytes, opening: Opening, broken: str | None, coding: str | None, size: int
) -> None:
    coded = CODINGS[coding](body) if coding else body
    one = tap(content_type=JSON, coding=coding)
    passed, _, held = run(one, coded, [size] * (len(coded) // size))
    assert (passed + held, one.opening, one.broken, one.failed) == (coded, opening, broken, None)


@pytest.mark.parametrize("coding", ["rot13", "gzip"])
def test_what_cannot_be_decoded_may_be_an_answer(coding: str) -> None:
    one = tap(content_type=JSON, coding=coding)
    run(one, b"<html>no such page, and no coding either</html>")
    assert (one.opening, one.broken) == (Opening.PASSES, None)


PARTS = st.sampled_from(
    [TEXT, USAGE, DONE, MESSAGE, STOP, CHUNK, FINAL, b"\n", b"\r", b"data: ", b'{"usage":', b": c\n\n", b"\x00\xff"]
)


@given(
    st.lists(PARTS | st.binary(max_size=20), max_size=8).map(b"".join),
    SIZES,
    st.sampled_from(sorted(by_name)),
    st.sampled_from([SSE, JSON, None]),
    st.sampled_from([None, "gzip", "br", "zstd", "deflate", "odd"]),
)
def test_garbage_never_raises_and_never_changes_what_the_client_gets(
    stream: bytes, sizes: list[int], dialect: str, content_type: str | None, coding: str | None
) -> None:
    one = tap(dialect=dialect, content_type=content_type, coding=coding, hide=False)
    passed, _, held = run(one, stream, sizes)
    assert passed + held == stream
    assert one.progress() >= 0
    assert isinstance(one._reader.text_of(one.kept()), str)


WHOLE = st.lists(st.sampled_from([TEXT, USAGE, DONE, MESSAGE, STOP, b": c\n\n"]), max_size=8)


@given(WHOLE, SIZES)
def test_hiding_takes_away_nothing_but_the_usage_chunk(parts: list[bytes], sizes: list[int]) -> None:
    passed, _, held = run(tap(), b"".join(parts), sizes)
    assert passed + held == b"".join(part for part in parts if part != USAGE)
