import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from codevector_daemon.errors import StoreRefused
from codevector_daemon.ledger.questions import export
from codevector_daemon.ledger.selection import Only
from codevector_daemon.ledger.upkeep.backup import copy_of
from codevector_daemon.store.engine import Store
from codevector_shared.periods import between
from support.ledgers import NOON_MS, an_event, make_people
from support.past import past

NOON = datetime.fromtimestamp(NOON_MS / 1000, UTC)
BERLIN = ZoneInfo("Europe/Berlin")
WEEK = between(date(2026, 1, 3), date(2026, 1, 9), NOON, BERLIN)


async def test_every_row_of_a_window_comes_once_and_in_order(tmp_path: Path) -> None:
    with past(tmp_path, zone="Europe/Berlin") as made:
        made.count(an_event(f"e{n}", started_ms=NOON_MS - n // 3 * 60_000) for n in range(1_200))
        store = await Store.open(f"sqlite:///{made.path}", patience_s=1)
        await make_people(store)
        pages = [page async for page in export.request_rows(store, WEEK, Only())]
        await store.close()
    assert [len(page) for page in pages] == [500, 500, 200]
    rows = [row for page in pages for row in page]
    assert len({row.id for row in rows}) == 1_200
    assert [row.started_at for row in rows] == sorted(row.started_at for row in rows)
    assert (rows[0].user, rows[0].key) == ("ana", "ana-key")


@pytest.mark.parametrize("granularity", ["5m", "hour", "day", "month"])
async def test_buckets_of_every_width_hold_the_same_sum(tmp_path: Path, granularity: str) -> None:
    with past(tmp_path, zone="Europe/Berlin") as made:
        made.count(an_event(f"e{n}", started_ms=NOON_MS - n * 3_000_000) for n in range(100))
        made.upkeep(NOON_MS // 1000)
        store = await Store.open(f"sqlite:///{made.path}", patience_s=1)
        parts = [part async for part in export.buckets(store, WEEK, granularity, Only())]  # type: ignore[arg-type]
        await store.close()
    found = [bucket for part in parts for bucket in part]
    assert sum(bucket["requests"] for bucket in found) == 100
    assert len({bucket["start"] for bucket in found}) == len(found)
    assert found[0]["project"] == "api"
    assert found[0]["start"].endswith("+01:00")


def test_a_copy_is_a_database_of_the_moment_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with past(tmp_path) as made:
        made.count([an_event("a")])
        with copy_of(made.path, patience_s=1) as copy:
            made.count([an_event("b")])
            (tmp_path / "copy.db").write_bytes(copy.read())
        names = {path.name for path in tmp_path.iterdir()}
    assert names == {"codevector.db", "codevector.db-wal", "codevector.db-shm", "copy.db"}
    connection = sqlite3.connect(tmp_path / "copy.db")
    assert connection.execute("SELECT id FROM requests").fetchall() == [("a",)]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    connection.close()


def test_a_database_that_is_gone_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused):
        copy_of(tmp_path / "nothing.db", patience_s=1)
