import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.json_array import ArraySplitter, element_of, is_piece, last_piece
from support.translation.calls import quick

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(['"', "\\", "]}", '{"', '\\"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
_OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), _JSON, max_size=3), max_size=5)


@quick
@given(_OBJECTS, st.sampled_from([None, 2]), st.data())
def test_however_an_array_is_cut_its_elements_come_whole_and_every_byte_once(
    values: list[dict[str, Any]], indent: int | None, data: st.DataObject
) -> None:
    text = json.dumps(values, indent=indent).encode()
    splitter, pieces, at = ArraySplitter(), [], 0
    while at < len(text):
        step = data.draw(st.integers(1, len(text) - at))
        pieces += splitter.feed(text[at : at + step])
        at += step
    assert [json.loads(element_of(piece)) for piece in pieces] == values
    assert b"".join(pieces) + splitter.rest() == text
    assert splitter.size == len(splitter.rest())
    assert splitter.take_rest().strip() in {b"]", b"[]", b"[\n]"}
    assert splitter.rest() == b""


def test_an_object_in_place_of_the_array_stays_whole() -> None:
    splitter = ArraySplitter()
    assert splitter.feed(b'{"error": {"code": 3}}') == []
    assert splitter.take_rest() == b'{"error": {"code": 3}}'


@given(st.binary(max_size=80))
def test_no_bytes_make_it_raise_or_lose_any(noise: bytes) -> None:
    splitter = ArraySplitter()
    assert b"".join(splitter.feed(noise)) + splitter.take_rest() == noise


def test_an_element_comes_as_soon_as_it_is_whole() -> None:
    splitter = ArraySplitter()
    assert splitter.feed(b'[{"a": 1') == []
    assert splitter.feed(b"}") == [b'[{"a": 1}']
    assert splitter.feed(b'\n,\r\n{"b": [{}]}\n') == [b'\n,\r\n{"b": [{}]}']
    assert (splitter.feed(b"]"), splitter.rest()) == ([], b"\n]")


@pytest.mark.parametrize(("raw", "piece"), [(b"data: {}\n\n", False), (b": ping\n\n", False), (b"\n,\r\n{}", True)])
def test_a_piece_is_told_from_an_event(raw: bytes, piece: bool) -> None:
    assert is_piece(raw) is piece


def test_an_event_becomes_the_last_element() -> None:
    assert json.loads(last_piece(b'data: {"e":1}\n\n', first=True)) == [{"e": 1}]
    assert json.loads(b'[{"a":0}' + last_piece(b'data: {"e":1}\n\n', first=False)) == [{"a": 0}, {"e": 1}]
