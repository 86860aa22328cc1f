import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.fields import MAX_FIELDS, locate, splice

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=8)


def spaced(value: dict[str, Any], spaces: list[str]) -> bytes:
    """Write an object with odd white space between its fields."""
    space = spaces or [""]
    fields = [
        f"{space[i % len(space)]}{json.dumps(k)}{space[-1]}:{space[0]}{json.dumps(v)}{space[i % len(space)]}"
        for i, (k, v) in enumerate(value.items())
    ]
    return (space[0] + "{" + ",".join(fields) + (space[-1] if not fields else "") + "}" + space[-1]).encode()


SPACES = st.lists(st.sampled_from(["", " ", "\n", "\t \r\n"]), max_size=3)


@given(OBJECTS, SPACES)
def test_every_field_is_found_where_it_lies(value: dict[str, Any], spaces: list[str]) -> None:
    body = spaced(value, spaces)
    found = locate(body)
    assert set(found) == set(value)
    for name, field in found.items():
        assert json.loads(body[field.start : field.stop]) == value[name]


@given(OBJECTS.filter(bool), SPACES, JSON, st.data())
def test_exchanging_a_field_changes_no_other_byte(
    value: dict[str, Any], spaces: list[str], new: object, data: st.DataObject
) -> None:
    body = spaced(value, spaces)
    name = data.draw(st.sampled_from(sorted(value)))
    field = locate(body)[name]
    out = splice(body, [(field.start, field.stop, json.dumps(new).encode())])
    assert json.loads(out) == value | {name: new}
    assert out.startswith(body[: field.start])
    assert out.endswith(body[field.stop :])


@given(OBJECTS.filter(bool), JSON, st.data())
def test_a_repeated_field_is_refused_wherever_it_stands(
    value: dict[str, Any], other: object, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(value)))
    fields = [f"{json.dumps(k)}:{json.dumps(v)}" for k, v in value.items()]
    fields.insert(data.draw(st.integers(0, len(fields))), f"{json.dumps(name)}:{json.dumps(other)}")
    with pytest.raises(BadBody, match="more than once"):
        locate(("{" + ",".join(fields) + "}").encode())


def test_a_repeated_field_cannot_hide_behind_a_value_that_looks_like_json() -> None:
    hidden = b'{"model":"a\\",\\"model\\":\\"b","n":1,"model":"cheap"}'
    with pytest.raises(BadBody, match="more than once"):
        locate(hidden)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b'{"a":1}x', b"\xff", b"{'a':1}", b'{"a":NaN}'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadBody, match="not a JSON object"):
        locate(body)


def test_a_body_nested_a_million_deep_is_refused() -> None:
    with pytest.raises(BadBody, match="nested"):
        locate(b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}")


def test_a_body_with_endless_fields_is_refused() -> None:
    body = json.dumps({str(number): 0 for number in range(MAX_FIELDS + 1)}).encode()
    with pytest.raises(BadBody, match="fields"):
        locate(body)


@given(st.binary(max_size=60))
def test_garbage_is_refused_and_nothing_else(body: bytes) -> None:
    with suppress(BadBody):
        found = locate(body)
        assert json.loads(body) == {name: field.value() for name, field in found.items()}
