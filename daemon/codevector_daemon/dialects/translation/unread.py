"""Which fields of a request no reader looks at: whatever they asked for would be lost, so they are named."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from msgspec import Struct, inspect

SAYS_NOTHING: Final = frozenset(
    {"type", "id", "index", "object", "status", "phase", "caller", "annotations", "logprobs", "created_at"}
)
"""Names of inner fields by which a history gives back what an answer said of itself: they ask for nothing."""

_NESTED: Final = frozenset({dict, list})


class _Shape:
    """What is known of a value: the fields of an object, and the shape of a list's items."""

    __slots__ = ("fields", "items")

    def __init__(self) -> None:
        self.fields: Mapping[str, _Shape] = {}
        self.items: _Shape | None = None

    @property
    def is_nested(self) -> bool:
        """Whether there is anything to look at inside."""
        return bool(self.fields) or self.items is not None


def unread(value: object, kind: type[Struct]) -> list[str]:
    """Return the fields at any depth that ``kind`` does not have, as ``messages.name``: each once.

    Empty ones are left out, but for those at the top, which are only where they are null.
    """
    if not isinstance(value, dict):
        return []
    shape = _shape_of(kind)
    found = {name: None for name, inner in value.items() if name not in shape.fields and inner is not None}
    for name, inner in value.items():
        if name in shape.fields:
            _walk(inner, shape.fields[name], f"{name}.", found)
    return list(found)


def _walk(value: Any, shape: _Shape, place: str, found: dict[str, None]) -> None:  # noqa: ANN401 - whatever JSON holds
    if type(value) is dict and shape.fields:
        fields = shape.fields
        for name, inner in value.items():
            known = fields.get(name)
            if known is not None:
                if type(inner) in _NESTED and known.is_nested:
                    _walk(inner, known, f"{place}{name}.", found)
            elif name not in SAYS_NOTHING and inner not in (None, "", [], {}):
                found[f"{place}{name}"] = None
    elif type(value) is list and shape.items is not None:
        for item in value:
            _walk(item, shape.items, place, found)


@cache
def _shape_of(kind: type[Struct]) -> _Shape:
    return _made(inspect.type_info(kind), {})


def _made(info: inspect.Type, seen: dict[int, _Shape]) -> _Shape:
    if id(info) in seen:
        return seen[id(info)]
    seen[id(info)] = shape = _Shape()
    for one in info.types if isinstance(info, inspect.UnionType) else (info,):
        match one:
            case inspect.StructType():
                shape.fields = {field.encode_name: _made(field.type, seen) for field in one.fields}
            case inspect.ListType():
                shape.items = _made(one.item_type, seen)
            case _:
                continue
    if isinstance(info, inspect.UnionType) and any(isinstance(one, inspect.DictType) for one in info.types):
        shape.fields = {}  # an object of any fields may stand there too
    return shape
