"""The writer never waits for 50 ms: every transaction of the upkeep ends long before, on a slow machine too.

Time is what SQLite has worked, not what a clock says, so that this holds or fails the same everywhere.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from codevector_daemon.ledger.upkeep.retention import Keep, retire
from codevector_daemon.ledger.upkeep.rollup import roll_up
from codevector_daemon.ledger.upkeep.workbench import Workbench
from codevector_shared.periods import DAY_S
from support.ledgers import ANA, NOON_MS, an_event
from support.past import EVER, Past, past

NOON_S = NOON_MS // 1000
LONGEST_S = 0.05
WORK = 100
"""Steps of SQLite's virtual machine between two looks at the meter."""
PRICE_S = 0.00005
"""What they take on a machine ten times as slow as the one this was measured on."""


class Meter:
    """A clock that goes on with the work of one connection, and knows how long each of its transactions held."""

    def __init__(self) -> None:
        self.held: list[float] = []
        self._now = 0.0
        self._began: float | None = None

    def watch(self, connection: sqlite3.Connection) -> None:
        """Go by the work of this connection."""
        connection.set_progress_handler(self._work, WORK)
        connection.set_trace_callback(self._saw)

    def __call__(self) -> float:
        return self._now

    def _work(self) -> int:
        self._now += PRICE_S
        return 0

    def _saw(self, statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            self._began = self._now
        elif statement in {"COMMIT", "ROLLBACK"} and self._began is not None:
            self.held.append(self._now - self._began)
            self._began = None

    def assert_short(self) -> None:
        """Assert that no transaction held the writer for long, though all of the work did."""
        assert max(self.held) < LONGEST_S
        assert sum(self.held) > 1.5 * LONGEST_S, "the work is too little to tell"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Past]:
    """A month of which one hour and one day are crowded."""
    crowd = [replace(ANA, project=f"project {n}", user_id=n % 3 + 1, model=f"m{n % 40}") for n in range(900)]
    with past(tmp_path) as made:
        made.count(an_event(f"a{n}", series=whose, started_ms=NOON_MS) for n, whose in enumerate(crowd))
        made.count(an_event(f"b{n}", series=whose, started_ms=NOON_MS + 3_600_000) for n, whose in enumerate(crowd))
        made.count(an_event(f"c{n}", started_ms=NOON_MS - n * 3_600_000) for n in range(600))
        yield made


@contextmanager
def bench(home: Past) -> Iterator[tuple[Workbench, Meter]]:
    meter = Meter()
    made = Workbench(home.path, "node", threading.Event(), patience_s=1, pause_s=0, clock=meter)
    meter.watch(made.connection)
    assert made.take_lease(NOON_MS)
    try:
        yield made, meter
    finally:
        made.close()


def roll(home: Past) -> Meter:
    with bench(home) as (made, meter):
        roll_up(made, NOON_S + 60 * DAY_S)
    return meter


def test_rolling_up_a_crowded_day(home: Past) -> None:
    roll(home).assert_short()


def test_cutting_everything_anew_after_a_change_of_the_zone(home: Past) -> None:
    home.upkeep(NOON_S + 60 * DAY_S, EVER)
    home.set_zone("Asia/Kolkata", NOON_S + 60 * DAY_S)
    roll(home).assert_short()


def test_giving_up_what_is_old(home: Past) -> None:
    home.upkeep(NOON_S + 60 * DAY_S, EVER)
    with bench(home) as (made, meter):
        retire(made, Keep(requests=1, five_minutes=1, hours=1), NOON_S + 60 * DAY_S)
    meter.assert_short()
