import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.opening import LONGEST, MOST_BYTES, Opening, is_document, opening_of

MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("data", "streamed", "opening"),
    [
        (b"", True, Opening.UNKNOWN),
        (b"\r\n \n", False, Opening.UNKNOWN),
        (MARK[:2], False, Opening.UNKNOWN),
        (b"dat", True, Opening.UNKNOWN),
        (b"data: 1", True, Opening.PASSES),
        (b": ping", False, Opening.PASSES),
        (b"\n\n" + MARK + b"\nevent: x", True, Opening.PASSES),
        (b"id", True, Opening.UNKNOWN),
        (b"idea", True, Opening.NONSENSE),
        (b' {"a"', False, Opening.DOCUMENT),
        (MARK + b"{", False, Opening.DOCUMENT),
        (b'{"error"', True, Opening.PASSES),
        (b"[1]", False, Opening.NONSENSE),
        (b"<html>", True, Opening.NONSENSE),
        (b"<html>", False, Opening.NONSENSE),
        (b"\x00", False, Opening.NONSENSE),
    ],
)
def test_the_first_bytes_tell_what_an_answer_can_be(data: bytes, streamed: bool, opening: Opening) -> None:
    assert opening_of(data, streamed=streamed) is opening


def test_an_array_is_one_where_it_was_asked_for() -> None:
    assert opening_of(b"[{", streamed=False, array=True) is Opening.PASSES


@given(st.binary(max_size=40), st.booleans())
def test_more_bytes_never_change_what_was_told(data: bytes, streamed: bool) -> None:
    told = [opening_of(data[:size], streamed=streamed) for size in range(len(data) + 1)]
    known = [one for one in told if one is not Opening.UNKNOWN]
    assert told[len(told) - len(known) :] == known
    assert len(set(known)) <= 1


@given(st.binary(min_size=LONGEST, max_size=40))
def test_a_few_bytes_are_enough(data: bytes) -> None:
    if data[:1].strip():
        assert opening_of(data[:LONGEST], streamed=True) is not Opening.UNKNOWN


@given(st.recursive(st.none() | st.floats() | st.text(), lambda one: st.dictionaries(st.text(), one), max_leaves=5))
def test_whatever_a_lenient_writer_writes_is_a_document(value: object) -> None:
    assert is_document(json.dumps({"a": value}).encode())


@pytest.mark.parametrize("body", [b"{", b"{}{}", b"{} <html>", b'{"a": }', b'{"a": "x', b"{\x00}"])
def test_what_nobody_can_read_is_none(body: bytes) -> None:
    assert not is_document(body)


def test_a_large_one_is_known_by_its_end() -> None:
    large = b'{"a": "' + b"x" * MOST_BYTES
    assert is_document(large + b'"}\n')
    assert not is_document(large)


def test_one_that_is_nested_too_deeply_to_look_at_passes() -> None:
    assert is_document(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
