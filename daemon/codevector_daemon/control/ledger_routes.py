"""The routes about the ledger itself, on the control socket only: its health, a copy of it, everything in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, BinaryIO, Literal

import msgspec
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from codevector_daemon.control.asked import Span
from codevector_daemon.control.ledger_health import ledger_health
from codevector_daemon.control.services import Services
from codevector_daemon.control.streaming import NDJSON
from codevector_daemon.control.typed import NoQuery, read_query, typed
from codevector_daemon.ledger.questions import export
from codevector_daemon.ledger.selection import Only
from codevector_daemon.ledger.upkeep.backup import copy_of
from codevector_shared.ledger_protocol import LedgerHealth
from codevector_shared.protocol import Request

_SQLITE = "application/vnd.sqlite3"
_CHUNK = 256 * 1024


class ExportQuery(Span, frozen=True, kw_only=True):
    """What ``/export`` is asked."""

    what: Literal["requests", "buckets"] = "requests"
    granularity: Literal["5m", "hour", "day", "month"] = "day"


def add_ledger(routes: Blueprint, services: Services) -> None:
    """Add the routes."""

    @routes.get("/doctor/ledger")
    @typed(LedgerHealth)
    async def doctor_ledger() -> LedgerHealth:
        """Check the ledger: the file itself, and the sums of all tiers against each other."""
        return await ledger_health(services)

    @routes.get("/backup")
    async def backup() -> Response:
        """Send a copy of the database as it is at this moment."""
        read_query(NoQuery)
        copy = await asyncio.to_thread(copy_of, services.store.path, patience_s=services.store.patience_s)
        return _long(_pieces(copy), _SQLITE)

    @routes.get("/export")
    @document_querystring(ExportQuery)
    @document_response(Request)
    async def export_all() -> Response:
        """Send request rows or buckets of a window, oldest first, one JSON document a line."""
        query = read_query(ExportQuery)
        window = query.window(services.now_ms(), services.ledger.zone)
        if query.what == "requests":
            return _long(_lines(export.request_rows(services.store, window, Only())), NDJSON)
        return _long(_lines(export.buckets(services.store, window, query.granularity, Only())), NDJSON)


def _long(body: AsyncIterator[bytes], content_type: str) -> Response:
    answer = Response(b"" if request.method == "HEAD" else body, content_type=content_type)
    answer.timeout = None
    answer.headers["cache-control"] = "no-store"
    return answer


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _CHUNK):
            yield piece


async def _lines(pages: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - pages of either kind
    encoder = msgspec.json.Encoder()
    async with aclosing(pages):
        async for page in pages:
            yield encoder.encode_lines(page)
