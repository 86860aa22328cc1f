import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from codevector_daemon.ledger.upkeep.integrity import Check, check_ledger
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_shared.periods import DAY_S
from support.ledgers import ANA, NOON_MS, an_event
from support.past import Past, past

NOON_S = NOON_MS // 1000


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Past]:
    with past(tmp_path, zone="Asia/Kolkata") as made:
        made.count(
            an_event(
                f"e{n}",
                started_ms=NOON_MS - n * 5 * 3_600_000,
                own_login=n % 2 == 0,
                parent_id="x" if n % 9 == 0 else None,
            )
            for n in range(200)
        )
        made.count([an_event("no", state="rejected"), an_event("bad", state="interrupted", usage_source="estimated")])
        yield made


def problems(home: Past) -> list[str]:
    return [text for check in checks(home) for text in check.problems]


def checks(home: Past) -> list[Check]:
    return check_ledger(home.path, patience_s=1)


def change(home: Past, sql: str) -> None:
    connection = sqlite3.connect(home.path)
    with connection:
        connection.execute(sql)
    connection.close()


@pytest.mark.parametrize("days", [0, 1, 3, 40, 800])
def test_a_ledger_that_was_looked_after_adds_up(home: Past, days: int) -> None:
    home.upkeep(NOON_S + 60)
    home.upkeep(NOON_S + days * DAY_S, Keep(requests=20, five_minutes=2, hours=30))
    home.count([an_event("late", started_ms=NOON_MS - 20 * DAY_S * 1000)])
    assert problems(home) == []
    assert len(checks(home)) == 8


@pytest.mark.parametrize(
    ("damage", "where"),
    [
        ("UPDATE buckets_hour SET output = output + 1 WHERE start = (SELECT min(start) FROM buckets_hour)", "hours"),
        ("DELETE FROM buckets_day WHERE start = (SELECT max(start) FROM buckets_day)", "days"),
        ("UPDATE buckets_month SET spend_nano = 0", "months"),
        ("DELETE FROM requests WHERE seq = 7", "request rows"),
        ("UPDATE margins SET requests = 9 WHERE tier = 2 AND dimension = 5 AND user_id = 1", "margins of days"),
    ],
)
def test_what_does_not_add_up_is_found(home: Past, damage: str, where: str) -> None:
    home.upkeep(NOON_S + 60 * DAY_S)
    change(home, damage)
    assert any(where in check.name for check in checks(home) if check.problems)


def test_what_waits_to_be_rolled_up_is_no_difference(home: Past) -> None:
    home.upkeep(NOON_S + 60 * DAY_S)
    home.count([an_event("late", series=ANA)])
    assert problems(home) == []
