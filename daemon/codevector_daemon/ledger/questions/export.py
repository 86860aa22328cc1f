"""Everything there is of a window, piece by piece: buckets with their dimensions, or request rows."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from codevector_daemon.ledger.event import Series
from codevector_daemon.ledger.questions.listing import joined_rows, settled_row
from codevector_daemon.ledger.questions.names import key_names, user_names
from codevector_daemon.ledger.questions.reading import Books, Slot
from codevector_daemon.ledger.questions.tally import Tally
from codevector_daemon.ledger.selection import Only, conditions
from codevector_daemon.store.engine import Store
from codevector_daemon.store.schema import requests
from codevector_shared.periods import Window, edges, iso
from codevector_shared.protocol import Granularity, Request

PAGE = 500
"""Request rows read at once; between two pages everybody else gets their turn."""

_COLUMNS = Series.__struct_fields__
_SLOTS: dict[Granularity, Slot] = {"5m": "5m", "hour": "hour", "day": "day", "month": "month"}

Fields = dict[str, Any]


async def request_rows(store: Store, window: Window, only: Only) -> AsyncIterator[list[Request]]:
    """Yield the request rows that began in a window, oldest first, a page at a time."""
    place: tuple[int, int] | None = (-1, -1)
    while place is not None:
        page, place = await store.read(lambda connection, place=place: _page(connection, window, only, place))  # type: ignore[misc]  # mypy#12557
        if page:
            yield page


async def buckets(store: Store, window: Window, granularity: Granularity, only: Only) -> AsyncIterator[list[Fields]]:
    """Yield the buckets of a window with every dimension, in order, one slot of time after the other."""
    counted = await store.read(lambda connection: Books(connection).beginning(window))
    if counted.start is None:
        return
    days = edges(counted, "month" if granularity == "month" else "day")
    for first, until in pairwise(days):
        part = Window("custom", first, until, window.zone, window.now)
        found = await store.read(lambda connection, part=part: _buckets(connection, part, granularity, only))  # type: ignore[misc]  # mypy#12557
        if found:
            yield found


def _buckets(connection: sa.Connection, window: Window, granularity: Granularity, only: Only) -> list[Fields]:
    starts = [int(edge.timestamp()) for edge in edges(window, granularity)]
    tallies: dict[tuple[int, tuple[int | str, ...]], Tally] = {}
    for found in Books(connection).sums(window, _COLUMNS, _SLOTS[granularity], only):
        start = starts[max(bisect_right(starts, found.at_s) - 1, 0)]
        tallies.setdefault((start, found.values), Tally()).add(found.amounts)
    users = user_names(connection, (int(values[0]) for _, values in tallies))
    keys = key_names(connection, (int(values[1]) for _, values in tallies))
    return [
        {
            "start": iso(start * 1000, window.zone),
            "user": users.get(int(values[0])),
            "key": keys.get(int(values[1])),
            **{name: value or None for name, value in zip(_COLUMNS, values, strict=True)},
            **tally.shown(),
        }
        for (start, values), tally in sorted(tallies.items(), key=lambda item: item[0])
    ]


def _page(
    connection: sa.Connection, window: Window, only: Only, place: tuple[int, int]
) -> tuple[list[Request], tuple[int, int] | None]:
    """Return the rows after a place (time and ``seq``), and the place to go on from, None at the end."""
    query = (
        joined_rows()
        .where(*conditions(only), sa.tuple_(requests.c.started_ms, requests.c.seq) > sa.tuple_(*map(sa.literal, place)))
        .order_by(requests.c.started_ms, requests.c.seq)
        .limit(PAGE)
    )
    since = datetime.fromtimestamp(0, UTC) if window.start is None else window.start
    first, until = (int(moment.timestamp() * 1000) for moment in (since, window.end))
    query = query.where(requests.c.started_ms >= max(first, place[0]), requests.c.started_ms < until)
    rows: Sequence[sa.RowMapping] = connection.execute(query).mappings().all()
    following = (rows[-1]["started_ms"], rows[-1]["seq"]) if len(rows) == PAGE else None
    return [settled_row(row, window.zone) for row in rows], following
