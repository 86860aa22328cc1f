"""What is wrong with a value that came in, in words for people."""

import re
from collections.abc import Callable
from typing import Final

import msgspec

_LIMIT: Final = 300
_PLACED: Final = re.compile(r"(?P<said>.*?)(?: - at `(?:key in )?\$\.?(?P<field>.*)`)?", re.DOTALL)
_TYPES: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_WORDINGS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"Object contains unknown field `(.*)`", re.DOTALL), lambda found: f"there is no field '{found[1]}'"),
    (re.compile(r"Object missing required field `(.*)`"), lambda found: f"the field '{found[1]}' is missing"),
    (re.compile(r"Expected `\w+` of length >= 1"), lambda _: "must not be empty"),
    (re.compile(r"Expected `(.*)`, got `(.*)`"), lambda found: f"expected {_kinds(found[1])}, got {_kinds(found[2])}"),
    (re.compile(r"Expected `(.*)`"), lambda found: f"expected {_kinds(found[1])}"),
    (
        re.compile(r"Expected `(\w+)` (of length )?(.*)"),
        lambda found: f"expected {_kinds(found[1])} {found[2] or ''}{found[3]}",
    ),
    (re.compile(r"Invalid enum value (.*)", re.DOTALL), lambda found: f"{found[1]} is none of the possible values"),
)


def in_words(wrong: msgspec.ValidationError, whole: str) -> str:
    """Return what is wrong and with which field; with ``whole`` where it is none of its fields."""
    placed = _PLACED.fullmatch(str(wrong))
    said, field = (placed["said"], placed["field"]) if placed else (str(wrong), None)
    return _printable(f"{field or whole}: {_worded(said)}")


def _worded(said: str) -> str:
    for pattern, wording in _WORDINGS:
        if found := pattern.fullmatch(said):
            return wording(found)
    return said


def _kinds(names: str) -> str:
    return " or ".join(_TYPES.get(name, name) for name in names.split(" | "))


def _printable(text: str) -> str:
    plain = text.replace("`", "'")[:_LIMIT]
    return "".join(character if character.isprintable() else "\ufffd" for character in plain)
