"""Typed routes: what comes in is decoded strictly or refused with the field named, what goes out is one message.

quart-schema's own decorators convert leniently (``"true"`` for a boolean) and need its extension on the app; here it
only documents.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeVar

import msgspec
from quart import Response, request
from quart_schema import document_querystring, document_request, document_response
from werkzeug.exceptions import RequestEntityTooLarge

from codevector_daemon.control.wording import in_words
from codevector_daemon.directory.checks import shown
from codevector_daemon.errors import DirectoryError
from codevector_shared.protocol import Failure

T = TypeVar("T")
Handler = Callable[..., Awaitable[msgspec.Struct | None]]
View = Callable[..., Awaitable[Response]]

JSON: Final = "application/json"
BODY_LIMIT: Final = 1024 * 1024
_OK, _NO_CONTENT = 200, 204


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route without query parameters."""


def typed(
    answer: type[msgspec.Struct] | None,
    *,
    query: type[msgspec.Struct] = NoQuery,
    body: type[msgspec.Struct] | None = None,
    status: int = _OK,
) -> Callable[[Handler], View]:
    """Make a view of a handler: ``query=`` and ``body=`` are handed to it decoded, its answer is encoded."""

    def decorate(handler: Handler) -> View:
        @wraps(handler)
        async def view(**given: Any) -> Response:  # noqa: ANN401 - the path's own variables
            asked = read_query(query)
            if query is not NoQuery:
                given["query"] = asked
            if body is not None:
                given["body"] = await read_body(body)
            return encoded(await handler(**given), status)

        return _documented(view, answer, query, body, status)

    return decorate


def encoded(answer: msgspec.Struct | None, status: int = _OK) -> Response:
    """Return a message as JSON, or no content."""
    if answer is None:
        return Response(b"", status=_NO_CONTENT)
    return Response(msgspec.json.encode(answer), status=status, content_type=JSON)


def read_query(model: type[T]) -> T:
    """Decode the query; raises DirectoryError for unknown, repeated and impossible parameters."""
    given: dict[str, str] = {}
    for name, values in request.args.lists():
        if len(values) > 1:
            raise DirectoryError("invalid_query", f"query: {shown(name)} is given {len(values)} times")
        given[name] = values[0]
    try:
        return msgspec.convert(given, model, strict=False)
    except msgspec.ValidationError as wrong:
        raise DirectoryError("invalid_query", in_words(wrong, "query")) from wrong


async def read_body(model: type[T]) -> T:
    """Decode a JSON body; raises DirectoryError for what is no JSON, unknown fields and impossible values."""
    request.max_content_length = BODY_LIMIT
    try:
        return msgspec.json.decode(await request.get_data(), type=model)
    except RequestEntityTooLarge as large:
        raise DirectoryError("too_large", f"body: at most {BODY_LIMIT:,} bytes are taken", status=413) from large
    except msgspec.ValidationError as wrong:
        raise DirectoryError("invalid_body", in_words(wrong, "body")) from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise DirectoryError("invalid_body", "body: expected one JSON object in UTF-8") from wrong


def _documented(
    view: View,
    answer: type[msgspec.Struct] | None,
    query: type[msgspec.Struct],
    body: type[msgspec.Struct] | None,
    status: int,
) -> View:
    if query is not NoQuery:
        view = document_querystring(query)(view)
    if body is not None:
        view = document_request(body)(view)
    if answer is not None:
        view = document_response(answer, status)(view)
    return document_response(Failure, 400)(view)
