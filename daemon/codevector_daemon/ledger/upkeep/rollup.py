"""Rolls finer buckets up into coarser ones.

A slot is computed from nothing but the next finer tier, so doing it twice, late, or after a crash gives the same. It
is computed aside and written in small steps while its marks keep everybody from reading it; a mark is taken away
only where nothing has changed since the slot was computed.
"""

# ruff: noqa: S608  # every name that is put into SQL here is one of our own tables and columns

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codevector_daemon.ledger.calendar import Calendar
from codevector_daemon.ledger.margins import DIMENSIONS, EVERYONE, kept_dimensions
from codevector_daemon.ledger.state import Kept, calendar_of, kept_of
from codevector_daemon.ledger.sums import saturating_sum
from codevector_daemon.ledger.tiers import ROLLED, Tier
from codevector_daemon.ledger.upkeep.workbench import ROWS, Workbench, until_none
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.ledger.writing.posting import mark, touch
from codevector_daemon.store.schema import AMOUNTS

GRACE_S = 20
"""How long after its end an hour is left to the calls that are still being settled."""

_AMOUNTS = ", ".join(AMOUNTS)
_SUMS = ", ".join(saturating_sum(name) for name in AMOUNTS)
_STAGES = (
    f"CREATE TEMP TABLE IF NOT EXISTS staged (n INTEGER PRIMARY KEY, series_id UNIQUE, {_AMOUNTS})",
    f"CREATE TEMP TABLE IF NOT EXISTS staged_margins (n INTEGER PRIMARY KEY, user_id, dimension, value, {_AMOUNTS})",
)
_STALE_MARGINS = "tier = ?1 AND user_id = ?2 AND dimension = ?3 AND start >= ?4 AND start < ?5"
_DELETE_MARGINS = (
    f"DELETE FROM margins WHERE {_STALE_MARGINS}"
    f" AND (start, value) IN (SELECT start, value FROM margins WHERE {_STALE_MARGINS} LIMIT {ROWS})"
)


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
            own = _own_mark(connection, self._slot)
            _, kept = _facts(connection)
            computable = self._slot.start_s >= kept.of(self._slot.tier.finer)
            self._stage(connection, self._slot.tier.finer if computable else self._slot.tier)
            owners = self._owners_of_stale(connection) if computable else []
        stages = ("staged", "staged_margins") if computable else ("staged_margins",)
        self._bench.work_off(self._write(marks, own, owners, stages))

    def _write(
        self, marks: list[tuple[int, int]], own: int | None, owners: list[int], stages: Sequence[str]
    ) -> Iterator[int]:
        connection = self._bench.connection
        if owners:
            yield from self._remove_stale(connection, owners)
        yield from self._copy(connection, stages)
        # A late call may have been added to the slot's own buckets meanwhile, and its margins are then as they were.
        if _own_mark(connection, self._slot) == own:
            self._release(connection, marks)

    def _stage(self, connection: sqlite3.Connection, source: Tier) -> None:
        """Compute the slot from the finer tier; where that is gone, only its margins, from its own buckets."""
        slot = self._slot
        until = slot.end_s if source < slot.tier else slot.start_s + 1
        connection.execute("DELETE FROM staged")
        connection.execute("DELETE FROM staged_margins")
        found = connection.execute(
            f"INSERT INTO staged (series_id, {_AMOUNTS}) SELECT series_id, {_SUMS} FROM {source.table.name}"
            " WHERE start >= ? AND start < ? GROUP BY series_id",
            (slot.start_s, until),
        )
        if found.rowcount:
            for statement in _MARGINS[slot.tier]:
                connection.execute(statement)

    def _copy(self, connection: sqlite3.Connection, stages: Sequence[str]) -> Iterator[int]:
        """Copy what was computed into the store."""
        start, tier = self._slot.start_s, int(self._slot.tier)
        into = {}
        into["staged"] = (
            f"INSERT OR REPLACE INTO {self._table} (start, series_id, {_AMOUNTS})"
            f" SELECT {start}, series_id, {_AMOUNTS} FROM staged WHERE n > ? AND n <= ?"
        )
        into["staged_margins"] = (
            f"INSERT OR REPLACE INTO margins (tier, user_id, dimension, start, value, {_AMOUNTS})"
            f" SELECT {tier}, user_id, dimension, {start}, value, {_AMOUNTS} FROM staged_margins WHERE n > ? AND n <= ?"
        )
        for stage in stages:
            last = int(connection.execute(f"SELECT coalesce(max(n), 0) FROM {stage}").fetchone()[0])
            for first in range(0, last, ROWS):
                yield connection.execute(into[stage], (first, first + ROWS)).rowcount

    @property
    def _stale(self) -> str:
        """What this slot does not have any more: rows of a former cut."""
        slot = self._slot
        return (
            f"FROM {self._table} WHERE start >= {slot.start_s} AND start < {slot.end_s}"
            f" AND (start <> {slot.start_s} OR series_id NOT IN (SELECT series_id FROM staged))"
        )

    def _owners_of_stale(self, connection: sqlite3.Connection) -> list[int]:
        """Return whose margins may be stale; nobody's where nothing is."""
        if connection.execute(f"SELECT 1 {self._stale} LIMIT 1").fetchone() is None:
            return []
        return [EVERYONE, *(row[0] for row in connection.execute("SELECT DISTINCT user_id FROM series"))]

    def _remove_stale(self, connection: sqlite3.Connection, owners: list[int]) -> Iterator[int]:
        """Remove it; margins first, as the rows tell of them."""
        slot = self._slot
        for user_id in owners:
            for dimension in kept_dimensions(slot.tier):
                place = (int(slot.tier), user_id, dimension, slot.start_s, slot.end_s)
                yield from until_none(lambda place=place: connection.execute(_DELETE_MARGINS, place).rowcount)  # type: ignore[misc]  # mypy#12557
        some = f"(start, series_id) IN (SELECT start, series_id {self._stale} LIMIT {ROWS})"
        yield from until_none(lambda: connection.execute(f"DELETE FROM {self._table} WHERE {some}").rowcount)

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


def _facts(connection: sqlite3.Connection) -> tuple[Calendar, Kept]:
    facts = dict(connection.execute(sql.FACTS).fetchall())
    return calendar_of(facts), kept_of(facts)


def _starts(connection: sqlite3.Connection, tier: Tier) -> list[int]:
    query = "SELECT start FROM marks WHERE tier = ? ORDER BY start"
    return [start for (start,) in connection.execute(query, (int(tier),))]


def _marks(connection: sqlite3.Connection, slot: Slot) -> list[tuple[int, int]]:
    query = "SELECT start, version FROM marks WHERE tier = ? AND start >= ? AND start < ?"
    return connection.execute(query, (int(slot.tier.finer), slot.start_s, slot.end_s)).fetchall()


def _own_mark(connection: sqlite3.Connection, slot: Slot) -> int | None:
    """Return the version of the slot's own mark."""
    query = "SELECT version FROM marks WHERE tier = ? AND start = ?"
    row = connection.execute(query, (int(slot.tier), slot.start_s)).fetchone()
    return None if row is None else int(row[0])


def _any_between(starts: list[int], first: int, until: int) -> bool:
    place = bisect_left(starts, first)
    return place < len(starts) and starts[place] < until
