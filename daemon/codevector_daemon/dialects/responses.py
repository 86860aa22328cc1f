"""OpenAI Responses, as OpenAI and the vendors that copied it speak it."""

import msgspec

from codevector_daemon.dialects import heads
from codevector_daemon.dialects.base import AnswerReader, Head, Prompt
from codevector_daemon.dialects.chat import error_body
from codevector_daemon.dialects.fields import locate, splice
from codevector_daemon.dialects.prompts import responses_prompt
from codevector_daemon.dialects.responses_reader import ResponsesReader
from codevector_daemon.dialects.sse import event_of


class ResponsesDialect:
    """``POST /v1/responses`` and ``/v1/responses/compact``; its streams always carry usage."""

    name = "responses"

    def head(self, body: bytes, target: str = "") -> Head:  # noqa: ARG002 - the protocol's
        """Read the head of a request body; raises BadBody."""
        fields = locate(body)
        model, model_at = heads.model(fields)
        return Head(
            model=model,
            stream=heads.stream(fields),
            max_output_tokens=heads.whole_number(fields, "max_output_tokens"),
            service_tier=heads.word(fields, "service_tier"),
            model_at=model_at,
            background=_value(fields, "background") is True,
            previous=_text(fields, "previous_response_id"),
            conversation=bool(_value(fields, "conversation")),
            store=_value(fields, "store") is not False,
        )

    def outgoing(self, body: bytes, head: Head, upstream_model: str, *, ask_usage: bool) -> bytes:  # noqa: ARG002 - the protocol's
        """Return the body for upstream: the very same bytes but for the model name."""
        head = head if heads.fits(body, head) else self.head(body)
        return splice(body, heads.renamed(head, upstream_model))

    def reader(self, head: Head, *, hide_usage: bool, error: bool) -> AnswerReader:  # noqa: ARG002 - the protocol's
        """Make the reader of one answer; the same reads what a retrieval gives."""
        return ResponsesReader(background=head.background)

    def error(self, status: int, kind: str, code: str, message: str, param: str | None = None) -> bytes:  # noqa: ARG002 - the protocol's
        """Return an error body in OpenAI's shape."""
        return error_body(kind, code, message, param)

    def error_event(self, kind: str, code: str, message: str) -> bytes:
        """Return the event that ends a stream which broke off; ``response.completed`` never follows it.

        The fields stand twice: OpenAI's reference has them on top, its server and its SDKs know an ``error`` object.
        """
        said = heads.printable(message)
        error = {"type": kind, "code": code, "message": said, "param": None}
        fields = {"type": "error", "code": code, "message": said, "param": None, "error": error}
        return event_of(msgspec.json.encode(fields), name="error")

    def prompt(self, body: bytes) -> Prompt:
        """Return what an estimate of the input counts; what a previous response holds is not in it."""
        return responses_prompt(body)

    def input_text(self, body: bytes) -> str:
        """Return the prompt's text."""
        return "\n".join(responses_prompt(body).texts)


def _text(fields: heads.Fields, name: str) -> str | None:
    """Return a string however long it is: what is not looked at here must not get past the check of whose it is."""
    value = _value(fields, name)
    return value if isinstance(value, str) and value else None


def _value(fields: heads.Fields, name: str) -> object:
    return fields[name].value() if name in fields else None
