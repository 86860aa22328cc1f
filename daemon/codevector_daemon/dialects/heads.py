"""Reading and exchanging the head fields that the JSON dialects share."""

import msgspec

from codevector_daemon.dialects.base import BadBody, Head
from codevector_daemon.dialects.fields import Edit, Field

Fields = dict[str, Field]

LONGEST_MODEL = 512
LONGEST_WORD = 64
LONGEST_ID = 1024
"""Gateways before a provider write into a response's id where it was made: hundreds of characters."""


def model(fields: Fields) -> tuple[str, tuple[int, int]]:
    """Return the model's name and where it lies; raises BadBody."""
    field = fields.get("model")
    if field is None:
        raise BadBody("The field 'model' is missing: expected the name of a model.")
    value = field.value()
    if not isinstance(value, str) or not value or len(value) > LONGEST_MODEL:
        raise BadBody("The field 'model' must be a string that names a model.")
    return value, (field.start, field.stop)


def stream(fields: Fields) -> bool:
    """Return whether a stream is asked for; raises BadBody for anything but true, false and null."""
    value = fields["stream"].value() if "stream" in fields else None
    if value is not None and not isinstance(value, bool):
        raise BadBody("The field 'stream' must be true or false.")
    return bool(value)


def whole_number(fields: Fields, *names: str) -> int | None:
    """Return the first of the fields that holds a whole number; other values are the provider's to judge."""
    for name in names:
        value = fields[name].value() if name in fields else None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def word(fields: Fields, name: str, longest: int = LONGEST_WORD) -> str | None:
    """Return a short string field; other values are the provider's to judge."""
    value = fields[name].value() if name in fields else None
    return value if isinstance(value, str) and 0 < len(value) <= longest else None


def fits(body: bytes, head: Head) -> bool:
    """Tell whether ``head`` was read from this very body, so that its offsets hold."""
    start, stop = head.model_at
    if start >= stop:
        return False
    try:
        return bool(msgspec.json.decode(body[start:stop]) == head.model)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def renamed(head: Head, upstream_model: str) -> list[Edit]:
    """Return the edit that exchanges the model's name; none where it is the same."""
    if upstream_model == head.model:
        return []
    return [(*head.model_at, msgspec.json.encode(upstream_model))]


def printable(message: str) -> str:
    """Return a message without control characters; line breaks become spaces."""
    return "".join(character if character.isprintable() else " " for character in message)
