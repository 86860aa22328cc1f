"""OpenAI Embeddings, as OpenAI and the vendors that copied it speak it: input only, never a stream."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder

from codevector_daemon.dialects import ends, heads
from codevector_daemon.dialects.answer import UNREADABLE, error_class, reading_of, text_or_none
from codevector_daemon.dialects.base import AnswerReader, Head, Kept, Prompt, Reading, Verdict
from codevector_daemon.dialects.chat import error_body
from codevector_daemon.dialects.counting import BadCount, Usage, cost_nano, first, inside
from codevector_daemon.dialects.fields import locate, splice
from codevector_daemon.dialects.prompts import embeddings_prompt
from codevector_daemon.dialects.sse import event_of
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts


class EmbeddingsDialect:
    """``POST /v1/embeddings``."""

    name = "embeddings"

    def head(self, body: bytes, target: str = "") -> Head:  # noqa: ARG002 - the protocol's
        """Read the head of a request body; raises BadBody."""
        fields = locate(body)
        model, model_at = heads.model(fields)
        return Head(model=model, service_tier=heads.word(fields, "service_tier"), model_at=model_at)

    def outgoing(self, body: bytes, head: Head, upstream_model: str, *, ask_usage: bool) -> bytes:  # noqa: ARG002 - the protocol's
        """Return the body for upstream: the very same bytes but for the model name."""
        head = head if heads.fits(body, head) else self.head(body)
        return splice(body, heads.renamed(head, upstream_model))

    def reader(self, head: Head, *, hide_usage: bool, error: bool) -> AnswerReader:  # noqa: ARG002 - the protocol's
        """Make the reader of one answer."""
        return EmbeddingsReader()

    def error(self, status: int, kind: str, code: str, message: str, param: str | None = None) -> bytes:  # noqa: ARG002 - the protocol's
        """Return an error body in OpenAI's shape."""
        return error_body(kind, code, message, param)

    def error_event(self, kind: str, code: str, message: str) -> bytes:
        """Return an error as an event; no embedding is ever streamed."""
        return event_of(error_body(kind, code, message, None))

    def prompt(self, body: bytes) -> Prompt:
        """Return what an estimate of the input counts."""
        return embeddings_prompt(body)

    def input_text(self, body: bytes) -> str:
        """Return the texts to embed."""
        return "\n".join(embeddings_prompt(body).texts)


class _Body(Struct):
    """What is read of an answer; the vectors are skipped unparsed."""

    id: Any = None
    model: Any = None
    usage: Any = None
    error: Any = None


_whole = Decoder(_Body)


class EmbeddingsReader:
    """Reads one answer. Nothing is generated, so the output is always known: none."""

    def __init__(self) -> None:
        self._answer = _Body()
        self._finished = False

    def event(self, raw: bytes) -> Verdict:  # noqa: ARG002 - the protocol's
        """Pass an event on; there is nothing to read in it."""
        return Verdict.PASS

    def body(self, body: bytes) -> None:
        """Take a whole answer."""
        try:
            self._answer = _whole.decode(ends.document(body))
        except UNREADABLE:
            return
        self._finished = True

    def progress(self) -> int:
        """Return the output tokens so far: none, ever."""
        return 0

    def reading(self) -> Reading:
        """Return what is known by now."""
        answer = self._answer
        fields = answer.usage if isinstance(answer.usage, dict) else {}
        return reading_of(
            embeddings_usage(fields),
            cost_nano(fields),
            finished=self._finished,
            served_model=text_or_none(answer.model),
            error=error_class(answer.error),
            response_id=text_or_none(answer.id),
        )

    def kept(self) -> Kept:
        """Return what was kept for an estimate of the output: nothing, as there is none."""
        return Kept("embeddings")

    def text_of(self, kept: Kept) -> str:  # noqa: ARG002 - the protocol's
        """Return the text generated: none."""
        return ""


def embeddings_usage(fields: Mapping[str, Any]) -> Usage | None:
    """Read a usage block: the input under one of its names, and pictures apart; None where it holds no count at all."""
    try:
        tokens = first(fields, "prompt_tokens", "input_tokens", "total_tokens")
        images = first(inside(fields, "prompt_tokens_details"), "image_tokens")
    except BadCount as error:
        return Usage(has_output=True, refused=str(error))
    if tokens is None:
        return None
    return Usage(
        counts=TokenCounts(uncached_input=tokens),
        has_input=True,
        has_output=True,
        extras=Extras(parts={"image_input": images}) if images else NO_EXTRAS,
    )
