"""The live stream as an HTTP answer without an end."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from quart import Response, request
from quart_schema import document_response

from codevector_daemon.control.live import LiveHub
from codevector_daemon.control.typed import NoQuery, read_query
from codevector_shared.protocol import Snapshot

NDJSON: Final = "application/x-ndjson"
Handler = Callable[[], Awaitable[Response]]


def stream(hub: LiveHub, user_id: int | None, welcome: Callable[[], bool] = lambda: True) -> Response:
    """Answer with the stream of a user's own rows, or of everyone's, until the reader is no longer welcome."""
    answer = Response(b"" if request.method == "HEAD" else hub.follow(user_id, welcome), content_type=NDJSON)
    answer.timeout = None
    answer.headers["cache-control"] = "no-store"
    return answer


def documented(handler: Handler) -> Handler:
    """Refuse a query, and describe the stream by its first message."""

    @wraps(handler)
    async def view() -> Response:
        read_query(NoQuery)
        return await handler()

    return document_response(Snapshot)(view)
