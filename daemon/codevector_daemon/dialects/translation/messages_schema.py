"""JSON schemas of answers as Claude can be held to them, which is less than JSON schemas can say.

What Anthropic's own SDK does before it sends one: an object allows no other properties than those it names, and what
the model cannot be held to is told in the description. A schema that needs more cannot be held at all.
"""

from collections.abc import Mapping
from typing import Any, Final

from codevector_daemon.dialects.translation.wire import json_text

_KEPT: Final = frozenset({"type", "enum", "const", "description", "title", "required", "$ref"})
_SAYS_WHAT: Final = frozenset({"type", "enum", "const", "$ref", "anyOf", "allOf"})
_NESTED: Final = ("properties", "$defs", "definitions")
_CHOICES: Final = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_FORMATS: Final = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
_LEAST_ITEMS: Final = (0, 1)
_SILENT: Final = frozenset({"$schema", "$id", "$comment"})

Schema = dict[str, Any]


class CannotHold(ValueError):
    """The schema needs what the model cannot be held to, such as an object of any properties."""


def held(schema: Mapping[str, Any]) -> Schema:
    """Return the schema as Claude takes it; raises CannotHold."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return _one_of_kinds(schema, kind)
    kept: Schema = {}
    told: Schema = {}
    for name, value in schema.items():
        _place(name, value, kept, told)
    if not kept.keys() & _SAYS_WHAT:
        raise CannotHold
    if kind == "object" and "$ref" not in schema:
        _close(schema, kept)
    if told:
        words = ", ".join(
            f"{name}: {value if isinstance(value, str) else json_text(value)}" for name, value in told.items()
        )
        kept["description"] = "\n\n".join(filter(None, (kept.get("description"), f"{{{words}}}")))
    return kept


def _place(name: str, value: Any, kept: Schema, told: Schema) -> None:  # noqa: ANN401 - whatever a schema holds
    if name in _KEPT:
        kept[name] = value
    elif name in _NESTED and isinstance(value, dict):
        kept[name] = {key: held(one) if isinstance(one, dict) else _any() for key, one in value.items()}
    elif name in _CHOICES and isinstance(value, list):
        kept[_CHOICES[name]] = [held(one) if isinstance(one, dict) else _any() for one in value]
    elif name == "items" and isinstance(value, dict):
        kept[name] = held(value)
    elif (name == "format" and value in _FORMATS) or (name == "minItems" and value in _LEAST_ITEMS):
        kept[name] = value
    elif name not in _SILENT and name != "additionalProperties":
        told[name] = value


def _close(schema: Mapping[str, Any], kept: Schema) -> None:
    """Allow an object no other properties; one that lives on others, such as a map, cannot be held."""
    others = schema.get("additionalProperties")
    if isinstance(others, dict) or (not schema.get("properties") and others is not False):
        raise CannotHold
    kept["additionalProperties"] = False


def _one_of_kinds(schema: Mapping[str, Any], kinds: list[Any]) -> Schema:
    """Return a schema of several types as a choice between them."""
    common = {name: schema[name] for name in ("title", "description") if name in schema}
    rest = {name: value for name, value in schema.items() if name not in common}
    kept = held(rest | {"type": kinds[0]}) if len(kinds) == 1 else {"anyOf": [_of_kind(rest, kind) for kind in kinds]}
    return common | kept


def _of_kind(schema: Mapping[str, Any], kind: Any) -> Schema:  # noqa: ANN401 - whatever stands in a list of types
    return {"type": "null"} if kind == "null" else held({**schema, "type": kind})


def _any() -> Schema:
    raise CannotHold
