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
    kind = given.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind.lower(), "null"] if given.get("nullable") is True else kind.lower()
    return schema


def _inner(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever a schema holds
    if name in _NESTED:
        return json_schema(value)
    if name in _MAPS and isinstance(value, dict):
        return {key: json_schema(one) for key, one in value.items()}
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
