"""Calls that come so late that the 5-minute buckets of their time are gone: they go into the finest tier still kept."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codevector_daemon.ledger.calendar import Calendar
from codevector_daemon.ledger.event import Series
from codevector_daemon.ledger.margins import DIMENSIONS, EVERYONE, kept_dimensions
from codevector_daemon.ledger.state import Kept
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.writing import statements as sql


@dataclass(frozen=True, slots=True)
class Late:
    """Amounts for a 5-minute bucket that nobody would read any more."""

    start_s: int
    series_id: int
    series: Series
    amounts: Sequence[int]


def add_late(
    connection: sqlite3.Connection, found: Iterable[Late], calendar: Calendar, kept: Kept
) -> set[tuple[Tier, int]]:
    """Add to the buckets and to their margins, which nothing finer computes any more; returns the buckets changed."""
    changed: set[tuple[Tier, int]] = set()
    for late in found:
        tier = kept.finest(late.start_s)
        start = calendar.floor(tier, late.start_s)
        connection.execute(sql.ADD_TO_BUCKET[tier], (start, late.series_id, *late.amounts))
        margins = [(int(tier), *place, *late.amounts) for place in _margins(tier, start, late.series)]
        connection.executemany(sql.ADD_TO_MARGIN, margins)
        changed.add((tier, start))
    return changed


def _margins(tier: Tier, start: int, series: Series) -> Iterator[tuple[int, int, int, str]]:
    """Yield user, dimension, start and value of every margin that a series belongs to."""
    for dimension in kept_dimensions(tier):
        name = DIMENSIONS[dimension]
        value = str(getattr(series, name)) if name else ""
        for user_id in (EVERYONE, series.user_id):
            if name != "user_id" or user_id == EVERYONE:
                yield user_id, dimension, start, value
