import base64
import itertools
import json
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name
from codevector_daemon.gateway.clouds.eventstream import BadFrame, FrameReader, as_events
from codevector_daemon.metering.tap import Tap
from support.eventstream import chunk, frame

EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "msg_1", "model": "claude", "usage": {"input_tokens": 9}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Zoë\n\nsays: data: hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 9}},
]
STREAM = b"".join(chunk(event) for event in EVENTS)


def decoded(*pieces: bytes) -> bytes:
    reader = FrameReader()
    events = b"".join(as_events(message) for piece in pieces for message in reader.feed(piece))
    assert not reader.pending
    return events


def read(events: bytes) -> list[tuple[str, Any]]:
    found = []
    for event in events.decode().split("\n\n")[:-1]:
        name, data = event.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_a_stream_becomes_the_events_of_messages() -> None:
    assert read(decoded(STREAM)) == [(event["type"], event) for event in EVENTS]


@settings(deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_however_a_stream_is_cut_the_same_events_come(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert decoded(*(STREAM[a:b] for a, b in itertools.pairwise(edges))) == decoded(STREAM)


def test_byte_by_byte_each_event_comes_with_its_last_byte() -> None:
    reader, seen, ends = FrameReader(), 0, [len(chunk(event)) for event in EVENTS]
    came = [at for at in range(len(STREAM)) if reader.feed(STREAM[at : at + 1])]
    for size, at in zip(ends, came, strict=True):
        seen += size
        assert at == seen - 1


def test_the_meter_reads_what_comes_out() -> None:
    dialect = by_name["messages"]
    body = b'{"model":"claude","stream":true,"max_tokens":9,"messages":[]}'
    reader = dialect.reader(dialect.head(body), hide_usage=False, error=False)
    tap = Tap(reader, content_type="text/event-stream", content_encoding=None, hide_usage=False)
    tap.feed(decoded(STREAM))
    reading = tap.reading()
    assert (reading.counts.input, reading.counts.output, reading.finished) == (9, 5, True)


@pytest.mark.parametrize(
    ("exception", "kind"),
    [("throttlingException", "rate_limit_error"), ("internalServerException", "api_error")],
)
def test_an_exception_is_told_as_an_error_event(exception: str, kind: str) -> None:
    headers = {":message-type": "exception", ":exception-type": exception}
    ((name, event),) = read(decoded(frame(headers, b'{"message":"Too many\\nrequests"}')))
    assert name == "error"
    assert event == {"type": "error", "error": {"type": kind, "message": f"{exception}: Too many\nrequests"}}


def test_an_unmodelled_error_is_told_by_its_headers() -> None:
    headers = {":message-type": "error", ":error-code": "InternalError", ":error-message": "oops"}
    assert read(decoded(frame(headers, b"")))[0][1]["error"]["message"] == "InternalError: oops"


def test_other_events_and_headers_of_every_type_are_passed_over() -> None:
    assert decoded(frame({":message-type": "event", ":event-type": "initial-response"}, b"{}")) == b""
    odd = b"\x01a\x00" + b"\x01b\x01" + b"\x01c\x02\x00" + b"\x01d\x04\x00\x00\x00\x00" + b"\x01e\x06\x00\x02xy"
    odd += b"\x01f\x08" + bytes(8) + b"\x01g\x09" + bytes(16)
    assert read(decoded(frame({":event-type": "chunk"}, _payload(EVENTS[3]), more=odd))) == [
        ("content_block_stop", EVENTS[3])
    ]


def _payload(event: dict[str, Any]) -> bytes:
    return json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abc"}).encode()


def _with_crc(block: bytes) -> bytes:
    return block + struct.pack(">I", zlib.crc32(block))


@pytest.mark.parametrize("at", range(len(chunk(EVENTS[3]))))
def test_a_changed_byte_is_noticed(at: int) -> None:
    whole = bytearray(chunk(EVENTS[3]))
    whole[at] ^= 0x40
    reader = FrameReader()
    with pytest.raises(BadFrame):
        reader.feed(bytes(whole) + bytes(32 * 1024 * 1024 if at < 4 else 0))


@pytest.mark.parametrize(
    "prelude",
    [struct.pack(">II", 0, 0), struct.pack(">II", 15, 0), struct.pack(">II", 20, 5), struct.pack(">II", 2**31, 0)],
)
def test_lengths_that_cannot_be_are_refused_at_once(prelude: bytes) -> None:
    with pytest.raises(BadFrame, match="lengths"):
        FrameReader().feed(_with_crc(prelude))


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b'{"bytes":"%%%"}', b'{"bytes":"e30="}', b'{"bytes":"eyJ0eXBlIjoiYVxuYiJ9"}', b"\xff"],
)
def test_a_chunk_that_holds_no_event_is_refused(payload: bytes) -> None:
    with pytest.raises(BadFrame):
        decoded(frame({":event-type": "chunk", ":message-type": "event"}, payload))


@given(st.binary(max_size=200))
def test_nonsense_is_refused_or_waited_for(data: bytes) -> None:
    reader = FrameReader()
    try:
        messages = reader.feed(data)
    except BadFrame:
        return
    assert messages == []
    assert reader.pending == bool(data)


def test_aws_own_reader_agrees() -> None:
    eventstream = pytest.importorskip("botocore.eventstream")
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(STREAM)
    theirs = [json.loads(message.payload)["bytes"] for message in buffer]
    assert [json.loads(base64.b64decode(text)) for text in theirs] == EVENTS
