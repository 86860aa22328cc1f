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


def newest(connection: sa.Connection, *, last: int, before: int, state: State | None, only: Only) -> list[int]:
    """Return the ``seq`` of the last rows below ``before`` that match, newest first."""
    if not conditions(only):
        query = sa.select(requests.c.seq).where(requests.c.seq < before).order_by(requests.c.seq.desc()).limit(last)
        return list(connection.execute(query if state is None else query.where(requests.c.state == state)).scalars())
    runs = [_Run(connection, *place) for place in heads(connection, state=state, before=before, only=only, most=last)]
    return [-seq for seq in islice(heapq.merge(*runs), last)]


def heads(
    connection: sa.Connection, *, state: State | None, before: int, only: Only, most: int
) -> Sequence[tuple[int, str, int]]:
    """Return series, state and newest ``seq`` of the runs of rows that match, newest first.

    No more of them than rows are wanted: each of these has a row that is newer than any row of the others.
    """
    found: list[tuple[int, str, int]] = []
    for each in ENDS if state is None else (state,):
        kept = {name: value for name, value in only.items() if value is not None}
        query = _heads(frozenset(kept))
        rows = connection.execute(query, {**kept, "state": each, "before": before, "most": most})
        found += [(row.id, each, row.head) for row in rows]
    return sorted(found, key=lambda place: -place[2])[:most]


class _Run:
    """The rows of one series in one state, newest first, read in chunks that grow; ``seq`` is negated for the merge."""

    def __init__(self, connection: sa.Connection, series_id: int, state: str, head: int) -> None:
        self._connection = connection
        self._place = {"series_id": series_id, "state": state}
        self._head = head

    def __iter__(self) -> Iterator[int]:
        yield -self._head
        before, chunk = self._head, 2
        while True:
            wanted = {**self._place, "before": before, "most": chunk}
            found = self._connection.execute(_NEXT, wanted).scalars().all()
            yield from (-seq for seq in found)
            if len(found) < chunk:
                return
            before, chunk = found[-1], min(chunk * 2, _LONGEST_CHUNK)


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


@lru_cache(maxsize=64)
def _heads(kept: frozenset[str]) -> sa.Select[Any]:
    newest_of = (
        sa.select(sa.func.max(requests.c.seq))
        .where(
            requests.c.series_id == series.c.id,
            requests.c.state == sa.bindparam("state"),
            requests.c.seq < sa.bindparam("before"),
        )
        .scalar_subquery()
    )
    matching = (
        sa.select(series.c.id, newest_of.label("head"))
        .where(*(series.c[name] == sa.bindparam(name) for name in sorted(kept)))
        .subquery()
    )
    return (
        sa.select(matching.c.id, matching.c.head)
        .where(matching.c.head.is_not(None))
        .order_by(matching.c.head.desc())
        .limit(sa.bindparam("most"))
    )
