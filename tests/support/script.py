"""What the scripted provider plays and what it saw: plain values that travel between a test and its process."""

from dataclasses import dataclass, field, replace
from typing import Literal

from support.counts import NOTHING, Counts

Ending = Literal["running", "finished", "cut", "left"]
Framing = Literal["length", "chunked", "close"]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes in one piece (one chunk, where the answer is chunked)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Wait until the test opens the gate of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Drop the connection here, with a reset or with an early clean end."""

    reset: bool = True


Step = Send | Pause | Gate | Cut
CUT = Cut()
NEVER = Gate("never")
"""A gate that no test opens: the answer hangs until the other side leaves."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, step by step. ``before`` happens ahead of the head; ``said`` is what its usage block reports."""

    steps: tuple[Step, ...] = ()
    status: int = 200
    headers: Headers = (("content-type", "application/json"),)
    framing: Framing = "length"
    before: tuple[Step, ...] = ()
    said: Counts = NOTHING

    @property
    def body(self) -> bytes:
        """The whole body, pauses left out."""
        return b"".join(self.pieces)

    @property
    def pieces(self) -> list[bytes]:
        """The body in the pieces it is sent in."""
        return [step.data for step in self.steps if isinstance(step, Send)]

    def after(self, *before: Step) -> "Answer":
        """Return this answer with steps ahead of its head."""
        return replace(self, before=before)

    def cut_after(self, pieces: int, *, reset: bool = True) -> "Answer":
        """Return this answer dropped after so many pieces; what it would have said at the end stays unsaid."""
        kept: list[Step] = []
        for step in self.steps:
            if sum(isinstance(one, Send) for one in kept) == pieces:
                break
            kept.append(step)
        return replace(self, steps=(*kept, Cut(reset=reset)), said=NOTHING)

    def gated_after(self, pieces: int, gate: str) -> "Answer":
        """Return this answer held back after so many pieces until the test opens the gate."""
        steps: list[Step] = []
        for step in self.steps:
            if sum(isinstance(one, Send) for one in steps) == pieces and Gate(gate) not in steps:
                steps.append(Gate(gate))
            steps.append(step)
        return replace(self, steps=tuple(steps))

    def paced(self, seconds: float) -> "Answer":
        """Return this answer with a pause after every piece."""
        steps: list[Step] = []
        for step in self.steps:
            steps += [step, Pause(seconds)] if isinstance(step, Send) else [step]
        return replace(self, steps=tuple(steps))


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it stood on the wire, and how its answer went. Times are ``time.monotonic`` seconds."""

    number: int
    connection: int
    head: bytes
    """Request line and header lines, byte for byte."""
    body: bytes
    at: float
    ending: Ending
    sent: tuple[float, ...] = field(repr=False)
    """When each piece of the answer was written."""
    said: Counts

    @property
    def method(self) -> str:
        """The request's method."""
        return self.head.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        """The request target with its query, as it stood in the request line."""
        return self.head.split(b" ", 2)[1].decode()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Header lines in their order and spelling, duplicates kept."""
        lines = self.head.split(b"\r\n")[1:]
        return [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines if line)]

    def header(self, name: str) -> list[str]:
        """Return every value of one header, whatever its spelling."""
        return [value.decode("latin-1") for key, value in self.headers if key.decode().lower() == name.lower()]
