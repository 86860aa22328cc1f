"""What every writer of answers takes: whose answer it is, under which name, and how to frame and end it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct
from msgspec.json import Encoder

from codevector_daemon.dialects.translation.canonical import Origin
from codevector_daemon.dialects.translation.events import Answer, Event, Failure, Stop
from codevector_daemon.dialects.translation.marks import marked
from codevector_daemon.metering.counts import NOTHING, TokenCounts

encode = Encoder().encode


class Framing(Struct, frozen=True):
    """What an answer to the client carries beside what the model said.

    ``slug`` is the model's name as the client knows it, ``vendor`` whose thinking signatures these are, ``origins`` the
    client's own form of tools that were shown differently, ``wants_usage`` false where a stream must not report any.
    """

    slug: str
    vendor: str
    new_id: Callable[[], str]
    created_s: int
    wants_usage: bool = True
    origins: Mapping[str, Origin] = {}

    def origin(self, name: str) -> Origin:
        """Return how the client knows a tool."""
        return self.origins.get(name) or Origin(name)

    def mark(self, signature: str) -> str:
        """Return a thinking signature as the client may keep it."""
        return marked(self.vendor, signature)


class Ended(Struct, frozen=True):
    """How a streamed answer ended well."""

    stop: Stop = Stop("end")
    counts: TokenCounts = NOTHING
    tier: str | None = None


class AnswerWriter(Protocol):
    """Writes one streamed answer. It never writes the end by itself: the caller knows when that may go out."""

    def write(self, event: Event) -> bytes:
        """Return the raw events that a canonical one becomes."""

    def end(self, ended: Ended) -> bytes:
        """Return everything from the stop reason on, the protocol's last event included."""

    def fail(self, failure: Failure) -> bytes:
        """Return the error event, after which no clean end may follow."""


class WholeWriter(Protocol):
    """Writes a whole answer as a body."""

    def __call__(self, answer: Answer, framing: Framing) -> bytes:
        """Return the body."""


def event(name: str, fields: dict[str, Any]) -> bytes:
    """Return a named event."""
    return b"event: " + name.encode() + b"\ndata: " + encode(fields) + b"\n\n"


def text(value: str) -> bytes:
    """Return a string as JSON. Half of a surrogate pair, which JSON text can hold and UTF-8 cannot, is replaced."""
    try:
        return encode(value)
    except UnicodeEncodeError:
        return encode(value.encode("utf-8", "replace").decode())
