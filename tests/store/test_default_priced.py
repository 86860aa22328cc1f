"""A database of the version before sums counted calls at default rates comes up whole, with what is still known."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from codevector_daemon.ledger.attempts import Window
from codevector_daemon.ledger.event import UsageEvent
from codevector_daemon.ledger.responses import late_row
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.upkeep.integrity import check_ledger
from codevector_daemon.ledger.upkeep.reprice import Repricer, Signed
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_daemon.metering.prices import Price
from codevector_daemon.store.prepare import prepare
from codevector_daemon.store.salvage import salvage
from codevector_shared.periods import DAY_S
from support.ledgers import ANA, NOON_MS, an_event
from support.past import past

NOON_S = NOON_MS // 1000
HOURS_APART = 5
CALLS = 300
"""Over 62 days, every third at the default rates."""
KEPT = Keep(requests=40, five_minutes=5, hours=400)
COUNTED = "(parent_id IS NULL OR id LIKE '%.late') AND state <> 'rejected'"
TABLES = [tier.table.name for tier in Tier]


LATE = 20


def late_usages() -> Iterator[UsageEvent]:
    """Make background runs over 40 days whose usage came later: half at the default rates, half without a price."""
    for n in range(LATE):
        began = NOON_MS - n * 48 * 3_600_000
        yield an_event(f"b{n}", started_ms=began, usage_source="none", price_basis=None, spend_nano=0)
        basis = "default" if n % 2 else "unpriced"
        late = late_row(f"b{n}")
        yield an_event(late, started_ms=began, parent_id=f"b{n}", usage_of=f"resp_{n}", price_basis=basis)


def old_database(folder: Path, zone: str, kept: Keep = KEPT) -> Path:
    """Make a database with calls in it as the first version left it."""
    with past(folder, zone=zone) as made:
        made.count(
            an_event(
                f"e{n}",
                started_ms=NOON_MS - n * HOURS_APART * 3_600_000,
                price_basis="default" if n % 3 == 0 else "catalogue",
                parent_id="e1" if n % 7 == 0 else None,
                state="rejected" if n % 30 == 6 else "complete",
            )
            for n in range(CALLS)
        )
        made.count(late_usages())
        made.upkeep(NOON_S + 600, kept)
    with closing(sqlite3.connect(made.path)) as connection, connection:
        for table in (*TABLES, "margins"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN default_priced_requests")
            connection.execute(f"UPDATE {table} SET unpriced_requests = 0")  # late usages were not asked
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    return made.path


def value(path: Path, query: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(query).fetchone()[0])


def problems(path: Path) -> list[str]:
    return [text for check in check_ledger(path, patience_s=1) for text in check.problems]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_an_older_database_is_filled_from_the_calls_that_are_kept(tmp_path: Path, zone: str) -> None:
    path = old_database(tmp_path, zone)
    known = value(path, f"SELECT count(*) FROM requests WHERE price_basis = 'default' AND {COUNTED}")
    assert 20 < known < CALLS / 3 + LATE
    prepare(path, patience_s=1)
    assert problems(path) == []
    with past(tmp_path, zone=zone) as again:
        again.upkeep(NOON_S + 40 * DAY_S, KEPT)
    assert problems(path) == []
    for table in ("buckets_hour", "buckets_day", "buckets_month"):
        assert value(path, f"SELECT sum(default_priced_requests) FROM {table}") == known
        assert value(path, f"SELECT sum(unpriced_requests) FROM {table}") == LATE / 2
    everyone = "tier = 3 AND user_id = 0 AND dimension = 0"
    assert value(path, f"SELECT sum(default_priced_requests) FROM margins WHERE {everyone}") == known


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_calls_older_than_the_hours_are_counted_in_their_days_so_that_repricing_never_makes_less_than_none(
    tmp_path: Path, zone: str
) -> None:
    kept = Keep(requests=100, five_minutes=5, hours=20)
    path = old_database(tmp_path, zone, kept)
    prepare(path, patience_s=1)
    assert problems(path) == []
    assert value(path, "SELECT sum(default_priced_requests) FROM buckets_day") > 0
    window, signed = Window(0, NOON_MS + DAY_S * 1000), Signed(NOON_MS, "owner", "all")
    known = Price(7, "catalogue", "v2")
    stopping = threading.Event()
    Repricer(path, window, lambda _: known, patience_s=1, stopping=stopping, clock=lambda: 0).apply(signed)
    assert problems(path) == []
    with past(tmp_path, zone=zone) as again:
        again.upkeep(NOON_S + 600, kept)
    assert problems(path) == []
    for table in (*TABLES, "margins"):
        for name in ("default_priced_requests", "unpriced_requests"):
            assert value(path, f"SELECT count(*) FROM {table} WHERE {name} <> 0") == 0


def test_new_calls_are_counted_beside_the_old_ones(tmp_path: Path) -> None:
    path = old_database(tmp_path, "UTC")
    prepare(path, patience_s=1)
    before = value(path, "SELECT sum(default_priced_requests) FROM buckets_5m")
    with past(tmp_path) as again:
        again.count([an_event("new", series=ANA, started_ms=NOON_MS + 60_000, price_basis="default")])
    assert value(path, "SELECT sum(default_priced_requests) FROM buckets_5m") == before + 1
    assert problems(path) == []


@pytest.mark.parametrize("kept", [KEPT, Keep(requests=100, five_minutes=5, hours=20)], ids=["hours", "days"])
def test_a_damaged_database_of_the_older_version_loses_no_bucket_and_is_filled_as_well(
    tmp_path: Path, kept: Keep
) -> None:
    path = old_database(tmp_path, "UTC", kept)
    sums = [value(path, f"SELECT sum(spend_nano) FROM {table}") for table in TABLES]
    known = value(path, f"SELECT count(*) FROM requests WHERE price_basis = 'default' AND {COUNTED}")
    found = salvage(path, now_ms=NOON_MS, patience_s=1)
    assert found.damaged == []
    assert [value(path, f"SELECT sum(spend_nano) FROM {table}") for table in TABLES] == sums
    assert problems(path) == []
    with past(tmp_path) as again:
        again.upkeep(NOON_S + 40 * DAY_S, kept)
    assert problems(path) == []
    for table in ("buckets_day", "buckets_month"):
        assert value(path, f"SELECT sum(default_priced_requests) FROM {table}") == known
        assert value(path, f"SELECT sum(unpriced_requests) FROM {table}") == LATE / 2
