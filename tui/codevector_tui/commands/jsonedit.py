"""Edits of one member in a JSON file that change no other byte: a person's settings keep their shape."""

import json
from typing import NamedTuple

_DECODER = json.JSONDecoder()
_BLANK = " \t\n\r"


class BadDocument(ValueError):
    """The text cannot be edited; the message names the line or the member."""


class _Member(NamedTuple):
    """One member of an object: where its name starts, and where its value starts and ends."""

    name: str
    start: int
    value: int
    end: int


def put(text: str, path: tuple[str, ...], value: str) -> str:
    """Return the document with the string at ``path`` set; objects on the way are made, and new members come first.

    Raises BadDocument where the text is no JSON object or something on the way is no object.
    """
    _require_object(text)
    return _put(text, _skip(text, 0), path, json.dumps(value, ensure_ascii=False))


def take(text: str, path: tuple[str, ...]) -> str:
    """Return the document without the member at ``path``, and without the objects that this leaves empty."""
    _require_object(text)
    at = _skip(text, 0)
    places: list[tuple[int, _Member]] = []
    for name in path:
        member = _find(text, at, name)
        if member is None:
            return text
        places.append((at, member))
        at = member.value
    for depth, (start, member) in enumerate(reversed(places)):
        alone = len(_members(text, start)) == 1
        if not (alone and depth < len(places) - 1):
            return _cut(text, start, member)
    return text


def get(text: str, path: tuple[str, ...]) -> str | None:
    """Return the string at ``path``, or nothing where there is none; BadDocument where it is something else."""
    value: object = _require_object(text)
    for name in path:
        if not isinstance(value, dict):
            raise BadDocument(f"{name!r} stands in something that is no object")
        if name not in value:
            return None
        value = value[name]
    if not isinstance(value, str):
        raise BadDocument(f"{'.'.join(path)} is not a string")
    return value


def _require_object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadDocument(f"line {error.lineno}: {error.msg}") from error
    if not isinstance(document, dict):
        raise BadDocument("line 1: expected an object")
    return document


def _put(text: str, at: int, path: tuple[str, ...], encoded: str, depth: int = 1) -> str:
    name, rest = path[0], path[1:]
    member = _find(text, at, name)
    if member is None:
        return _insert(text, at, f"{json.dumps(name)}: {_nested(text, rest, encoded, depth)}", depth)
    if not rest:
        return text[: member.value] + encoded + text[member.end :]
    if text[member.value] != "{":
        raise BadDocument(f"{name!r} is no object")
    return _put(text, member.value, rest, encoded, depth + 1)


def _nested(text: str, path: tuple[str, ...], encoded: str, depth: int) -> str:
    if not path:
        return encoded
    inner = f"{json.dumps(path[0])}: {_nested(text, path[1:], encoded, depth + 1)}"
    return f"{{{_margin(text, depth + 1)}{inner}{_margin(text, depth)}}}"


def _insert(text: str, at: int, member: str, depth: int) -> str:
    members = _members(text, at)
    if members:
        gap = text[at + 1 : members[0].start]
        return f"{text[: at + 1]}{gap}{member},{gap or ' '}{text[members[0].start :]}"
    return f"{text[: at + 1]}{_margin(text, depth)}{member}{_margin(text, depth - 1)}{text[_skip(text, at + 1) :]}"


def _cut(text: str, at: int, member: _Member) -> str:
    members = _members(text, at)
    place = members.index(member)
    if place:
        return text[: members[place - 1].end] + text[member.end :]
    if len(members) > 1:
        return text[: member.start] + text[members[1].start :]
    return text[: at + 1] + text[_skip(text, member.end) :]


def _margin(text: str, depth: int) -> str:
    """Return the line break and indentation of a member at that depth, in the document's own style."""
    top = _skip(text, 0)
    members = _members(text, top)
    gap = text[top + 1 : members[0].start] if members else "\n  "
    return f"\n{gap.rpartition(chr(10))[2] * depth}" if "\n" in gap else ""


def _find(text: str, at: int, name: str) -> _Member | None:
    """Return the last member of that name: the one that counts for every reader of JSON."""
    return next((member for member in reversed(_members(text, at)) if member.name == name), None)


def _members(text: str, at: int) -> list[_Member]:
    found: list[_Member] = []
    place = _skip(text, at + 1)
    while text[place] != "}":
        name, end = _DECODER.raw_decode(text, place)
        value = _skip(text, _skip(text, end) + 1)
        _, value_end = _DECODER.raw_decode(text, value)
        found.append(_Member(name, place, value, value_end))
        place = _skip(text, value_end)
        if text[place] == ",":
            place = _skip(text, place + 1)
    return found


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in _BLANK:
        place += 1
    return place
