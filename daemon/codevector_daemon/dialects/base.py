"""What every wire protocol can do for the gateway. Dialects are pure: bytes in, values out, no I/O."""

from enum import Enum, auto
from typing import Protocol

from msgspec import Struct

from codevector_daemon.metering.counts import NO_EXTRAS, NOTHING, Extras, Round, TokenCounts
from codevector_shared.protocol import UsageSource


class BadBody(ValueError):
    """The request body is not what the dialect demands; the message names the field and what was expected."""


class Head(Struct, frozen=True):
    """What the gateway reads of a request body before it forwards it; the rest is never parsed."""

    model: str
    stream: bool = False
    max_output_tokens: int | None = None
    service_tier: str | None = None
    wants_usage: bool = True
    """False only where a stream would carry no usage unless asked, and the client did not ask."""
    hybrid: bool = False
    """A body on the route of Chat Completions that is not wholly one, as Cursor sends it: it is always translated."""
    model_at: tuple[int, int] = (0, 0)
    """Where the model's name lies in the body, so that it can be exchanged without reading the body again."""
    options_at: tuple[int, int] | None = None
    """Where the value of ``stream_options`` lies, if there is one."""
    action: str = ""
    """Gemini: what the path asks of the model, such as ``streamGenerateContent``; it stands after the model's name."""
    background: bool = False
    """Responses: the answer comes later, and its usage only when it is retrieved."""
    previous: str | None = None
    """Responses: the id of the response that this one goes on from."""
    conversation: bool = False
    """Responses: it goes on a conversation that the provider keeps."""
    store: bool = True
    """Responses: False where the provider is asked not to keep the answer."""


class Image(Struct, frozen=True):
    """A picture in a prompt, in pixels (0: unknown) and the detail asked for."""

    width: int = 0
    height: int = 0
    detail: str = "auto"


class Prompt(Struct, frozen=True):
    """What an estimate of the input counts."""

    texts: tuple[str, ...] = ()
    messages: int = 0
    tools: int = 0
    images: tuple[Image, ...] = ()
    tokens: int = 0
    """Tokens that the client had counted out itself (embeddings take them as numbers)."""


class Verdict(Enum):
    """What becomes of one event of a streamed answer on its way to the client."""

    PASS = auto()
    HIDE = auto()
    """The client did not ask for it; the gateway did."""
    LAST = auto()
    """The client stops listening after it: release it only when the row is durable."""
    HOLD = auto()
    """Perhaps the last, in a protocol that marks none: hold it back until another event comes or the answer ends."""


class Reading(Struct, frozen=True):
    """What an answer said about itself. ``usage_source`` is ``none`` until the provider reported a count."""

    counts: TokenCounts = NOTHING
    usage_source: UsageSource = "none"
    finished: bool = False
    """The protocol's own end was seen (``[DONE]``, ``message_stop``, a whole JSON body)."""
    service_tier: str | None = None
    served_model: str | None = None
    error: str | None = None
    """The class of an error that the answer carried after its 200, such as ``overloaded_error``."""
    response_id: str | None = None
    input_reported: bool = False
    output_reported: bool = False
    """Whether the final count of each side came; the other is 0 in ``counts`` and left to the estimate."""
    refused: str | None = None
    """The name of a count that was refused (negative, absurd, no whole number, larger than what it is a part of).

    A side it belongs to counts as not reported.
    """
    extras: Extras = NO_EXTRAS
    """What the price rests on besides the counts."""
    later: bool = False
    """Whether the answer is still being made when this one ends: its usage is reported to whoever retrieves it."""

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Parts of ``counts`` that are charged apart: compaction, advisor and fallback rounds."""
        return self.extras.rounds

    @property
    def provider_cost_nano(self) -> int | None:
        """What the provider itself said the answer cost."""
        return self.extras.provider_cost_nano

    @property
    def whole(self) -> bool:
        """Tell whether the provider reported all, so that nothing is left to estimate or to be flagged."""
        return self.input_reported and self.output_reported and self.refused is None


class Block(Struct, frozen=True, array_like=True):
    """Whole events of an answer, one after another; compressed with zstd where they are ``packed``."""

    packed: bool
    data: bytes


class Kept(Struct, frozen=True, array_like=True):
    """What was kept of an answer for an estimate of its output: a whole body, or events that may hold text.

    It is as raw as it came, so that taking the text out of it can be left to another process.
    """

    dialect: str = ""
    body: bytes = b""
    blocks: tuple[Block, ...] = ()
    guess: int = 0
    """Tokens as the size alone tells, for when there is no time to look."""


class AnswerReader(Protocol):
    """Reads one answer, fed with decoded bytes. Never raises on any input."""

    def event(self, raw: bytes) -> Verdict:
        """Take one whole server-sent event (with its blank line) and say what becomes of it."""

    def body(self, body: bytes) -> None:
        """Take a whole answer that was not streamed."""

    def progress(self) -> int:
        """Return the output tokens so far: reported where known, else a quick guess from the bytes."""

    def reading(self) -> Reading:
        """Return what is known by now."""

    def kept(self) -> Kept:
        """Return what was kept for an estimate of the output."""

    def text_of(self, kept: Kept) -> str:
        """Return the text generated in what such a reader kept. Never raises; takes long, so not on the event loop."""


class Dialect(Protocol):
    """One wire protocol."""

    name: str

    def head(self, body: bytes, target: str = "") -> Head:
        """Read the head of a request body; raises BadBody.

        ``target`` is what the path names where the model is not in the body: Gemini's ``{model}:{action}``.
        """

    def outgoing(self, body: bytes, head: Head, upstream_model: str, *, ask_usage: bool) -> bytes:
        """Return the body for upstream: the very same bytes but for the model name and the usage option."""

    def reader(self, head: Head, *, hide_usage: bool, error: bool) -> AnswerReader:
        """Make the reader of one answer; ``error`` says that its status was 4xx or 5xx."""

    def error(self, status: int, kind: str, code: str, message: str, param: str | None = None) -> bytes:
        """Return an error body in this dialect's shape."""

    def error_event(self, kind: str, code: str, message: str) -> bytes:
        """Return the event that ends a stream which broke off, so that no client takes it for a clean end."""

    def prompt(self, body: bytes) -> Prompt:
        """Return what an estimate of the input counts (parsed now; call it off the event loop). Never raises."""

    def input_text(self, body: bytes) -> str:
        """Return the prompt's text for an estimate, with its per-message overhead left to the estimator."""
