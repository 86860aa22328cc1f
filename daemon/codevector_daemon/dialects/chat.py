"""OpenAI Chat Completions, as OpenAI and the many vendors that copied it speak it."""

from typing import Any, Final

import msgspec

from codevector_daemon.dialects import heads
from codevector_daemon.dialects.base import AnswerReader, Head, Prompt
from codevector_daemon.dialects.chat_reader import ChatReader
from codevector_daemon.dialects.cursor import is_hybrid
from codevector_daemon.dialects.fields import Edit, Field, locate, splice
from codevector_daemon.dialects.prompts import chat_prompt
from codevector_daemon.dialects.sse import event_of

REFUSED_STATUS: Final = 400
"""The status with which a provider refuses a field it does not know."""

_ASK = b'"stream_options":{"include_usage":true}'


class ChatDialect:
    """``POST /v1/chat/completions``."""

    name = "chat"

    def head(self, body: bytes, target: str = "") -> Head:  # noqa: ARG002 - the protocol's
        """Read the head of a request body; raises BadBody."""
        fields = locate(body)
        model, model_at = heads.model(fields)
        stream = heads.stream(fields)
        options = fields.get("stream_options")
        return Head(
            model=model,
            stream=stream,
            max_output_tokens=heads.whole_number(fields, "max_completion_tokens", "max_tokens"),
            service_tier=heads.word(fields, "service_tier"),
            wants_usage=not stream or not _can_ask(options),
            hybrid=self.name == "chat" and is_hybrid(fields),
            model_at=model_at,
            options_at=(options.start, options.stop) if options else None,
        )

    def outgoing(self, body: bytes, head: Head, upstream_model: str, *, ask_usage: bool) -> bytes:
        """Return the body for upstream: the very same bytes but for the model name and the usage option."""
        head = head if heads.fits(body, head) else self.head(body)
        edits = heads.renamed(head, upstream_model)
        if ask_usage and not head.wants_usage:
            edits.append(_asking(body, head))
        return splice(body, edits)

    def reader(self, head: Head, *, hide_usage: bool, error: bool) -> AnswerReader:  # noqa: ARG002 - the protocol's
        """Make the reader of one answer."""
        return ChatReader(hide_usage=hide_usage)

    def error(self, status: int, kind: str, code: str, message: str, param: str | None = None) -> bytes:  # noqa: ARG002 - the protocol's
        """Return an error body in OpenAI's shape."""
        return error_body(kind, code, message, param)

    def error_event(self, kind: str, code: str, message: str) -> bytes:
        """Return the event that ends a stream which broke off; ``[DONE]`` never follows it."""
        return event_of(error_body(kind, code, message, None))

    def prompt(self, body: bytes) -> Prompt:
        """Return what an estimate of the input counts."""
        return chat_prompt(body)

    def input_text(self, body: bytes) -> str:
        """Return the prompt's text."""
        return "\n".join(chat_prompt(body).texts)


def refuses_usage_option(status: int, body: bytes) -> bool:
    """Tell whether a provider's error says that it does not know ``stream_options.include_usage``."""
    return status == REFUSED_STATUS and (b"stream_options" in body or b"include_usage" in body)


def _can_ask(options: Field | None) -> bool:
    """Tell whether the client left the usage option off and it can be added; odd values go upstream as they are."""
    value = options.value() if options else None
    if value is None:
        return True
    return isinstance(value, dict) and value.get("include_usage") in (None, False)


def _asking(body: bytes, head: Head) -> Edit:
    """Return the edit that asks for usage with as few changed bytes as can be."""
    if head.options_at is None:
        _, stop = head.model_at
        return stop, stop, b"," + _ASK
    start, stop = head.options_at
    value = body[start:stop]
    if value == b"null":
        return start, stop, b'{"include_usage":true}'
    present = locate(value)
    if "include_usage" in present:
        flag = present["include_usage"]
        return start + flag.start, start + flag.stop, b"true"
    return start + 1, start + 1, b'"include_usage":true' + (b"," if present else b"")


def error_body(kind: str, code: str, message: str, param: str | None) -> bytes:
    """Return an error body in OpenAI's shape, which all of its protocols share."""
    error: dict[str, Any] = {"message": heads.printable(message), "type": kind, "param": param, "code": code}
    return msgspec.json.encode({"error": error})
