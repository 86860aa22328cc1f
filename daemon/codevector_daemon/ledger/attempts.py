"""What a request row keeps of an attempt's price, so that it can be taken apart and worked out again."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from codevector_daemon.ledger.event import Series
from codevector_daemon.metering.counts import Extras, TokenCounts, extras_of
from codevector_daemon.store.schema import requests, series
from codevector_shared.protocol import PriceBasis, UsageSource

_COUNTS = TokenCounts.__struct_fields__
_DIMENSIONS = Series.__struct_fields__


class Attempt(Struct, frozen=True):
    """One settled attempt: what it used, and what it was charged by."""

    id: str
    parent_id: str | None
    series_id: int
    series: Series
    started_ms: int
    counts: TokenCounts
    extras: Extras
    usage_source: UsageSource
    service_tier: str | None
    own_login: bool
    imported: bool
    spend_nano: int
    price_basis: PriceBasis | None
    price_version: str | None


def read_attempts(
    connection: sa.Connection, first_ms: int | None, until_ms: int, model: str | None = None
) -> Iterator[Attempt]:
    """Yield every attempt of a window that used something, oldest first; of one facade where ``model`` is given."""
    query = _rows().where(requests.c.started_ms < until_ms, requests.c.usage_source != "none")
    if first_ms is not None:
        query = query.where(requests.c.started_ms >= first_ms)
    if model is not None:
        query = query.where(series.c.model == model)
    for row in connection.execute(query.order_by(requests.c.started_ms)).mappings():
        yield _attempt(row)


def read_attempt(connection: sa.Connection, request_id: str) -> Attempt | None:
    """Return one attempt."""
    row = connection.execute(_rows().where(requests.c.id == request_id)).mappings().first()
    return None if row is None else _attempt(row)


def _rows() -> sa.Select[Any]:
    return sa.select(requests, *(series.c[name] for name in _DIMENSIONS)).join_from(
        requests, series, requests.c.series_id == series.c.id
    )


def _attempt(row: sa.RowMapping) -> Attempt:
    return Attempt(
        id=row["id"],
        parent_id=row["parent_id"],
        series_id=row["series_id"],
        series=Series(**{name: row[name] for name in _DIMENSIONS}),
        started_ms=row["started_ms"],
        counts=TokenCounts(**{name: row[name] for name in _COUNTS}),
        extras=extras_of(row["extras"]),
        usage_source=row["usage_source"],
        service_tier=row["service_tier"],
        own_login=row["own_login"],
        imported=row["imported"],
        spend_nano=row["spend_nano"],
        price_basis=row["price_basis"],
        price_version=row["price_version"],
    )
