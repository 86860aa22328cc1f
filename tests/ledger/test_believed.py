"""A wrong clock deletes next to nothing, and right ones are followed."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from codevector_daemon.ledger.upkeep.believed import Believed
from codevector_daemon.ledger.upkeep.housekeeping import Housekeeper
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_daemon.ledger.upkeep.workbench import Workbench
from codevector_shared.periods import DAY_S, HOUR_S
from support.ledgers import NOON_MS, an_event
from support.past import Past, past

NOON_S = NOON_MS // 1000
YEARS_S = 73 * 365 * DAY_S
DAYS = 70


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Past]:
    """Seventy days with a call each, looked after until now."""
    with past(tmp_path) as made:
        made.count(an_event(f"e{n}", started_ms=NOON_MS - n * DAY_S * 1000) for n in range(DAYS))
        look_after(made, NOON_S)
        yield made


def look_after(home: Past, now_s: int, *, times: int = 1) -> None:
    """Do what one daemon does in so many rounds of its upkeep."""
    keeper = Housekeeper(home.path, "node", Keep(), lambda: now_s * 1000)
    for _ in range(times):
        assert keeper.run()


def calls(home: Past) -> int:
    ((found,),) = home.all("SELECT count(*) FROM requests")
    return int(str(found))


def test_a_clock_set_to_2099_deletes_no_call(home: Past) -> None:
    look_after(home, NOON_S + YEARS_S, times=3)
    assert calls(home) == DAYS
    home.count([an_event("in 2099", started_ms=(NOON_S + YEARS_S) * 1000)])
    look_after(home, NOON_S + YEARS_S)
    assert calls(home) == DAYS + 1
    look_after(home, NOON_S + 60)
    home.count([an_event("today", started_ms=NOON_MS + 1_000)])
    look_after(home, NOON_S + 2 * DAY_S)
    assert calls(home) == DAYS + 2
    assert home.all(f"SELECT sum(requests) FROM buckets_day WHERE start < {NOON_S + DAY_S}") == [(DAYS + 1,)]


def test_a_clock_that_goes_back_deletes_nothing_and_counting_goes_on(home: Past) -> None:
    look_after(home, NOON_S - 40 * 365 * DAY_S, times=2)
    home.count([an_event("back then", started_ms=NOON_MS - 400 * DAY_S * 1000)])
    look_after(home, NOON_S + DAY_S)
    assert calls(home) == DAYS, "what began more than 90 days ago goes, as ever"
    assert home.all("SELECT sum(requests) FROM buckets_day") == [(DAYS + 1,)]


def test_days_that_truly_pass_are_followed(home: Past) -> None:
    for day in range(1, 30):
        look_after(home, NOON_S + day * DAY_S)
    assert calls(home) == 62, "those of 61 days ago and later"


def test_a_long_absence_is_made_up_for_in_hours_of_running(home: Past) -> None:
    running = 0.0
    believed = Believed(lambda: running)
    bench = Workbench(home.path, "node", threading.Event(), patience_s=1, pause_s=0)
    assert bench.take_lease(NOON_MS)
    claimed = NOON_S + 365 * DAY_S
    found = []
    for hour in range(60):
        running = hour * HOUR_S
        found.append((believed.now_s(bench, claimed) - NOON_S) / DAY_S)
    bench.close()
    assert found[:3] == [7, 14, 21]
    assert found[-1] == 365


def test_a_database_that_was_never_looked_after_goes_by_its_newest_call(tmp_path: Path) -> None:
    with past(tmp_path) as made:
        made.count(an_event(f"e{n}", started_ms=NOON_MS - n * DAY_S * 1000) for n in range(DAYS))
        look_after(made, NOON_S + YEARS_S)
        assert calls(made) == DAYS
