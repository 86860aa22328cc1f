"""Finds the newest request rows of some series without walking over everybody else's."""

import heapq
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import sqlalchemy as sa

from codevector_daemon.ledger.selection import Only, conditions
from codevector_daemon.store.schema import requests, series
from codevector_shared.protocol import State

ENDS: tuple[State, ...] = ("complete", "client_left", "upstream_failed", "interrupted", "rejected")
AFTER_ALL = (1 << 63) - 1
"""A ``seq`` above every row's."""

_LONGEST_CHUNK = 256
MEASURED = ("started_ms", "duration_ms", "ttft_ms", "output", "parent_id")
"""What a sample of calls is taken of."""

_COLUMNS = ("seq", "series_id", "state", *MEASURED)
RUN = len(_COLUMNS) - len(MEASURED)
"""How many columns of a row come before those."""

_FIRST_CHUNK = 8
"""Rows of every run that are read in one statement, which is nearly always enough for a page."""

_WIDTHS = (4, 32, 64)
"""Runs that one statement reads; the last ones repeat, so that there are few different statements."""

Run = tuple[int, str, int]
"""The rows of one series in one state: series, state, and the newest ``seq``."""


def newest(connection: sa.Connection, *, last: int, before: int, state: State | None, only: Only) -> list[int]:
    """Return the ``seq`` of the last rows below ``before`` that match, newest first."""
    if not conditions(only):
        query = sa.select(requests.c.seq).where(requests.c.seq < before).order_by(requests.c.seq.desc()).limit(last)
        return list(connection.execute(query if state is None else query.where(requests.c.state == state)).scalars())
    runs = heads(connection, state=state, before=before, only=only, most=last)
    chunks: dict[tuple[int, str], list[int]] = {}
    for seq, series_id, ended, *_ in beginnings(connection, runs, most=_FIRST_CHUNK):
        chunks.setdefault((series_id, ended), []).append(seq)
    merged = heapq.merge(*(_following(connection, place, chunk) for place, chunk in chunks.items()))
    return [-seq for seq in islice(merged, last)]


def heads(connection: sa.Connection, *, state: State | None, before: int, only: Only, most: int) -> Sequence[Run]:
    """Return the runs of rows that match, newest first.

    No more of them than rows are wanted: each of these has a row that is newer than any row of the others.
    """
    kept = {name: value for name, value in only.items() if value is not None}
    query = _heads(frozenset(kept), ENDS if state is None else (state,))
    found = connection.execute(query, {**kept, "before": before, "most": most})
    return [(row.id, row.state, row.head) for row in found]


def beginnings(connection: sa.Connection, runs: Sequence[Run], *, most: int) -> list[Any]:
    """Return the newest rows of every run, so many of each: what a page and a sample of calls need of them."""
    rows: list[Any] = []
    for first in range(0, len(runs), _WIDTHS[-1]):
        some = runs[first : first + _WIDTHS[-1]]
        width = next(width for width in _WIDTHS if len(some) <= width)
        places: dict[str, int | str] = {"most": most}
        for number in range(width):
            series_id, state, head = some[number] if number < len(some) else (-1, "", -1)
            places |= {f"series_{number}": series_id, f"state_{number}": state, f"head_{number}": head}
        rows += connection.execute(_beginnings(width), places).all()
    return rows


def _following(connection: sa.Connection, place: tuple[int, str], known: list[int]) -> Iterator[int]:
    """Yield a run's rows, newest first and negated for the merge, reading on in chunks that grow."""
    size = _FIRST_CHUNK
    while True:
        yield from (-seq for seq in known)
        if len(known) < size:
            return
        size = min(size * 2, _LONGEST_CHUNK)
        wanted = {"series_id": place[0], "state": place[1], "before": known[-1], "most": size}
        known = list(connection.execute(_NEXT, wanted).scalars())


_NEXT = (
    sa.select(requests.c.seq)
    .where(
        requests.c.series_id == sa.bindparam("series_id"),
        requests.c.state == sa.bindparam("state"),
        requests.c.seq < sa.bindparam("before"),
    )
    .order_by(requests.c.seq.desc())
    .limit(sa.bindparam("most"))
)


@lru_cache(maxsize=len(_WIDTHS))
def _beginnings(width: int) -> sa.CompoundSelect[Any]:
    parts = [
        sa.select(*(requests.c[name] for name in _COLUMNS))
        .where(
            requests.c.series_id == sa.bindparam(f"series_{number}"),
            requests.c.state == sa.bindparam(f"state_{number}"),
            requests.c.seq <= sa.bindparam(f"head_{number}"),
        )
        .order_by(requests.c.seq.desc())
        .limit(sa.bindparam("most"))
        .subquery()
        for number in range(width)
    ]
    return sa.union_all(*(sa.select(part) for part in parts))


@lru_cache(maxsize=64)
def _heads(kept: frozenset[str], states: tuple[State, ...]) -> sa.Select[Any]:
    runs = sa.union_all(*(_heads_in(kept, state) for state in states)).subquery()
    return (
        sa.select(runs.c.id, runs.c.state, runs.c.head)
        .where(runs.c.head.is_not(None))
        .order_by(runs.c.head.desc())
        .limit(sa.bindparam("most"))
    )


def _heads_in(kept: frozenset[str], state: State) -> sa.Select[Any]:
    head = (
        sa.select(sa.func.max(requests.c.seq))
        .where(
            requests.c.series_id == series.c.id,
            requests.c.state == state,
            requests.c.seq < sa.bindparam("before"),
        )
        .scalar_subquery()
    )
    return sa.select(series.c.id, sa.literal(state).label("state"), head.label("head")).where(
        *(series.c[name] == sa.bindparam(name) for name in sorted(kept))
    )
