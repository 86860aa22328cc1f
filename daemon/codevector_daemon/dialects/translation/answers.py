"""What the readers of answers share: decoding foreign JSON, and saying that it is nonsense without repeating it."""

from typing import TypeVar

from msgspec.json import Decoder

from codevector_daemon.dialects.answer import UNREADABLE
from codevector_daemon.dialects.sse import data_of
from codevector_daemon.dialects.translation.events import BadAnswer
from codevector_daemon.dialects.translation.surrogates import mended
from codevector_daemon.dialects.translation.wire import json_text

T = TypeVar("T")

UNREADABLE_KIND = "unreadable_answer"
TOO_DEEP = "it is nested too deeply"
"""What any step of a translation may find first, because each goes down as deep as the answer does."""

DONE = b"[DONE]"


def event(decoder: Decoder[T], raw: bytes) -> T | str:
    """Decode the payload of an event; where it has none that is JSON, return the word it holds: ``""`` or ``[DONE]``.

    Nearly every event ends with its one line of data, so that much is tried first: looking at each line takes longer
    than all the rest. White space around JSON does no harm, and more lines than one are not JSON. Raises BadAnswer.
    """
    at = 5 if raw.startswith(b"data:") else raw.find(b"\ndata:") + 6
    if at >= len(b"data:"):
        try:
            return decoder.decode(raw[at:])
        except UNREADABLE:
            pass
    data = data_of(raw).strip()
    return data.decode() if data in {b"", DONE} else decode(decoder, data)


def decode(decoder: Decoder[T], data: bytes) -> T:
    """Decode a provider's JSON; raises BadAnswer, whose message never repeats the answer."""
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        whole = mended(data)
        if whole == data:
            raise nonsense("it is not the JSON its protocol demands") from error
        return decode(decoder, whole)


def nonsense(why: str) -> BadAnswer:
    """Return the error for an answer that cannot be read."""
    return BadAnswer(UNREADABLE_KIND, f"The provider's answer could not be read: {why}.")


def text_of(arguments: object) -> str:
    """Return arguments that came as a value as JSON text."""
    return json_text(arguments)
