"""Rolls finer buckets up into coarser ones.

A slot is computed from nothing but the next finer tier, so doing it twice, late, or after a crash gives the same. It
is computed aside and written in small steps while its marks keep everybody from reading it; a mark is taken away
only where nothing has changed since the slot was computed.
"""

# ruff: noqa: S608  # every name that is put into SQL here is one of our own tables and columns

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from codevector_daemon.ledger import statements as sql
from codevector_daemon.ledger.calendar import Calendar
from codevector_daemon.ledger.margins import DIMENSIONS, EVERYONE, kept_dimensions
from codevector_daemon.ledger.posting import mark, touch
from codevector_daemon.ledger.state import Kept, calendar_of, kept_of
from codevector_daemon.ledger.sums import saturating_sum
from codevector_daemon.ledger.tiers import ROLLED, Tier
from codevector_daemon.ledger.workbench import ROWS, Workbench
from codevector_daemon.store.schema import AMOUNTS

GRACE_S = 20
"""How long after its end an hour is left to the calls that are still being settled."""

_AMOUNTS = ", ".join(AMOUNTS)
_SUMS = ", ".join(saturating_sum(name) for name in AMOUNTS)
_STAGES = (
    f"CREATE TEMP TABLE IF NOT EXISTS staged (n INTEGER PRIMARY KEY, series_id UNIQUE, {_AMOUNTS})",
    f"CREATE TEMP TABLE IF NOT EXISTS staged_margins (n INTEGER PRIMARY KEY, user_id, dimension, value, {_AMOUNTS})",
)
_DELETE_MARGINS = "DELETE FROM margins WHERE tier = ? AND user_id = ? AND dimension = ? AND start >= ? AND start < ?"


def _margin_statements(tier: Tier) -> Iterator[str]:
    source = "staged JOIN series ON series.id = staged.series_id"
    sums = ", ".join(saturating_sum(f"staged.{name}") for name in AMOUNTS)
    into = f"INSERT INTO staged_margins (user_id, dimension, value, {_AMOUNTS})"
    for dimension in kept_dimensions(tier):
        name = DIMENSIONS[dimension]
        value = f"CAST(series.{name} AS TEXT)" if name else "''"
        yield f"{into} SELECT {EVERYONE}, {dimension}, {value}, {sums} FROM {source} GROUP BY 3"
        if name != "user_id":
            yield f"{into} SELECT series.user_id, {dimension}, {value}, {sums} FROM {source} GROUP BY 1, 3"


_MARGINS = {tier: tuple(_margin_statements(tier)) for tier in ROLLED}


@dataclass(frozen=True, slots=True)
class Slot:
    """A bucket of a coarser tier that is to be computed anew."""

    tier: Tier
    start_s: int
    end_s: int


def roll_up(bench: Workbench, now_s: int) -> int:
    """Compute every closed slot that has marks, finest tier first; returns how many."""
    for stage in _STAGES:
        bench.connection.execute(stage)
    done = 0
    for tier in ROLLED:
        for slot in due(bench, tier, now_s):
            Rolling(bench, slot).run()
            done += 1
    return done


def due(bench: Workbench, tier: Tier, now_s: int) -> list[Slot]:
    """Return the closed slots of a tier with marks on the next finer one and on none below, oldest first."""
    with bench.reading() as connection:
        calendar, _ = _facts(connection)
        marks = [_starts(connection, finer) for finer in Tier if finer < tier]
    found = []
    for start in sorted({calendar.floor(tier, at) for at in marks[tier.finer]}):
        end = calendar.after(tier, start)
        if end + GRACE_S <= now_s and not any(_any_between(starts, start, end) for starts in marks[: tier.finer]):
            found.append(Slot(tier, start, end))
    return found


class Rolling:
    """The computing of one slot."""

    def __init__(self, bench: Workbench, slot: Slot) -> None:
        self._bench = bench
        self._slot = slot
        self._table = slot.tier.table.name

    def run(self) -> None:
        """Compute, write, and only then let the slot be read."""
        with self._bench.reading() as connection:
            marks = _marks(connection, self._slot)
            _, kept = _facts(connection)
            computable = self._slot.start_s >= kept.of(self._slot.tier.finer)
            if computable:
                self._stage(connection)
        if computable:
            self._remove_stale()
        *earlier, last = _packed(self._copies() if computable else [])
        for batch in earlier:
            with self._bench.writing() as connection:
                _copy(connection, batch)
        with self._bench.writing() as connection:
            _copy(connection, last)
            self._release(connection, marks)

    def _stage(self, connection: sqlite3.Connection) -> None:
        slot = self._slot
        connection.execute("DELETE FROM staged")
        connection.execute("DELETE FROM staged_margins")
        found = connection.execute(
            f"INSERT INTO staged (series_id, {_AMOUNTS}) SELECT series_id, {_SUMS} FROM {slot.tier.finer.table.name}"
            " WHERE start >= ? AND start < ? GROUP BY series_id",
            (slot.start_s, slot.end_s),
        )
        if found.rowcount:
            for statement in _MARGINS[slot.tier]:
                connection.execute(statement)

    def _copies(self) -> list["_Copy"]:
        """Return what is to be copied into the store, in pieces."""
        start, tier = self._slot.start_s, int(self._slot.tier)
        buckets = (
            f"INSERT OR REPLACE INTO {self._table} (start, series_id, {_AMOUNTS})"
            f" SELECT {start}, series_id, {_AMOUNTS} FROM staged WHERE n > ? AND n <= ?"
        )
        margins = (
            f"INSERT OR REPLACE INTO margins (tier, user_id, dimension, start, value, {_AMOUNTS})"
            f" SELECT {tier}, user_id, dimension, {start}, value, {_AMOUNTS} FROM staged_margins WHERE n > ? AND n <= ?"
        )
        return [
            _Copy(statement, first, min(first + ROWS, last))
            for statement, last in ((buckets, self._count("staged")), (margins, self._count("staged_margins")))
            for first in range(0, last, ROWS)
        ]

    def _count(self, stage: str) -> int:
        query = f"SELECT coalesce(max(n), 0) FROM {stage}"
        return int(self._bench.connection.execute(query).fetchone()[0])

    def _remove_stale(self) -> None:
        """Remove what this slot does not have any more: rows of a former cut; margins first, as rows tell of them."""
        slot = self._slot
        stale = (
            f"FROM {self._table} WHERE start >= {slot.start_s} AND start < {slot.end_s}"
            f" AND (start <> {slot.start_s} OR series_id NOT IN (SELECT series_id FROM staged))"
        )
        with self._bench.reading() as connection:
            if connection.execute(f"SELECT 1 {stale} LIMIT 1").fetchone() is None:
                return
            users = [EVERYONE, *(row[0] for row in connection.execute("SELECT DISTINCT user_id FROM series"))]
        for user_id in users:
            with self._bench.writing() as connection:
                for dimension in kept_dimensions(slot.tier):
                    place = (int(slot.tier), user_id, dimension, slot.start_s, slot.end_s)
                    connection.execute(_DELETE_MARGINS, place)
        some = f"(start, series_id) IN (SELECT start, series_id {stale} LIMIT {ROWS})"
        self._bench.in_steps(lambda connection: connection.execute(f"DELETE FROM {self._table} WHERE {some}").rowcount)

    def _release(self, connection: sqlite3.Connection, marks: list[tuple[int, int]]) -> None:
        """Take away the marks that are as they were, and pass the change on to the next tier."""
        finer = int(self._slot.tier.finer)
        connection.executemany(
            "DELETE FROM marks WHERE tier = ? AND start = ? AND version = ?",
            [(finer, start, version) for start, version in marks],
        )
        if self._slot.tier is Tier.MONTH:
            touch(connection)
        else:
            mark(connection, [(self._slot.tier, self._slot.start_s)])


@dataclass(frozen=True, slots=True)
class _Copy:
    """A piece of what was computed: its rows numbered from ``first`` (exclusive) to ``last``."""

    statement: str
    first: int
    last: int


def _packed(copies: list[_Copy]) -> list[list[_Copy]]:
    """Put small pieces together into one transaction each; the last one is there even if it is empty."""
    batches: list[list[_Copy]] = [[]]
    for copy in copies:
        rows = sum(each.last - each.first for each in (*batches[-1], copy))
        if rows > ROWS and batches[-1]:
            batches.append([])
        batches[-1].append(copy)
    return batches


def _copy(connection: sqlite3.Connection, copies: list[_Copy]) -> None:
    for copy in copies:
        connection.execute(copy.statement, (copy.first, copy.last))


def _facts(connection: sqlite3.Connection) -> tuple[Calendar, Kept]:
    facts = dict(connection.execute(sql.FACTS).fetchall())
    return calendar_of(facts), kept_of(facts)


def _starts(connection: sqlite3.Connection, tier: Tier) -> list[int]:
    query = "SELECT start FROM marks WHERE tier = ? ORDER BY start"
    return [start for (start,) in connection.execute(query, (int(tier),))]


def _marks(connection: sqlite3.Connection, slot: Slot) -> list[tuple[int, int]]:
    query = "SELECT start, version FROM marks WHERE tier = ? AND start >= ? AND start < ?"
    return connection.execute(query, (int(slot.tier.finer), slot.start_s, slot.end_s)).fetchall()


def _any_between(starts: list[int], first: int, until: int) -> bool:
    place = bisect_left(starts, first)
    return place < len(starts) and starts[place] < until
