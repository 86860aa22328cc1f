import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.sse import EventSplitter, data_of, event_of, name_of, payload_of

FRAMED = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"data: x", b"event: y", b": z", b"\xff"]), max_size=30)


def cut(stream: bytes, sizes: list[int]) -> tuple[list[bytes], bytes]:
    splitter = EventSplitter()
    events: list[bytes] = []
    at = 0
    for size in [*sizes, len(stream)]:
        events += splitter.feed(stream[at : at + size])
        at += size
    return events, splitter.rest()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_event_ends_with_an_empty_line(end: bytes) -> None:
    first, second = b"event: a" + end + b"data: 1" + end + end, b"data: 2" + end + end
    assert cut(first + second, []) == ([first, second], b"")


def test_a_lone_carriage_return_ends_lines_too() -> None:
    assert cut(b"data: 1\r\rdata: 2\r\r", []) == ([b"data: 1\r\r"], b"data: 2\r\r")


def test_a_carriage_return_at_the_end_waits_for_the_line_feed_that_may_belong_to_it() -> None:
    splitter = EventSplitter()
    assert splitter.feed(b"data: 1\r\n\r") == []
    assert splitter.feed(b"\ndata") == [b"data: 1\r\n\r\n"]
    assert splitter.rest() == b"data"


@given(FRAMED, st.lists(st.integers(0, 9), max_size=20))
def test_any_split_of_the_bytes_gives_the_same_events(parts: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(parts)
    assert cut(stream, sizes) == cut(stream, [])


@given(st.binary(max_size=300), st.lists(st.integers(0, 40), max_size=20))
def test_every_byte_comes_out_once_and_in_order(stream: bytes, sizes: list[int]) -> None:
    events, rest = cut(stream, sizes)
    assert b"".join(events) + rest == stream


def test_a_large_event_in_small_chunks_is_put_together_once() -> None:
    splitter = EventSplitter()
    for _ in range(20_000):
        assert splitter.feed(b"x" * 100) == []
    assert splitter.size == 2_000_000
    (event,) = splitter.feed(b"\n\n")
    assert len(event) == 2_000_002
    assert splitter.size == 0


def test_the_payload_is_the_data_lines_joined() -> None:
    assert data_of(b": comment\r\nevent: e\r\ndata: {\r\ndata:}\r\n\r\n") == b" {\n}"
    assert name_of(b"event: message_stop\ndata: {}\n\n") == "message_stop"
    assert name_of(b"data: {}\n\n") == ""


def test_a_framed_payload_is_read_back() -> None:
    event = event_of(b'{"a":1}', name="error")
    assert cut(event, []) == ([event], b"")
    assert (name_of(event), data_of(event).strip()) == ("error", b'{"a":1}')


@given(
    st.sampled_from([b"data:", b"data: ", b"event: e\ndata:", b": c\ndata: "]),
    st.binary(max_size=12),
    st.sampled_from([b"", b"\n", b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\ndata: 2\n\n", b"\nid: 3\n\n"]),
)
def test_what_is_decoded_is_the_payload_however_an_event_is_written(head: bytes, data: bytes, end: bytes) -> None:
    assert bytes(payload_of(head + data + end)) == data_of(head + data + end)
