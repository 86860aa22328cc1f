"""After damage: what a salvage could not read of the counts is worked out again from what it could.

Calls give their 5-minute buckets, and every tier gives the next one, where the finer one is whole. Where it is not, the
coarser one is kept as it is, the finer one is given up for that time, and ``doctor --ledger`` tells what differs.
"""

import sqlite3
from collections.abc import Iterator

from codevector_daemon.ledger.state import KEPT, Kept, calendar_of, kept_of
from codevector_daemon.ledger.tiers import ROLLED, Tier
from codevector_daemon.ledger.upkeep.integrity import sums_of_requests
from codevector_daemon.ledger.upkeep.workbench import ROWS, Workbench
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.ledger.writing.posting import mark
from codevector_daemon.store.salvage import UNMENDED, read_unmended
from codevector_daemon.store.schema import AMOUNTS
from codevector_shared.periods import HOUR_S

_COUNTS = {"requests", "series", "marks", "margins", "meta", *(tier.table.name for tier in Tier)}


def mend(bench: Workbench) -> bool:
    """Do it once after every salvage that could not read all; returns whether there was anything to do."""
    with bench.reading() as connection:
        damaged = read_unmended(connection)
    if not damaged:
        return False
    bench.work_off(_steps(bench.connection, damaged))
    return True


def _steps(connection: sqlite3.Connection, damaged: frozenset[str]) -> Iterator[int]:
    if damaged & _COUNTS:
        if "meta" in damaged:
            yield _find_borders(connection)
        kept = _kept(connection)
        if "buckets_5m" in damaged:
            if damaged.isdisjoint({"requests", "series"}) and kept.requests <= kept.five_minutes:
                yield from _count_anew(connection, kept.five_minutes)
            else:
                yield _give_up(connection, Tier.FIVE_MINUTES, _first_unrolled_day(connection))
        if "buckets_hour" in damaged:
            yield _give_up(connection, Tier.HOUR, _kept(connection).five_minutes)
        yield from _mark_all(connection, damaged)
    yield connection.execute("DELETE FROM meta WHERE name = ?", (UNMENDED,)).rowcount


def _count_anew(connection: sqlite3.Connection, since_s: int) -> Iterator[int]:
    """Put the 5-minute buckets together from the calls themselves, an hour at a time."""
    found = connection.execute(
        "SELECT min(started_ms) / 1000, max(started_ms) / 1000 FROM requests WHERE started_ms >= ?", (since_s * 1000,)
    ).fetchone()
    if found[0] is None:
        return
    first, last = max(since_s, found[0] - found[0] % HOUR_S), found[1]
    connection.execute("DELETE FROM buckets_5m WHERE start < ? OR start > ?", (first, last))
    while first <= last:
        # To its end, whatever the last call was: others are counted meanwhile.
        until = first + HOUR_S
        connection.execute("DELETE FROM buckets_5m WHERE start >= ? AND start < ?", (first, until))
        yield connection.execute(
            f"INSERT INTO buckets_5m (start, series_id, {', '.join(AMOUNTS)})"  # noqa: S608  # our own names
            f" SELECT started_ms / 300000 * 300 AS start, series_id, {sums_of_requests()} FROM requests"
            " WHERE state <> 'rejected' AND started_ms >= ? AND started_ms < ? GROUP BY 1, 2",
            (first * 1000, until * 1000),
        ).rowcount
        first = until


def _mark_all(connection: sqlite3.Connection, damaged: frozenset[str]) -> Iterator[int]:
    """Have every slot worked out again; months only from days that are whole."""
    kept = _kept(connection)
    for tier in ROLLED:
        lossy = tier is Tier.MONTH and "buckets_day" in damaged
        since = kept.hours if lossy else kept.of(Tier.MONTH)
        starts = sorted(
            start
            for each in (tier, tier.finer)
            for (start,) in connection.execute(
                f"SELECT DISTINCT start FROM {each.table.name} WHERE start >= ?",  # noqa: S608
                (since,),
            )
        )
        for first in range(0, len(starts), ROWS):
            some = starts[first : first + ROWS]
            mark(connection, {(tier.finer, start) for start in some})
            yield len(some)


def _give_up(connection: sqlite3.Connection, tier: Tier, before_s: int) -> int:
    if before_s <= _kept(connection).of(tier):
        return 0
    return connection.execute(sql.KEEP, (KEPT[tier], str(before_s))).rowcount


def _find_borders(connection: sqlite3.Connection) -> int:
    """Take a tier to be complete since its first bucket, where nothing tells any more since when it is."""
    for tier in KEPT:
        (first,) = connection.execute(f"SELECT min(start) FROM {tier.table.name}").fetchone()  # noqa: S608
        if first is not None:
            connection.execute("INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)", (KEPT[tier], str(first)))
    return 0


def _first_unrolled_day(connection: sqlite3.Connection) -> int:
    (first,) = connection.execute("SELECT min(start) FROM marks WHERE tier = 0").fetchone()
    if first is None:
        (first,) = connection.execute("SELECT coalesce(max(start), 0) FROM buckets_5m").fetchone()
    facts = dict(connection.execute(sql.FACTS).fetchall())
    return calendar_of(facts).floor(Tier.DAY, first)


def _kept(connection: sqlite3.Connection) -> Kept:
    return kept_of(dict(connection.execute(sql.FACTS).fetchall()))
