"""What a request row keeps of an attempt's price, so that it can be taken apart and worked out again."""

# ruff: noqa: S608  # every name that is put into SQL here is one of our own columns

import sqlite3
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from codevector_daemon.ledger.event import Series
from codevector_daemon.metering.counts import Extras, TokenCounts, extras_of
from codevector_daemon.store.schema import requests, series
from codevector_shared.protocol import PriceBasis, UsageSource

PAGE = 40
"""Rows that are read at once: worked out in about a millisecond, for which others wait."""

_COUNTS = TokenCounts.__struct_fields__
_DIMENSIONS = Series.__struct_fields__


class Attempt(Struct, frozen=True):
    """One settled attempt: what it used, and what it was charged by."""

    seq: int
    id: str
    parent_id: str | None
    series_id: int
    started_ms: int
    extras: Extras
    usage_source: UsageSource
    service_tier: str | None
    own_login: bool
    imported: bool
    spend_nano: int
    price_basis: PriceBasis | None
    price_version: str | None
    counts: TokenCounts
    series: Series


_OWN = tuple(name for name in Attempt.__struct_fields__ if name not in {"counts", "series"})
_PLACE = {name: place for place, name in enumerate((*_OWN, *_COUNTS))}


class Window(Struct, frozen=True):
    """Which attempts: those that used something and began in ``[first_ms, until_ms)``, of one facade where named."""

    first_ms: int
    until_ms: int
    model: str | None = None


def read_attempts(connection: sqlite3.Connection, window: Window, page: int = PAGE) -> Iterator[list[Attempt]]:
    """Yield them oldest first, page by page; each page is read in a moment of its own, so that nobody is held up."""
    series_of = _SeriesOf(connection)
    wanted = "" if window.model is None else " AND series_id IN (SELECT id FROM series WHERE model = ?5)"
    query = (
        f"SELECT {', '.join(_PLACE)} FROM requests INDEXED BY requests_by_time"
        " WHERE started_ms >= ?1 AND (started_ms > ?1 OR seq > ?2) AND started_ms < ?3"
        f" AND usage_source <> 'none' AND state <> 'rejected'{wanted} ORDER BY started_ms, seq LIMIT ?4"
    )
    more = () if window.model is None else (window.model,)
    at_ms, seq = window.first_ms, -1
    while rows := connection.execute(query, (at_ms, seq, window.until_ms, page, *more)).fetchall():
        yield [_attempt(row, series_of[row[_PLACE["series_id"]]]) for row in rows]
        at_ms, seq = rows[-1][_PLACE["started_ms"]], rows[-1][_PLACE["seq"]]


def read_attempt(connection: sa.Connection, request_id: str) -> Attempt | None:
    """Return one attempt."""
    query = sa.select(*(requests.c[name] for name in _PLACE), *(series.c[name] for name in _DIMENSIONS))
    query = query.join_from(requests, series, requests.c.series_id == series.c.id)
    row = connection.execute(query.where(requests.c.id == request_id)).first()
    return None if row is None else _attempt(row, Series(*row[len(_PLACE) :]))


class _SeriesOf(dict[int, Series]):
    """Series by their ids, read when they are first met."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, series_id: int) -> Series:
        query = f"SELECT {', '.join(_DIMENSIONS)} FROM series WHERE id = ?"
        found = self[series_id] = Series(*self._connection.execute(query, (series_id,)).fetchone())
        return found


def _attempt(row: Any, whose: Series) -> Attempt:  # noqa: ANN401  # a row of either driver
    own = dict(zip(_OWN, row, strict=False))
    own["extras"] = extras_of(own["extras"])
    own["own_login"], own["imported"] = bool(own["own_login"]), bool(own["imported"])
    return Attempt(**own, counts=TokenCounts(*row[len(_OWN) : len(_PLACE)]), series=whose)
