from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.ledger.writing.frames import OVERHEAD, frame, scan

payloads = st.lists(st.binary(max_size=60), max_size=6)


@given(payloads, st.integers(0, 200))
def test_whole_frames_come_back_and_reserved_zeros_end_the_file(written: list[bytes], zeros: int) -> None:
    found = scan(b"".join(map(frame, written)) + bytes(zeros))
    assert (list(found.payloads), found.damaged, found.torn) == (written, 0, False)


@given(payloads, st.binary(min_size=1, max_size=60), st.data())
def test_a_torn_tail_is_dropped_and_nothing_else(written: list[bytes], last: bytes, data: st.DataObject) -> None:
    whole = frame(last)
    cut = data.draw(st.integers(1, len(whole) - 1))
    found = scan(b"".join(map(frame, written)) + whole[:cut])
    assert (list(found.payloads), found.damaged, found.torn) == (written, 0, True)


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=2, max_size=6), st.data())
def test_a_damaged_middle_costs_only_the_frames_that_it_touches(written: list[bytes], data: st.DataObject) -> None:
    victim = data.draw(st.integers(0, len(written) - 2))
    frames = [bytearray(frame(payload)) for payload in written]
    place = data.draw(st.integers(0, len(frames[victim]) - 1))
    frames[victim][place] ^= data.draw(st.integers(1, 255))
    found = scan(b"".join(frames))
    assert list(found.payloads) == written[:victim] + written[victim + 1 :]
    assert (found.damaged, found.torn) == (1, False)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    found = scan(data)
    assert sum(len(payload) + OVERHEAD for payload in found.payloads) <= len(data)


def test_a_length_that_claims_the_world_is_not_believed() -> None:
    found = scan(b"CVF1\xff\xff\xff\xff\0\0\0\0" + frame(b"next"))
    assert (found.payloads, found.damaged) == ((b"next",), 1)
