"""Reads sums out of the tiers: which table covers which part of a window, and one SELECT over all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import sqlalchemy as sa

from codevector_daemon.ledger.selection import Only
from codevector_daemon.ledger.tally import AMOUNTS
from codevector_daemon.store.schema import buckets_5m, series
from codevector_shared.periods import DAY_S, HOUR_S, Window, bucket_start, day_start, offset_changes, utc_offset

Slot = Literal["5m", "hour", "day"]
"""How finely the sums are told apart in time."""

_SLOT_S: dict[Slot, int] = {"5m": 300, "hour": HOUR_S, "day": DAY_S}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a window that one table covers, with clocks that are not changed inside of it."""

    table: sa.Table
    first_s: int
    until_s: int
    offset_s: int


@dataclass(frozen=True, slots=True)
class Sum:
    """One row of an answer: an instant inside of its slot of time, the dimensions asked for, the amounts."""

    at_s: int
    values: tuple[int | str, ...]
    amounts: tuple[int, ...]


def stretches(window: Window) -> list[Stretch]:
    """Cut a window that has a start at changes of the clocks; borders between buckets widen to whole ones."""
    assert window.start is not None
    first, until = bucket_start(int(window.start.timestamp())), int(window.end.timestamp())
    cuts = [first, *offset_changes(first, until, window.zone), until]
    return [
        Stretch(buckets_5m, start, end, utc_offset(start, window.zone)) for start, end in pairwise(cuts) if start < end
    ]


def sums(
    connection: sa.Connection, window: Window, columns: Sequence[sa.Column[Any]], slot: Slot | None, only: Only
) -> Iterator[Sum]:
    """Yield sums over a window per value of ``columns`` of the series table and per slot of time.

    A slot or a combination may come more than once, to be added up.
    """
    parts = stretches(window)
    if not parts:
        return
    kept = {name: value for name, value in only.items() if value is not None}
    query = _query(tuple(part.table for part in parts), tuple(columns), slot, frozenset(kept))
    borders = {
        f"{name}_{number}": value
        for number, part in enumerate(parts)
        for name, value in (("first", part.first_s), ("until", part.until_s), ("offset", part.offset_s))
    }
    width = len(columns)
    for row in connection.execute(query, {**kept, **borders}):
        at_s, *rest = row
        yield Sum(at_s, tuple(rest[:width]), tuple(rest[width:]))


def beginning(connection: sa.Connection, window: Window) -> Window:
    """Return all time as the window since the first day that has counts; other windows, and no counts, unchanged."""
    if window.start is not None:
        return window
    first = connection.execute(sa.select(sa.func.min(buckets_5m.c.start))).scalar()
    if first is None:
        return window
    return window.starting(datetime.fromtimestamp(day_start(first, window.zone), UTC))


@lru_cache(maxsize=256)
def _query(
    tables: tuple[sa.Table, ...], columns: tuple[sa.Column[Any], ...], slot: Slot | None, kept: frozenset[str]
) -> sa.CompoundSelect[Any]:
    """Return the SELECT of one shape; making the expressions anew for every question takes longer than answering it."""
    return sa.union_all(*(_part(number, table, columns, slot, kept) for number, table in enumerate(tables)))


def _part(
    number: int, table: sa.Table, columns: tuple[sa.Column[Any], ...], slot: Slot | None, kept: frozenset[str]
) -> sa.Select[Any]:
    groups: list[sa.ColumnElement[Any]] = list(columns)
    if slot is not None:
        groups.append((table.c.start + sa.bindparam(f"offset_{number}", type_=sa.BigInteger)) // _SLOT_S[slot])
    query = (
        sa.select(sa.func.min(table.c.start), *columns, *(sa.func.sum(table.c[name]) for name in AMOUNTS))
        .join_from(table, series, table.c.series_id == series.c.id)
        .where(table.c.start >= sa.bindparam(f"first_{number}"), table.c.start < sa.bindparam(f"until_{number}"))
        .where(*(series.c[name] == sa.bindparam(name) for name in sorted(kept)))
        # Without a group SQL gives one row of NULLs for no buckets at all.
        .having(sa.func.count() > 0)
    )
    return query.group_by(*groups) if groups else query
