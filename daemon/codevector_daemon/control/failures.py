"""Every error of the control API as one shape: what went wrong, and what to do about it."""

import logging
from typing import Final

import msgspec
from quart import Blueprint, Quart, Response, request
from werkzeug.exceptions import HTTPException

from codevector_daemon.control.typed import encoded
from codevector_daemon.directory.checks import shown
from codevector_daemon.errors import DirectoryError, Refused, StoreError
from codevector_shared.protocol import Failure, Problem

log = logging.getLogger(__name__)

_INTERNAL: Final = 500
_UNAVAILABLE: Final = 503


def add_failures(app: Quart | Blueprint) -> None:
    """Answer the errors of an app's, or a blueprint's, routes."""

    @app.errorhandler(DirectoryError)
    async def impossible(error: DirectoryError) -> Response:
        return failure(error.status, error.code, error.message, error.hint)

    @app.errorhandler(Refused)
    async def refused(error: Refused) -> Response:
        return failure(error.status, error.code, error.message)

    @app.errorhandler(StoreError)
    async def store(error: StoreError) -> Response:
        log.warning("The store failed a control request: %s", error)
        return failure(_UNAVAILABLE, "store_unavailable", str(error), "Try again; nothing was changed.")

    @app.errorhandler(HTTPException)
    async def http(error: HTTPException) -> Response:
        status = error.code or _INTERNAL
        code = (error.name or "error").lower().replace(" ", "_")
        return failure(status, code, f"{request.method} {shown(request.path)}: {error.name}")

    @app.errorhandler(Exception)
    async def defect(error: Exception) -> Response:
        log.error("A control request failed: %s %s", request.method, shown(request.path), exc_info=error)
        return failure(_INTERNAL, "internal_error", "the daemon made a mistake; its log says which", None)


def failure(status: int, code: str, message: str, hint: str | None = None) -> Response:
    """Return an error answer."""
    return encoded(Failure(Problem(code, message, hint)), status)


def malformed(_status: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the header lines and the body for a request that is no HTTP."""
    problem = Problem("malformed_request", "the request is not valid HTTP/1.1", None)
    return [(b"content-type", b"application/json")], msgspec.json.encode(Failure(problem))
