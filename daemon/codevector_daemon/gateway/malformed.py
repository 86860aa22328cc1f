"""The answer to what is no HTTP: the contract's error, in the dialect that the request line seems to ask for."""

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Dialect
from codevector_daemon.gateway.ids import new_request_id
from codevector_daemon.gateway.paths import meant, route_of

Lines = list[tuple[bytes, bytes]]

_PREFIXES = (
    ("/gateway/anthropic", "messages"),
    ("/v1/messages", "messages"),
    ("/gateway/google", "gemini"),
    ("/v1beta", "gemini"),
)


def shape_of(path: str) -> Dialect:
    """Return the dialect whose errors a client of this path understands; OpenAI's where nothing tells."""
    route = route_of(path) or route_of(meant(path) or "")
    if route is not None:
        return by_name[route.dialect]
    return by_name[next((name for prefix, name in _PREFIXES if path.startswith(prefix)), "chat")]


def complain(opening: bytes, status: int, now_ms: int) -> tuple[Lines, bytes]:
    """Return the header lines and the body for a request of which this is the beginning."""
    parts = opening.split(b"\n", 1)[0].split(b" ")
    path = parts[1].split(b"?")[0].decode("latin-1") if len(parts) > 1 else ""
    message = "The request is not valid HTTP/1.1; nothing of it was sent on."
    if status == 431:  # noqa: PLR2004 - HTTP's own number
        message = "The request's head is too large; nothing of it was sent on."
    body = shape_of(path).error(status, "invalid_request_error", "malformed_request", message)
    return [
        (b"content-type", b"application/json"),
        (b"x-codevector-request-id", new_request_id(now_ms).encode()),
    ], body
