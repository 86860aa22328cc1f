"""Google Gemini's own protocol. The model and what is asked of it stand in the path, not in the body."""

from typing import Final

import msgspec

from codevector_daemon.dialects import heads
from codevector_daemon.dialects.base import AnswerReader, BadBody, Head, Prompt
from codevector_daemon.dialects.fields import Field, locate, splice
from codevector_daemon.dialects.gemini_prompt import gemini_prompt
from codevector_daemon.dialects.gemini_reader import GeminiReader
from codevector_daemon.dialects.sse import event_of

MODELS: Final = "models/"
"""What Google writes before the name of a model in a body."""

_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Google's names of errors by their HTTP status (google.rpc.Code)."""

_BROKEN_STATUS: Final = 500


class GeminiDialect:
    """``POST /v1beta/models/{model}:generateContent``, ``:streamGenerateContent`` and ``:countTokens``."""

    name = "gemini"

    def head(self, body: bytes, target: str = "") -> Head:
        """Read the head of a request; ``target`` is the path's ``{model}:{action}``. Raises BadBody."""
        model, colon, action = target.removeprefix(MODELS).rpartition(":")
        if not colon or not model or len(model) > heads.LONGEST_MODEL:
            raise BadBody("The path must name a model and what is asked of it: /v1beta/models/{model}:generateContent.")
        fields = locate(body)
        named = fields.get("model")
        return Head(
            model=model,
            stream=action.startswith("stream"),
            max_output_tokens=_longest(fields),
            service_tier=heads.word(fields, "serviceTier") or heads.word(fields, "service_tier"),
            model_at=(named.start, named.stop) if named and isinstance(named.value(), str) else (0, 0),
            action=action,
        )

    def outgoing(self, body: bytes, head: Head, upstream_model: str, *, ask_usage: bool) -> bytes:  # noqa: ARG002 - the protocol's
        """Return the body for upstream: the very same bytes; a model that it names besides the path is exchanged."""
        start, stop = head.model_at
        if start == stop or upstream_model == head.model:
            return body
        prefix = MODELS if body[start + 1 : stop].startswith(MODELS.encode()) else ""
        return splice(body, [(start, stop, msgspec.json.encode(prefix + upstream_model))])

    def reader(self, head: Head, *, hide_usage: bool, error: bool) -> AnswerReader:  # noqa: ARG002 - the protocol's
        """Make the reader of one answer."""
        return GeminiReader(head.model)

    def error(self, status: int, kind: str, code: str, message: str, param: str | None = None) -> bytes:  # noqa: ARG002 - the protocol's
        """Return an error body in Google's shape, with our type and code among its details."""
        return _error_body(status, kind, code, message)

    def error_event(self, kind: str, code: str, message: str) -> bytes:
        """Return the event that ends a stream which broke off; no finish reason ever follows it."""
        return event_of(_error_body(_BROKEN_STATUS, kind, code, message))

    def prompt(self, body: bytes) -> Prompt:
        """Return what an estimate of the input counts."""
        return gemini_prompt(body)

    def input_text(self, body: bytes) -> str:
        """Return the prompt's text."""
        return "\n".join(gemini_prompt(body).texts)


def _longest(fields: dict[str, Field]) -> int | None:
    """Return the most output tokens asked for; other values are the provider's to judge."""
    config = fields.get("generationConfig") or fields.get("generation_config")
    value = config.value() if config else None
    if not isinstance(value, dict):
        return None
    longest = value.get("maxOutputTokens", value.get("max_output_tokens"))
    return longest if isinstance(longest, int) and not isinstance(longest, bool) else None


def _error_body(status: int, kind: str, code: str, message: str) -> bytes:
    """Google's error with an ErrorInfo, whose reason is our code (cloud.google.com/apis/design/errors)."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": code.upper(),
        "domain": "codevector",
        "metadata": {"type": kind, "code": code},
    }
    name = _STATUS.get(status, "UNAVAILABLE" if status > _BROKEN_STATUS else "FAILED_PRECONDITION")
    error = {"code": status, "message": heads.printable(message), "status": name, "details": [info]}
    return msgspec.json.encode({"error": error})
