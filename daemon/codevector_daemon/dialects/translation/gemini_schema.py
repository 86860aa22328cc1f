"""Google's spelling of schemas and field names, and everybody else's."""

from typing import Any, Final

import msgspec

from codevector_daemon.dialects.base import BadBody

_PAYLOADS: Final = frozenset(
    {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
)
"""Fields whose keys are the user's, not Google's."""

_NESTED: Final = ("items", "additionalProperties")
_MAPS: Final = ("properties", "defs", "$defs")
_RENAMED: Final = {"defs": "$defs", "ref": "$ref"}
_LEFT_OUT: Final = frozenset({"nullable", "propertyOrdering", "example"})
_COUNTS: Final = frozenset({f"{end}{what}" for end in ("min", "max") for what in ("Items", "Length", "Properties")})
"""What Google's interface also takes as text, as it does every number of 64 bits."""


def camel(name: str) -> str:
    """Return a field's name as Google's REST interface spells it."""
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def camel_keys(body: bytes) -> bytes:
    """Return a body with Google's fields in the one spelling; it accepts underscores too."""
    try:
        return msgspec.json.encode(_renamed(msgspec.json.decode(body)))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadBody(f"The request body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise BadBody("The request body is nested too deeply.") from error


def json_schema(given: Any) -> Any:  # noqa: ANN401 - a schema or anything in its place
    """Return a JSON schema for one in Google's form: types in capitals, ``nullable`` beside them."""
    if not isinstance(given, dict):
        return given
    schema = {_RENAMED.get(name, name): _inner(name, value) for name, value in given.items() if name not in _LEFT_OUT}
    kind, nullable = given.get("type"), given.get("nullable") is True
    if isinstance(kind, str):
        schema["type"] = [kind.lower(), "null"] if nullable else kind.lower()
    elif nullable and isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    if "example" in given:
        schema["examples"] = [given["example"]]
    return schema | _in_order(schema.get("properties"), given.get("propertyOrdering"))


def _in_order(properties: Any, order: Any) -> dict[str, Any]:  # noqa: ANN401 - anything in their places
    """Return properties in the order asked for, which JSON schemas have no word for but models follow."""
    if not isinstance(properties, dict) or not isinstance(order, list):
        return {}
    first = {name: properties[name] for name in order if isinstance(name, str) and name in properties}
    return {"properties": first | properties}


def _inner(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever a schema holds
    if name in _NESTED:
        return json_schema(value)
    if name in _MAPS and isinstance(value, dict):
        return {key: json_schema(one) for key, one in value.items()}
    if name in _COUNTS and isinstance(value, str) and value.isdecimal():
        return int(value)
    if name == "anyOf" and isinstance(value, list):
        return [json_schema(one) for one in value]
    return value


def _renamed(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if not isinstance(value, dict):
        return value
    spelled = ((camel(name), one) for name, one in value.items())
    return {name: one if name in _PAYLOADS else _renamed(one) for name, one in spelled}
