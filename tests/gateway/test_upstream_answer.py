"""The reader of answers by itself: any cut of the bytes, any bytes, and h11 as the oracle."""

import contextlib

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from codevector_daemon.gateway.http1.answer import AnswerReader
from codevector_daemon.gateway.http1.errors import BadAnswer

TOKEN = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=12).map(str.encode)
VALUE = st.binary(max_size=20).map(lambda raw: bytes(byte for byte in raw if byte > 32 and byte != 127))
HOP = {b"content-length", b"transfer-encoding", b"connection", b"keep-alive"}
FIELDS = st.lists(st.tuples(TOKEN, VALUE).filter(lambda field: field[0].lower() not in HOP), max_size=8)
PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
CUTS = st.lists(st.integers(1, 30), max_size=40)


def lines(fields: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in fields)


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def feed(reader: AnswerReader, data: bytes, cuts: list[int]) -> bytes:
    body, at = b"", 0
    for size in cuts:
        body += reader.feed(data[at : at + size])
        at += size
    return body + reader.feed(data[at:])


@st.composite
def answers(draw: st.DrawFn) -> tuple[int, list[tuple[bytes, bytes]], bytes, bytes]:
    """A status, header lines, a body, and the bytes of it all."""
    status = draw(st.sampled_from([200, 201, 400, 429, 500, 529]))
    fields, pieces = draw(FIELDS), draw(PIECES)
    body = b"".join(pieces)
    if draw(st.booleans()):
        fields = [*fields, (b"Transfer-Encoding", b"chunked")]
        data = chunked(pieces)
    else:
        fields = [*fields, (b"content-length", b"%d" % len(body))]
        data = body
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"]))
    return status, fields, body, interim + b"HTTP/1.1 %d Said\r\n%b\r\n" % (status, lines(fields)) + data


@given(answers(), CUTS)
def test_an_answer_reads_the_same_however_it_is_cut(
    answer: tuple[int, list[tuple[bytes, bytes]], bytes, bytes], cuts: list[int]
) -> None:
    status, fields, body, data = answer
    reader = AnswerReader("POST")
    assert feed(reader, data, cuts) == body
    assert (reader.status, reader.headers) == (status, tuple(fields))
    assert reader.ended
    assert reader.reusable


@given(answers(), CUTS, st.integers(0, 200))
def test_an_answer_that_stops_early_is_never_taken_for_whole(
    answer: tuple[int, list[tuple[bytes, bytes]], bytes, bytes], cuts: list[int], kept: int
) -> None:
    data = answer[3]
    reader = AnswerReader("POST")
    feed(reader, data[: min(kept, len(data) - 1)], cuts)
    if not reader.ended:
        with contextlib.suppress(BadAnswer):
            reader.eof()
    assert not reader.ended
    assert not reader.reusable


@given(answers(), CUTS)
def test_h11_reads_the_same(answer: tuple[int, list[tuple[bytes, bytes]], bytes, bytes], cuts: list[int]) -> None:
    data = answer[3]
    reader = AnswerReader("POST")
    body = feed(reader, data, cuts)
    oracle = h11.Connection(h11.CLIENT)
    oracle.send(h11.Request(method="POST", target="/", headers=[("Host", "x"), ("Content-Length", "0")]))
    oracle.send(h11.EndOfMessage())
    oracle.receive_data(data)
    read, status, headers = b"", 0, ()
    while not isinstance(event := oracle.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status, headers = event.status_code, tuple(event.headers.raw_items())
        elif isinstance(event, h11.Data):
            read += bytes(event.data)
    assert (reader.status, reader.headers, body) == (status, headers, read)


@given(st.binary(max_size=300), CUTS)
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: \xc2\xb2\r\n\r\n", [])
@example(b"\n\n", [])
def test_any_bytes_are_read_or_refused(data: bytes, cuts: list[int]) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        with contextlib.suppress(BadAnswer):
            feed(AnswerReader("POST"), prefix + data, cuts)


def test_bare_line_feeds_and_folded_lines_are_understood() -> None:
    reader = AnswerReader("GET")
    raw = b"HTTP/1.1 200\nX-Folded: one\n  two\r\n\tthree\nContent-Length: 2\n\nok"
    assert reader.feed(raw) == b"ok"
    assert reader.headers == ((b"X-Folded", b"one two three"), (b"Content-Length", b"2"))


def test_a_body_that_looks_like_a_head_is_a_body() -> None:
    reader = AnswerReader("GET")
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\n\n\r\n\r\nab") == b"\n\n\r\n\r\nab"
