"""Schemas of answers as each vendor takes them: Claude's are those of Anthropic's own SDK."""

from typing import Any

import pytest
from anthropic import transform_schema
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects.translation.messages_schema import CannotHold, held
from support.translation.calls import ask, fields, quick

PERSON: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "description": "Whole."},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "mail": {"type": "string", "format": "email"},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^a"}, "minItems": 3},
        "home": {"$ref": "#/$defs/Place"},
        "kind": {"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}]},
    },
    "required": ["name"],
    "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
HELD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Whole.\n\n{minLength: 2}"},
        "age": {"anyOf": [{"type": "integer", "description": "{minimum: 0}"}, {"type": "null"}]},
        "mail": {"type": "string", "format": "email"},
        "tags": {
            "type": "array",
            "items": {"type": "string", "description": "{pattern: ^a}"},
            "description": "{minItems: 3}",
        },
        "home": {"$ref": "#/$defs/Place"},
        "kind": {"anyOf": [{"const": "a"}, {"enum": ["b", "c"]}]},
    },
    "required": ["name"],
    "$defs": {
        "Place": {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False},
    },
    "additionalProperties": False,
}


def sent(schema: Any, model: str = "claude-sonnet-4-5") -> Any:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return ask("chat", "messages", model, messages=[{"role": "user", "content": "hi"}], response_format=form)


def test_claude_gets_a_schema_that_it_can_be_held_to() -> None:
    assert fields(sent(PERSON))["output_config"]["format"]["schema"] == HELD


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"any": {"type": "object"}}},
        {"type": "object", "properties": {"any": True}},
        {"type": "object", "properties": {"any": {"description": "whatever"}}},
    ],
)
def test_a_schema_that_claude_cannot_be_held_to_is_asked_for_in_words(schema: dict[str, Any]) -> None:
    translated = sent(schema)
    assert "output_config" not in fields(translated)
    assert "must follow this JSON schema" in fields(translated)["system"][0]["text"]
    assert translated.dropped == ("response_format",)


_LEAF = st.fixed_dictionaries(
    {"type": st.sampled_from(("integer", "number", "boolean"))},
    optional={"description": st.just("what"), "maximum": st.integers(0, 9)},
) | st.fixed_dictionaries({"type": st.just("string")}, optional={"format": st.sampled_from(("uuid", "odd"))})
_SCHEMA = st.recursive(
    _LEAF,
    lambda inner: (
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 3)})
        | st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("ab"), inner, min_size=1)},
            optional={"required": st.just(["a"])},
        )
    ),
    max_leaves=6,
)


@quick
@given(_SCHEMA)
def test_claude_gets_what_anthropics_sdk_would_send(schema: dict[str, Any]) -> None:
    assert held(schema) == transform_schema(schema)


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("type", "properties", "items", "anyOf", "$ref", "format", "minItems")), inner
        )
    ),
    max_leaves=8,
)


@quick
@given(st.dictionaries(st.sampled_from(("type", "properties", "items", "anyOf", "enum", "format", "minItems")), _ODD))
def test_no_schema_makes_it_raise_another_error(schema: dict[str, Any]) -> None:
    try:
        assert isinstance(held(schema), dict)
    except CannotHold:
        return
