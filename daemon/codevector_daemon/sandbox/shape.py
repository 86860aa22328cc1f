"""How a vendor writes what the sandbox answers."""

from collections.abc import Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from codevector_daemon.sandbox.prompt import Prompt
from codevector_daemon.sandbox.reply import Reply


class Told(Struct, frozen=True):
    """Everything one answer is written from. ``number`` makes its ids unique."""

    prompt: Prompt
    reply: Reply
    number: int
    created_s: int


class Event(Struct, frozen=True):
    """One server-sent event, and how many tokens the model makes before it comes."""

    data: bytes
    tokens: int = 0


class Shape(Protocol):
    """One vendor's wire format."""

    def read(self, body: bytes, *, counting: bool) -> Prompt:
        """Read a request, or one that asks only for its count; raises BadPrompt."""

    def whole(self, told: Told) -> bytes:
        """Return an answer that is not streamed."""

    def events(self, told: Told) -> Iterator[Event]:
        """Yield a streamed answer."""

    def error(self, status: int, message: str, number: int) -> bytes:
        """Return an error's body."""

    def error_event(self, message: str, number: int) -> bytes:
        """Return the event of an error in the middle of a stream."""

    def models(self, created_s: int) -> bytes:
        """Return the list of models."""


def json(value: object) -> bytes:
    """Return compact JSON."""
    return msgspec.json.encode(value)
