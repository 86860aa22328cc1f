"""After damage the tiers agree again wherever one of them knows, and what nobody knows any more is said."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from codevector_daemon.ledger.questions.reading import Books
from codevector_daemon.ledger.questions.usage import breakdown, total
from codevector_daemon.ledger.selection import Only
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.upkeep.housekeeping import Housekeeper
from codevector_daemon.ledger.upkeep.integrity import check_ledger
from codevector_daemon.ledger.upkeep.mending import mend
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_daemon.ledger.upkeep.rollup import roll_up
from codevector_daemon.ledger.upkeep.workbench import Workbench
from codevector_daemon.ledger.writing.posting import mark
from codevector_daemon.store.salvage import RECOVERED, UNMENDED, Recovered, read_unmended
from codevector_shared.periods import DAY_S, between
from support.ledgers import ANA, NOON_MS, an_event
from support.past import Past, past

NOON_S = NOON_MS // 1000
BEN = replace(ANA, user_id=2, project="")
CALLS = 400
SPENT = sum(range(1, CALLS + 1))
KEEP = Keep(requests=90, five_minutes=14, hours=400)
YESTERDAY = date(2026, 1, 8)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Past]:
    """Two months with a call every four hours, rolled up, and the 5-minute buckets of all but two weeks given up."""
    with past(tmp_path) as made:
        made.count(
            an_event(f"e{n}", started_ms=NOON_MS - n * 4 * 3_600_000, series=ANA if n % 3 else BEN, spend_nano=1 + n)
            for n in range(CALLS)
        )
        made.upkeep(NOON_S + 60, KEEP)
        yield made


def lose(home: Past, *tables: str) -> None:
    """Lose every second row or slot of these tables, and note it, as a salvage does that met damage."""
    with closing(sqlite3.connect(home.path)) as connection, connection:
        for table in tables:
            place = "seq" if table == "requests" else "start"
            ranked = f"SELECT {place} AS place, dense_rank() OVER (ORDER BY {place}) AS rank FROM {table}"
            connection.execute(
                f"DELETE FROM {table} WHERE {place} IN (SELECT place FROM ({ranked}) WHERE rank % 2 = 1)"
            )
        noted = ((RECOVERED, Recovered(NOON_MS, "codevector.db.damaged-then", 1, list(tables))), (UNMENDED, tables))
        connection.executemany(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)",
            [(name, msgspec.json.encode(value).decode()) for name, value in noted],
        )


def look_after(home: Past, now_s: int = NOON_S + 60) -> None:
    assert Housekeeper(home.path, "node", KEEP, lambda: now_s * 1000).run()
    with closing(sqlite3.connect(home.path)) as connection:
        assert not read_unmended(connection)


def spent(home: Past, last: date = date(2026, 1, 31), **only: object) -> int:
    now = datetime.fromtimestamp(NOON_S, UTC)
    window = between(date(2025, 10, 1), last, now, ZoneInfo("UTC"))
    with home.reading() as connection:
        found = breakdown(Books(connection), window, (), Only(**only))  # type: ignore[typeddict-item]
    return total(found.values()).spend_nano


def problems(home: Past) -> list[str]:
    return [text for check in check_ledger(home.path, patience_s=1) for text in check.problems]


@pytest.mark.parametrize(
    "lost",
    [
        ("buckets_5m",),
        ("buckets_hour",),
        ("buckets_day",),
        ("buckets_month",),
        ("margins",),
        ("marks",),
        ("buckets_5m", "buckets_hour", "buckets_month", "margins", "marks"),
    ],
    ids=" and ".join,
)
def test_what_another_tier_or_the_calls_still_know_is_worked_out_again(home: Past, lost: tuple[str, ...]) -> None:
    before = spent(home), spent(home, user_id=1), spent(home, project="api")
    assert before[0] == SPENT
    lose(home, *lost)
    look_after(home)
    assert (spent(home), spent(home, user_id=1), spent(home, project="api")) == before
    assert problems(home) == []


def test_calls_that_are_lost_cost_no_sum_and_the_audit_says_from_when_it_compares(home: Past) -> None:
    lose(home, "requests")
    look_after(home)
    assert spent(home) == SPENT
    assert problems(home) == []
    (said,) = (check.detail for check in check_ledger(home.path, patience_s=1) if check.name == "the request rows")
    assert "codevector.db.damaged-then" in said
    home.count([an_event("next", started_ms=NOON_MS + 2 * 3_600_000)])
    assert problems(home) == []
    with closing(sqlite3.connect(home.path)) as connection, connection:
        connection.execute("DELETE FROM requests WHERE id = 'next'")
    assert problems(home) != [], "what comes later is compared as ever"


def test_where_calls_and_5_minute_buckets_are_lost_what_was_rolled_up_stays(home: Past) -> None:
    before = spent(home, YESTERDAY)
    lose(home, "buckets_5m", "requests")
    look_after(home)
    assert spent(home, YESTERDAY) == before
    home.count([an_event("late", started_ms=NOON_MS - 3 * DAY_S * 1000, spend_nano=7)])
    look_after(home)
    assert spent(home, YESTERDAY) == before + 7, "and a late call adds to it"


def test_mending_that_was_broken_off_is_begun_again(home: Past) -> None:
    lose(home, "buckets_5m", "margins")
    for transactions in (1, 2, 5, 9):
        home.upkeep(NOON_S + 60, KEEP, transactions=transactions)
    look_after(home)
    assert spent(home) == SPENT
    assert problems(home) == []


def test_a_call_that_settles_while_its_hour_is_worked_out_again_is_counted(home: Past) -> None:
    class Meanwhile(threading.Event):
        counted = False

        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  # nobody has to be let through here
            if not self.counted:
                self.counted = True
                home.count([an_event("meanwhile", started_ms=NOON_MS + 60_000, spend_nano=7)])
            return False

    lose(home, "buckets_5m")
    bench = Workbench(home.path, "node", Meanwhile(), patience_s=1, pause_s=0, hold_s=0)
    assert bench.take_lease(NOON_MS)
    assert mend(bench)
    bench.close()
    look_after(home)
    assert spent(home) == SPENT + 7
    assert problems(home) == []


@pytest.mark.parametrize("looks", range(2, 6))
def test_a_late_call_that_settles_while_margins_are_worked_out_again_is_in_them(home: Past, looks: int) -> None:
    class Meanwhile(threading.Event):
        left = looks

        def is_set(self) -> bool:
            self.left -= 1
            if not self.left:
                home.count([an_event("late", started_ms=NOON_MS - 20 * DAY_S * 1000, spend_nano=7)])
            return False

    before = spent(home, project="api")
    with closing(sqlite3.connect(home.path)) as connection, connection:
        mark(connection, [(Tier.FIVE_MINUTES, NOON_S - 20 * DAY_S)])
    bench = Workbench(home.path, "node", Meanwhile(), patience_s=1, pause_s=0, hold_s=0)
    assert bench.take_lease(NOON_MS)
    roll_up(bench, NOON_S + 60)
    bench.close()
    look_after(home)
    assert spent(home, project="api") == before + 7
    assert problems(home) == []
