"""Errors of every protocol as one kind of value, and back into the client's protocol."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from codevector_daemon.dialects.answer import UNREADABLE, error_class, json_value
from codevector_daemon.dialects.heads import printable
from codevector_daemon.dialects.translation.events import BadAnswer, Failure

LONGEST_MESSAGE: Final = 4000
OVERLOADED: Final = 529
UNAVAILABLE: Final = 503

_KIND_OF_STATUS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STATUS_OF_KIND: Final[Mapping[str, int]] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 503,
    "api_error": 500,
}
_KINDS: Final[Mapping[str, str]] = {
    "server_error": "api_error",
    "insufficient_quota": "billing_error",
    "rate_limit_exceeded": "rate_limit_error",
    "tokens": "rate_limit_error",
    "requests": "rate_limit_error",
    "INVALID_ARGUMENT": "invalid_request_error",
    "FAILED_PRECONDITION": "invalid_request_error",
    "UNAUTHENTICATED": "authentication_error",
    "PERMISSION_DENIED": "permission_error",
    "NOT_FOUND": "not_found_error",
    "RESOURCE_EXHAUSTED": "rate_limit_error",
    "UNAVAILABLE": "overloaded_error",
    "DEADLINE_EXCEEDED": "timeout_error",
    "INTERNAL": "api_error",
}
GOOGLE_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
TOO_LONG: Final = "context_length_exceeded"
_SAYS_TOO_LONG: Final = re.compile(
    r"prompt is too long|maximum context length|context window|exceeds the maximum number of tokens|context_length",
    re.IGNORECASE,
)


def read(status: int, body: bytes) -> Failure:
    """Read an error body of any protocol; one that is none of them is not repeated."""
    try:
        value = json_value(body)
    except UNREADABLE:
        value = None
    if isinstance(value, list) and value:  # Gemini wraps an error in a list where a stream was asked
        value = value[0]
    error = value.get("error", value) if isinstance(value, dict) else None
    if not error:
        return Failure(_kind_of(status), f"The provider answered with status {status}.", status)
    return failure_of(error, status)


def in_stream(error: object) -> Failure:
    """Read the error object of an event."""
    return failure_of(error, 0)


def bad_answer(error: object) -> BadAnswer:
    """Return what to raise for an error in the body of a 200."""
    failure = in_stream(error)
    return BadAnswer(failure.kind, failure.message)


def failure_of(error: object, status: int) -> Failure:
    """Read an error object: its class by the provider's word for it, else by the status."""
    if not isinstance(error, dict):
        words = error if isinstance(error, str) else "The provider reported an error."
        return Failure(_kind_of(status), printable(words)[:LONGEST_MESSAGE], status)
    said = error.get("message")
    message = printable(said)[:LONGEST_MESSAGE] if isinstance(said, str) and said else ""
    code, param = (_short(error.get(name)) for name in ("code", "param"))
    if code == TOO_LONG or (message and _SAYS_TOO_LONG.search(message) and status in {0, 400, 413}):
        code = TOO_LONG
    return Failure(
        kind=_kind(error, status),
        message=message or "The provider reported an error.",
        status=status or _status_in(error),
        code=code,
        param=param,
    )


def status_for(failure: Failure, dialect: str) -> int:
    """Return the status that a client of a protocol understands: only Anthropic's knows 529."""
    status = failure.status or _STATUS_OF_KIND.get(failure.kind, 500)
    return UNAVAILABLE if status == OVERLOADED and dialect != "messages" else status


def body_for(failure: Failure, dialect: str) -> bytes:
    """Return an error body in a protocol's shape."""
    return msgspec.json.encode(value_for(failure, dialect))


def value_for(failure: Failure, dialect: str) -> dict[str, Any]:
    """Return the error object in a protocol's shape, in the wording its clients recover by."""
    message = failure.message
    if dialect == "messages":
        if failure.code == TOO_LONG and "prompt is too long" not in message:
            message = f"prompt is too long: {message}"  # Claude Code compacts when it reads this
        return {"type": "error", "error": {"type": _messages_kind(failure.kind), "message": message}}
    status = status_for(failure, dialect)
    if dialect == "gemini":
        return {"error": {"code": status, "message": message, "status": GOOGLE_STATUS.get(status, "UNKNOWN")}}
    return {"error": {"message": message, "type": failure.kind, "param": failure.param, "code": failure.code}}


def _messages_kind(kind: str) -> str:
    return kind if kind in _STATUS_OF_KIND else "api_error"


def _kind(error: Mapping[str, Any], status: int) -> str:
    for name in ("type", "status", "code"):
        word = error.get(name)
        if isinstance(word, str) and word in _KINDS:
            return _KINDS[word]
        if isinstance(word, str) and word in _STATUS_OF_KIND:
            return word
    return _kind_of(status or _status_in(error)) if status or _status_in(error) else error_class(error) or "api_error"


def _kind_of(status: int) -> str:
    return _KIND_OF_STATUS.get(status, "api_error")


def _status_in(error: Mapping[str, Any]) -> int:
    code = error.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else 0  # noqa: PLR2004 - HTTP's errors


def _short(value: object) -> str | None:
    return printable(value)[:64] if isinstance(value, str) and value else None
