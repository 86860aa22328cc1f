"""Checks the ledger against itself: SQLite's own check, and the sums of all tiers and of the request rows.

Every sum is exact and taken in one moment. A call in the spool or under a mark is in no coarser tier yet, so tiers are
compared where they claim to be settled, which is where windows are read from them.
"""

# ruff: noqa: S608  # every name that is put into SQL here is one of our own tables and columns

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from codevector_daemon.ledger.margins import DIMENSIONS, EVERYONE, kept_dimensions
from codevector_daemon.ledger.responses import LATE
from codevector_daemon.ledger.state import TierState, calendar_of, kept_of
from codevector_daemon.ledger.tiers import ROLLED, Tier
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.store.connect import plain
from codevector_daemon.store.salvage import RECOVERED, Recovered
from codevector_daemon.store.schema import AMOUNTS
from codevector_daemon.store.trouble import translated

_FOREVER = 1 << 62
_BILLED = "state <> 'rejected'"
_TELLS = f"(parent_id IS NULL OR id = parent_id || '{LATE}')"
_OF_REQUESTS = {
    "requests": "parent_id IS NULL",
    "errors": "parent_id IS NULL AND state IN ('upstream_failed', 'interrupted')",
    "own_login_nano": "spend_nano * own_login",
    "estimated_requests": f"{_TELLS} AND usage_source = 'estimated'",
    "unpriced_requests": f"{_TELLS} AND price_basis IS 'unpriced'",
    "default_priced_requests": f"{_TELLS} AND price_basis IS 'default'",
}
"""What a request row adds to an amount, where it is not the column of the same name."""

_FEW = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found wrong with it (nothing, usually)."""

    name: str
    detail: str
    problems: tuple[str, ...] = ()


def check_ledger(path: Path, *, patience_s: float) -> list[Check]:
    """Look at everything; blocks for as long as reading all of it takes. Raises StoreError."""
    with translated(path), closing(plain(path, patience_s=patience_s, mode="ro")) as connection:
        connection.execute("BEGIN")
        state = _state(connection)
        return [_file(connection), *_tiers(connection, state), _rows(connection, state), *_margins(connection, state)]


def _state(connection: sqlite3.Connection) -> TierState:
    facts = dict(connection.execute(sql.FACTS).fetchall())
    marks: tuple[list[int], ...] = ([], [], [])
    for tier, start in connection.execute("SELECT tier, start FROM marks ORDER BY tier, start"):
        marks[tier].append(start)
    return TierState(calendar_of(facts), kept_of(facts), tuple(tuple(starts) for starts in marks))


def _file(connection: sqlite3.Connection) -> Check:
    found = tuple(str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_FEW})"))
    return Check("the database file", "SQLite's own check", () if found == ("ok",) else found)


def _tiers(connection: sqlite3.Connection, state: TierState) -> Iterator[Check]:
    """Compare every settled bucket of a tier with the finer buckets inside of it, as far as those are kept."""
    for tier in ROLLED:
        problems, slots = [], 0
        for first, until in _settled(connection, state, tier):
            slots += 1
            coarse, fine = (_sums(connection, each.table.name, first, until) for each in (tier, tier.finer))
            problems += [f"{tier.title} from {first}: {text}" for text in _differences(coarse, fine)]
        detail = f"{slots} compared with their {tier.finer.title}"
        yield Check(f"the sums of {tier.title}", detail, tuple(problems[:_FEW]))


def _settled(connection: sqlite3.Connection, state: TierState, tier: Tier) -> Iterator[tuple[int, int]]:
    """Yield the slots of a tier that can be compared: settled, and with everything finer still there."""
    starts: set[int] = set()
    for each in (tier, tier.finer):
        query = f"SELECT DISTINCT start FROM {each.table.name} WHERE start >= ?"
        found = connection.execute(query, (state.kept.of(tier.finer),))
        starts.update(state.calendar.floor(tier, start) for (start,) in found)
    for start in sorted(starts):
        until = state.calendar.after(tier, start)
        if start >= state.kept.of(tier.finer) and _is_read(state, tier, start, until):
            yield start, until


def _rows(connection: sqlite3.Connection, state: TierState) -> Check:
    """Compare the request rows that are kept with the finest buckets of the same time."""
    lost = _lost_calls(connection)
    since = 0 if lost is None else state.calendar.after(Tier.HOUR, lost.at_ms // 1000)
    first = max(state.kept.requests, state.kept.hours, since)
    border = max(state.kept.five_minutes, first)
    hours = _sums(connection, Tier.HOUR.table.name, first, border)
    recent = _sums(connection, Tier.FIVE_MINUTES.table.name, border, _FOREVER)
    counted = {name: hours[name] + recent[name] for name in AMOUNTS}
    problems = tuple(_differences(_row_sums(connection, first), counted))
    detail = "compared with the buckets of their time"
    if lost is not None:
        detail += f", those since the hour after {lost.aside} was set aside: older ones were lost to the damage"
    return Check("the request rows", detail, problems)


def _lost_calls(connection: sqlite3.Connection) -> Recovered | None:
    """Return the salvage that could not read every call, if there was one."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (RECOVERED,)).fetchone()
    found = None if row is None else msgspec.json.decode(row[0], type=Recovered)
    return found if found is not None and "requests" in found.damaged else None


def _margins(connection: sqlite3.Connection, state: TierState) -> Iterator[Check]:
    """Compare the margins of settled buckets with the buckets, along every dimension."""
    for tier in ROLLED:
        problems: list[str] = []
        since = state.kept.of(tier)
        for dimension in kept_dimensions(tier):
            problems += _margin_problems(connection, state, tier, dimension, since)
        yield Check(f"the margins of {tier.title}", "compared with their buckets", tuple(problems[:_FEW]))


def _margin_problems(
    connection: sqlite3.Connection, state: TierState, tier: Tier, dimension: int, since: int
) -> Iterator[str]:
    start_and_sums = f"start, {', '.join(f'sum({name})' for name in AMOUNTS)}"
    buckets = _per_start(
        connection, f"SELECT {start_and_sums} FROM {tier.table.name} WHERE start >= ? GROUP BY 1", since
    )
    for users in ("=", "<>") if DIMENSIONS[dimension] != "user_id" else ("=",):
        where = f"tier = {int(tier)} AND user_id {users} {EVERYONE} AND dimension = {dimension} AND start >= ?"
        margins = _per_start(connection, f"SELECT {start_and_sums} FROM margins WHERE {where} GROUP BY 1", since)
        for start in sorted(buckets.keys() | margins.keys()):
            until = state.calendar.after(tier, start)
            if buckets.get(start) != margins.get(start) and _is_read(state, tier, start, until):
                yield f"{tier.title} from {start}, by {DIMENSIONS[dimension] or 'all'}: the sums differ"


def _is_read(state: TierState, tier: Tier, start: int, until: int) -> bool:
    return [stretch.tier for stretch in state.stretches(start, until, tier)] == [tier]


def _per_start(connection: sqlite3.Connection, query: str, since: int) -> dict[int, tuple[int, ...]]:
    return {start: tuple(sums) for start, *sums in connection.execute(query, (since,))}


def _sums(connection: sqlite3.Connection, table: str, first: int, until: int) -> dict[str, int]:
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in AMOUNTS)
    row = connection.execute(f"SELECT {sums} FROM {table} WHERE start >= ? AND start < ?", (first, until)).fetchone()
    return dict(zip(AMOUNTS, row, strict=True))


def sums_of_requests() -> str:
    """Return the SQL of what request rows come to, in the order of the amounts."""
    return ", ".join(f"coalesce(sum({_OF_REQUESTS.get(name, name)}), 0)" for name in AMOUNTS)


def _row_sums(connection: sqlite3.Connection, first_s: int) -> dict[str, int]:
    query = f"SELECT {sums_of_requests()} FROM requests WHERE {_BILLED} AND started_ms >= ?"
    return dict(zip(AMOUNTS, connection.execute(query, (first_s * 1000,)).fetchone(), strict=True))


def _differences(these: dict[str, int], those: dict[str, int]) -> Iterator[str]:
    for name in AMOUNTS:
        if these[name] != those[name]:
            yield f"{name}: {these[name]} against {those[name]}"
