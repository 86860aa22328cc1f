"""Deletes what is older than it is kept for, in small steps, and only where a coarser tier has taken it over."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from codevector_daemon.ledger.margins import ALL, EVERYONE
from codevector_daemon.ledger.state import KEPT, KEPT_REQUESTS, Kept, calendar_of, kept_of
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.upkeep.workbench import ROWS, Workbench, until_none
from codevector_daemon.ledger.writing import statements as sql
from codevector_shared.periods import DAY_S

_SPARE_PAGES = 256
"""Free pages (4 KiB) left in the file for what comes next."""

_VACUUM_PAGES = 32
"""Pages given back in one step."""


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days each thing is kept; days and months are kept for ever."""

    requests: int = 90
    five_minutes: int = 14
    hours: int = 400


def retire(bench: Workbench, keep: Keep, now_s: int) -> int:
    """Give up what is too old; returns how many rows were deleted."""
    _give_up_buckets(bench, Tier.FIVE_MINUTES, now_s - keep.five_minutes * DAY_S)
    _give_up_buckets(bench, Tier.HOUR, now_s - keep.hours * DAY_S)
    _give_up_requests(bench, now_s - keep.requests * DAY_S)
    return _delete(bench)


def give_space_back(bench: Workbench) -> None:
    """Shrink the file by what deleting left free, but for a little that is used again at once."""
    bench.work_off(until_none(lambda: _shrink(bench.connection)))


def _give_up_buckets(bench: Workbench, tier: Tier, before_s: int) -> None:
    """Move the border of a tier to the last whole day that its coarser tier has taken over."""
    with bench.writing() as connection:
        facts = dict(connection.execute(sql.FACTS).fetchall())
        calendar, kept = calendar_of(facts), kept_of(facts)
        border = calendar.floor(Tier.DAY, min(before_s, _first_mark(connection, tier, before_s)))
        if tier is Tier.HOUR:
            border = min(border, kept.five_minutes)
        if border > kept.of(tier):
            connection.execute(sql.KEEP, (KEPT[tier], str(border)))


def _give_up_requests(bench: Workbench, before_s: int) -> None:
    with bench.writing() as connection:
        facts = dict(connection.execute(sql.FACTS).fetchall())
        border = calendar_of(facts).floor(Tier.DAY, before_s)
        if border > kept_of(facts).requests:
            connection.execute(sql.KEEP, (KEPT_REQUESTS, str(border)))


def _first_mark(connection: sqlite3.Connection, tier: Tier, before_s: int) -> int:
    """Return the first bucket that the coarser tier has not taken over yet."""
    query = "SELECT min(start) FROM marks WHERE tier <= ?"
    (first,) = connection.execute(query, (int(tier),)).fetchone()
    return before_s if first is None else int(first)


def _delete(bench: Workbench) -> int:
    with bench.reading() as connection:
        kept = kept_of(dict(connection.execute(sql.FACTS).fetchall()))
        users = [EVERYONE, *(user for (user,) in connection.execute("SELECT DISTINCT user_id FROM series"))]
    return bench.work_off(_all_deletes(bench.connection, kept, users))


def _all_deletes(connection: sqlite3.Connection, kept: Kept, users: list[int]) -> Iterator[int]:
    for tier in (Tier.FIVE_MINUTES, Tier.HOUR):
        table, border = tier.table.name, kept.of(tier)
        yield from until_none(lambda table=table, border=border: _buckets(connection, table, border))  # type: ignore[misc]  # mypy#12557
    for user_id in users:
        yield from until_none(lambda user_id=user_id: _margins(connection, user_id, kept.hours))  # type: ignore[misc]  # mypy#12557
    yield from until_none(lambda: _requests(connection, kept.requests * 1000))
    yield from until_none(lambda: _responses(connection, kept.requests * 1000))


def _buckets(connection: sqlite3.Connection, table: str, border: int) -> int:
    return connection.execute(
        f"DELETE FROM {table} WHERE (start, series_id) IN"  # noqa: S608  # a tier's own name
        f" (SELECT start, series_id FROM {table} WHERE start < ? ORDER BY start, series_id LIMIT ?)",
        (border, ROWS),
    ).rowcount


def _margins(connection: sqlite3.Connection, user_id: int, border: int) -> int:
    place = "tier = ?1 AND user_id = ?2 AND dimension = ?3"
    return connection.execute(
        f"DELETE FROM margins WHERE {place} AND start IN"  # noqa: S608
        f" (SELECT start FROM margins WHERE {place} AND start < ?4 ORDER BY start LIMIT ?5)",
        (int(Tier.HOUR), user_id, ALL, border, ROWS),
    ).rowcount


def _requests(connection: sqlite3.Connection, before_ms: int) -> int:
    return connection.execute(
        "DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE started_ms < ? ORDER BY started_ms LIMIT ?)",
        (before_ms, ROWS),
    ).rowcount


def _responses(connection: sqlite3.Connection, before_ms: int) -> int:
    return connection.execute(
        "DELETE FROM responses WHERE (id, user_id) IN"
        " (SELECT id, user_id FROM responses WHERE created_ms < ? ORDER BY created_ms LIMIT ?)",
        (before_ms, ROWS),
    ).rowcount


def _shrink(connection: sqlite3.Connection) -> int:
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if free <= _SPARE_PAGES + _VACUUM_PAGES:
        return 0
    # It yields a row for every page and stops where nobody asks for the next.
    connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
    (left,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(free) - int(left)
