"""Where the fields of a request body lie, so that one value can be exchanged and every other byte stays as it was."""

import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from codevector_daemon.dialects.base import BadBody

Edit = tuple[int, int, bytes]
"""Replace the bytes from the first to the second offset."""

MAX_FIELDS = 1024
"""More top-level fields than any protocol has; a body beyond it is refused before it costs time."""

_object = msgspec.json.Decoder(dict[str, Raw])
_KEY = re.compile(rb'[ \t\n\r]*"((?:[^"\\]|\\.)*)"[ \t\n\r]*:[ \t\n\r]*', re.DOTALL)
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"  # a half
    rb"|\\."  # any other escape
)
_NEXT = re.compile(rb"[ \t\n\r]*[,}]")


class Field(Struct, frozen=True):
    """One top-level value: its bytes and where they lie."""

    start: int
    stop: int
    raw: Raw

    def value(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Decode the value; raises BadBody for text that is not UTF-8, which no earlier pass looks at."""
        try:
            return msgspec.json.decode(self.raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadBody(f"The request body is not valid JSON: {error}.") from error


def locate(body: bytes) -> dict[str, Field]:
    """Find every field of the JSON object ``body``; raises BadBody when it is none or repeats a field.

    One pass of msgspec (0.4 ms per MB) gives the value of every key, the last one where a key is repeated; the walk
    from key to key compares each with the bytes that stand there, so a repeated key cannot hide another value.
    """
    try:
        raws = _decode(body)
    except BadBody:
        mended = _without_lone_surrogates(body)
        if mended == body:
            raise
        raws, body = _decode(mended), mended
    if len(raws) > MAX_FIELDS:
        raise BadBody(f"The request body has more than {MAX_FIELDS} fields.")
    found: dict[str, Field] = {}
    position = body.find(b"{") + 1
    while len(found) < len(raws):
        key, start = _key_at(body, position)
        raw = raws.get(key)
        if raw is None or key in found or not body.startswith(memoryview(raw), start):
            raise _repeated(key)
        stop = start + memoryview(raw).nbytes
        found[key] = Field(start, stop, raw)
        position = _after(body, stop)
    if body[position - 1 : position] == b",":
        raise _repeated(_key_at(body, position)[0])
    return found


def splice(body: bytes, edits: list[Edit]) -> bytes:
    """Apply edits that do not overlap."""
    if not edits:
        return body
    view = memoryview(body)  # slices of it are not copied before the join: 4 MB cost 3 ms each time
    parts: list[bytes | memoryview] = []
    at = 0
    for start, stop, replacement in sorted(edits):
        parts += [view[at:start], replacement]
        at = stop
    parts.append(view[at:])
    return b"".join(parts)


def _decode(body: bytes) -> dict[str, Raw]:
    try:
        return _object.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadBody(f"The request body is not a JSON object: {error}.") from error
    except RecursionError as error:
        raise BadBody("The request body is nested too deeply.") from error


def _without_lone_surrogates(body: bytes) -> bytes:
    """Return the body with every half of a surrogate pair exchanged for U+FFFD, each byte where it was.

    JavaScript writes such halves where it cut an emoji in two; msgspec refuses what providers take.
    """
    return _ESCAPES.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)


def _key_at(body: bytes, position: int) -> tuple[str, int]:
    """Return the key at ``position`` and where its value starts."""
    found = _KEY.match(body, position)
    if found is None:
        raise _repeated("")
    try:
        return str(msgspec.json.decode(b'"' + found[1] + b'"')), found.end()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _repeated("") from None


def _after(body: bytes, position: int) -> int:
    """Return the offset after the comma or brace that follows a value."""
    found = _NEXT.match(body, position)
    if found is None:
        raise _repeated("")
    return found.end()


def _repeated(key: str) -> BadBody:
    """Say that a field is repeated: the only way in which the walk can part from what msgspec read."""
    name = f"The field {key[:64]!r}" if key else "A field"
    return BadBody(f"{name} appears more than once in the request body.")
