"""Reads sums out of the tiers: which table covers which part of a window, and one SELECT over all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal

import sqlalchemy as sa

from codevector_daemon.ledger.selection import Only, conditions
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
    connection: sa.Connection,
    window: Window,
    columns: Sequence[sa.Column[Any]],
    slot: Slot | None,
    only: Only,
) -> Iterator[Sum]:
    """Yield sums over a window per value of ``columns`` of the series table and per slot of time.

    A slot or a combination may come more than once, to be added up.
    """
    parts = [_select(stretch, columns, slot, only) for stretch in stretches(window)]
    if not parts:
        return
    width = len(columns)
    for row in connection.execute(sa.union_all(*parts)):
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


def _select(stretch: Stretch, columns: Sequence[sa.Column[Any]], slot: Slot | None, only: Only) -> sa.Select[Any]:
    table = stretch.table
    groups: list[sa.ColumnElement[Any]] = list(columns)
    if slot is not None:
        groups.append((table.c.start + stretch.offset_s) // _SLOT_S[slot])
    query = (
        sa.select(sa.func.min(table.c.start), *columns, *(sa.func.sum(table.c[name]) for name in AMOUNTS))
        .join_from(table, series, table.c.series_id == series.c.id)
        .where(table.c.start >= stretch.first_s, table.c.start < stretch.until_s, *conditions(only))
        # Without a group SQL gives one row of NULLs for no buckets at all.
        .having(sa.func.count() > 0)
    )
    return query.group_by(*groups) if groups else query
