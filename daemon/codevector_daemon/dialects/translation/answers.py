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


def payload(raw: bytes) -> bytes:
    """Return the payload of an event; the usual one, with one line of data at its end, in a quarter of the time."""
    line = raw.rstrip(b"\r\n")
    at = 0 if line.startswith(b"data:") else line.find(b"\ndata:") + 1
    if line.startswith(b"data:", at) and line.find(b"\n", at) < 0 and b"\r" not in line:
        return line[at + 5 :]
    return data_of(raw)


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
