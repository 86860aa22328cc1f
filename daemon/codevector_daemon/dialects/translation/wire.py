"""Decoding request bodies by their types, so that a wrong one is named where it stands."""

import re
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.json import Decoder

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.heads import printable
from codevector_daemon.dialects.translation.surrogates import mended
from codevector_daemon.dialects.translation.unread import unread

T = TypeVar("T")

LONGEST_NAME: Final = 64
"""A dropped field's name is cut to this, since it comes from outside and goes into a header."""

MOST_NAMES: Final = 64
"""So many dropped fields are named: with more, clients would refuse the answer for the size of its head."""

_PLACE = re.compile(r"^(.*) - at `\$\.?([^`]*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_any = Decoder()


def decode(decoder: Decoder[T], body: bytes, place: str = "") -> T:
    """Decode a request, or the field at ``place`` of it; raises BadBody naming what is wrong."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise BadBody(_named(str(error), place)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        whole = mended(body)
        if whole == body:
            raise BadBody(f"The request body is not valid JSON: {error}.") from error
        return decode(decoder, whole, place)
    except RecursionError as error:
        raise BadBody("The request body is nested too deeply.") from error


def left_out(body: bytes, kind: type[Struct]) -> list[str]:
    """Return the names of fields, at any depth, that a request's type does not know and that carry a value."""
    return unread(decode(_any, body), kind)


def clean(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of dropped fields fit for a header: so many, each once, printable ASCII, cut to a length."""
    seen = dict.fromkeys(printable(name).encode("ascii", "replace").decode()[:LONGEST_NAME] for name in names)
    return tuple(seen)[:MOST_NAMES]


def bad(field: str, expected: str) -> BadBody:
    """Return the error for a field that cannot be carried."""
    return BadBody(f"The field '{printable(field)[:200]}' {expected}.")


def json_object(text: str) -> dict[str, Any]:
    """Return the arguments of a tool call as an object; what is none is kept whole under ``INVALID_JSON``.

    Models do produce broken arguments, and a history with one of them must not make every later turn fail.
    """
    if not text.strip():
        return {}
    try:
        value = _any.decode(mended(text.encode("utf-8", "replace")))
    except (msgspec.MsgspecError, RecursionError):
        return {"INVALID_JSON": text}
    return value if isinstance(value, dict) else {"INVALID_JSON": text}


def json_text(value: object) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()


def _named(message: str, field: str) -> str:
    found = _PLACE.match(message)
    reason, inner = (found[1], found[2]) if found else (message, "")
    place = ".".join(part for part in (field, inner) if part)
    missing = _MISSING.match(reason)
    if missing:
        path = f"{place}.{missing[1]}" if place else missing[1]
        return f"The field '{path}' is missing."
    lowered = reason[:1].lower() + reason[1:]
    return f"The field '{place}' is wrong: {lowered}." if place else f"The request body is wrong: {lowered}."
