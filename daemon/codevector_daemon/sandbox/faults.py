"""Trouble on request: what a model's name asks the sandbox to do wrong."""

import re
from collections.abc import AsyncGenerator, Iterator
from itertools import islice

from msgspec import Struct

from codevector_daemon.errors import UpstreamBroken
from codevector_daemon.sandbox.answer import SandboxAnswer, head
from codevector_daemon.sandbox.shape import Event, Shape

_NAME = re.compile(r"(?:sandbox[/-])?error(?:-([45][0-9]{2}|cut|stream))?")
_OVERLOADED = 529
_BEGINNING = 6
"""Events of a stream that come before its trouble."""
MESSAGE = "The sandbox was asked to fail"


class Fault(Struct, frozen=True):
    """``status`` is an error instead of an answer, ``inside`` one within it, ``cut`` a connection that breaks."""

    status: int = 0
    inside: bool = False
    cut: bool = False


def fault_of(model: str) -> Fault | None:
    """Return the trouble a model's name asks for."""
    match = _NAME.fullmatch(model)
    if match is None:
        return None
    match match[1]:
        case "cut":
            return Fault(cut=True)
        case "stream":
            return Fault(inside=True)
        case status:
            return Fault(status=int(status or _OVERLOADED))


def spoil_events(fault: Fault, events: Iterator[Event], shape: Shape, number: int) -> Iterator[Event]:
    """Yield the beginning of a stream, and then its trouble."""
    yield from islice(events, _BEGINNING)
    if fault.cut:
        raise UpstreamBroken(MESSAGE)
    yield Event(shape.error_event(MESSAGE, number))


def spoil_body(fault: Fault, body: bytes, shape: Shape, number: int) -> SandboxAnswer:
    """Return a 200 that holds an error, or breaks off half-way."""
    if fault.inside:
        body = shape.error(500, MESSAGE, number)
    lines = head("application/json", number, length=len(body))
    return SandboxAnswer(200, lines, _half(body) if fault.cut else _all(body))


async def _half(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body[: len(body) // 2]
    raise UpstreamBroken(MESSAGE)


async def _all(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
