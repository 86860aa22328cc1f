"""Every field of the official SDKs' request types, one at a time and at any depth, so that none can be forgotten."""

import collections.abc
import typing
from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from typing_extensions import is_typeddict

_LISTS = (list, collections.abc.Iterable, collections.abc.Sequence)
_PLAIN: dict[Any, Any] = {str: "any", int: 2001, float: 0.25, bool: True, bytes: "enE=", object: "any", Any: "any"}


_NEEDED = {
    "Content": ("parts", "role"),
    "FunctionCall": ("name",),
    "FunctionDeclaration": ("name",),
    "FunctionResponse": ("name",),
    "Tool": ("function_declarations",),
    "Blob": ("data", "mime_type"),
    "FileData": ("file_uri", "mime_type"),
}
"""What Google's own types leave open, and its interface does not."""


class Field(NamedTuple):
    """One field: where it stands, and the same value without it and with it."""

    path: str
    without: Any
    given: Any


class _Known(NamedTuple):
    kind: Any
    required: bool


def fields_of(kind: Any, outside: tuple[Any, ...] = ()) -> Iterator[Field]:
    """Yield every field inside a type, a field of few values with each of them; ``outside`` are the types around it."""
    kind = _bare(kind)
    if members := _members(kind):
        for member in members:
            yield from fields_of(member, outside)
    elif get_origin(kind) in _LISTS:
        for path, without, given in fields_of(get_args(kind)[0], outside):
            yield Field(path, [without], [given])
    elif _is_object(kind) and kind not in outside:
        yield from _inner(kind, (*outside, kind))


def _inner(kind: Any, outside: tuple[Any, ...]) -> Iterator[Field]:
    least = sample(kind)
    mark = f"<{least['type']}>" if isinstance(least.get("type"), str) else ""
    for name, (inner, required) in _known(kind).items():
        if not required:
            for value in values_of(inner):
                yield Field(f"{mark}{name}", least, {**least, name: value})
        for path, without, given in fields_of(inner, outside):
            yield Field(f"{mark}{name}.{path}", {**least, name: without}, {**least, name: given})


def sample(kind: Any) -> Any:
    """Return the least value of a type."""
    kind = _bare(kind)
    if members := _members(kind):
        return sample(members[0])
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) in _LISTS:
        return [sample(get_args(kind)[0])]
    if _is_object(kind):
        return {name: sample(inner) for name, (inner, required) in _known(kind).items() if required}
    if get_origin(kind) in {dict, collections.abc.Mapping} or kind is dict:
        return {"any": "any"}
    if isinstance(kind, type) and issubclass(kind, str) and kind is not str:
        return next(iter(kind)).value  # type: ignore[attr-defined]  # an enumeration of Google's
    return _PLAIN.get(kind, "any")


def values_of(kind: Any) -> list[Any]:
    """Return the values a type may have where they are few, else one."""
    kind = _bare(kind)
    if members := _members(kind):
        found = [value for member in members for value in values_of(member)]
        return [value for at, value in enumerate(found) if value not in found[:at]]
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, str) and kind is not str:
        return [one.value for one in kind if "UNSPECIFIED" not in one.value]  # type: ignore[attr-defined]  # as above
    return [sample(kind)]


def _bare(kind: Any) -> Any:
    while get_origin(kind) in {typing.Annotated, typing.Required, typing.NotRequired}:
        kind = get_args(kind)[0]
    return kind


def _members(kind: Any) -> list[Any]:
    if get_origin(kind) not in {typing.Union, UnionType}:
        return []
    return [member for member in get_args(kind) if member is not NoneType and not _is_answer(_bare(member))]


def _is_answer(kind: Any) -> bool:
    """Tell whether a type is one of the answers', which OpenAI's and Anthropic's SDKs take in requests too."""
    return isinstance(kind, type) and issubclass(kind, BaseModel) and not kind.__module__.startswith("google.")


def _is_object(kind: Any) -> bool:
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))


@cache
def _known(kind: Any) -> dict[str, _Known]:
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {name: _Known(inner, _is_required(inner, total=kind.__total__)) for name, inner in hints.items()}
    needed = _NEEDED.get(kind.__name__, ())
    return {
        field.alias or to_camel(name): _Known(field.annotation, name in needed)
        for name, field in kind.model_fields.items()
    }


def _is_required(kind: Any, *, total: bool) -> bool:
    """Tell whether a field is required; the class itself does not know where its annotations are text."""
    return get_origin(kind) is typing.Required or (total and get_origin(kind) is not typing.NotRequired)
