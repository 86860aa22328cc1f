"""An answer, piece by piece: what every reader of answers makes and every writer of answers takes."""

from typing import Any, Literal

from msgspec import Struct

from codevector_daemon.metering.counts import TokenCounts

StopReason = Literal["end", "length", "tool", "sequence", "refusal", "pause", "context"]


class BadAnswer(ValueError):
    """The provider's answer is not what its protocol demands, or is an error in a 200. ``kind`` is its class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Start(Struct, frozen=True):
    """The answer has begun. ``counts`` holds the input where it is reported at once."""

    counts: TokenCounts | None = None


class TextDelta(Struct, frozen=True):
    """More text."""

    text: str


class ThinkingDelta(Struct, frozen=True):
    """More of what the model thought."""

    text: str


class ThinkingBreak(Struct, frozen=True):
    """What follows is a thought of its own, or another paragraph of the summary."""


class ThinkingEnd(Struct, frozen=True):
    """A thought is over. ``signature`` belongs to the provider's vendor; ``redacted`` data has no readable text."""

    signature: str = ""
    redacted: bool = False


class CallStart(Struct, frozen=True):
    """The call of a tool begins. Calls never overlap: its deltas and its end follow before anything else."""

    id: str
    name: str


class CallDelta(Struct, frozen=True):
    """More of the arguments, as JSON text."""

    text: str


class CallEnd(Struct, frozen=True):
    """The arguments are whole."""


class RefusalDelta(Struct, frozen=True):
    """More of the words with which the model declines."""

    text: str


class Ping(Struct, frozen=True):
    """The provider said that it is still there."""


class Stop(Struct, frozen=True):
    """Why the model stopped. Counts may still follow."""

    reason: StopReason
    sequence: str | None = None


class Counted(Struct, frozen=True):
    """Counts of the whole answer so far; the last ones hold."""

    counts: TokenCounts
    tier: str | None = None


class Failure(Struct, frozen=True):
    """An error in place of an answer, or of the rest of it. ``status`` is 0 where none was said."""

    kind: str
    message: str
    status: int = 0
    code: str | None = None
    param: str | None = None


class End(Struct, frozen=True):
    """The protocol's own end was seen: the answer is whole."""


Event = (
    Start
    | TextDelta
    | ThinkingDelta
    | ThinkingBreak
    | ThinkingEnd
    | CallStart
    | CallDelta
    | CallEnd
    | RefusalDelta
    | Ping
    | Stop
    | Counted
    | Failure
    | End
)


class Answer(Struct, frozen=True):
    """A whole answer. ``parts`` holds Text, Thinking, Refusal and ToolCall values in their order."""

    parts: tuple[Any, ...] = ()
    stop: StopReason = "end"
    sequence: str | None = None
    counts: TokenCounts | None = None
    tier: str | None = None
