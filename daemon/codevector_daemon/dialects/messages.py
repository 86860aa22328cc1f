"""Anthropic Messages, as Anthropic and the vendors that copied it speak it."""

import msgspec

from codevector_daemon.dialects import heads
from codevector_daemon.dialects.base import AnswerReader, Head, Prompt
from codevector_daemon.dialects.fields import locate, splice
from codevector_daemon.dialects.messages_reader import MessagesReader
from codevector_daemon.dialects.messages_usage import served_tier
from codevector_daemon.dialects.prompts import messages_prompt
from codevector_daemon.dialects.sse import event_of


class MessagesDialect:
    """``POST /v1/messages``; its streams always carry usage."""

    name = "messages"

    def head(self, body: bytes, target: str = "") -> Head:  # noqa: ARG002 - the protocol's
        """Read the head of a request body; raises BadBody."""
        fields = locate(body)
        model, model_at = heads.model(fields)
        return Head(
            model=model,
            stream=heads.stream(fields),
            max_output_tokens=heads.whole_number(fields, "max_tokens"),
            service_tier=served_tier({name: heads.word(fields, name) for name in ("speed", "inference_geo")}),
            model_at=model_at,
        )

    def outgoing(self, body: bytes, head: Head, upstream_model: str, *, ask_usage: bool) -> bytes:  # noqa: ARG002 - the protocol's
        """Return the body for upstream: the very same bytes but for the model name."""
        head = head if heads.fits(body, head) else self.head(body)
        return splice(body, heads.renamed(head, upstream_model))

    def reader(self, head: Head, *, hide_usage: bool, error: bool) -> AnswerReader:  # noqa: ARG002 - the protocol's
        """Make the reader of one answer."""
        return MessagesReader()

    def error(self, status: int, kind: str, code: str, message: str, param: str | None = None) -> bytes:  # noqa: ARG002 - the protocol's
        """Return an error body in Anthropic's shape, with our code besides."""
        return _error_body(kind, code, message)

    def error_event(self, kind: str, code: str, message: str) -> bytes:
        """Return the event that ends a stream which broke off; ``message_stop`` never follows it."""
        return event_of(_error_body(kind, code, message), name="error")

    def prompt(self, body: bytes) -> Prompt:
        """Return what an estimate of the input counts."""
        return messages_prompt(body)

    def input_text(self, body: bytes) -> str:
        """Return the prompt's text."""
        return "\n".join(messages_prompt(body).texts)


def _error_body(kind: str, code: str, message: str) -> bytes:
    error = {"type": kind, "message": heads.printable(message), "code": code}
    return msgspec.json.encode({"type": "error", "error": error})
