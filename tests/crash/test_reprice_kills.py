"""Killed while all is priced anew under load: every price is the old one or every price is new, and no call is lost."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from codevector_daemon.store.hold import is_held
from support.audit import assert_sound
from support.control import Control
from support.counts import Rates
from support.crowd import Witness, crowd, rehearse
from support.daemon import Daemon, temporary_home
from support.desk import Desk, furnish
from support.ledgers import ANA, COUNTS, an_event
from support.past import past
from support.provider import ScriptedProvider
from support.waiting import until

HOUR_MS = 3_600_000
ROWS = 6_000
CHEAP, DEAR = Rates("2", "10", "2", "2", "2"), Rates("4", "20", "4", "4", "4")
PATIENT = {"CODEVECTOR_SHUTDOWN_SECONDS": "1", "CODEVECTOR_STORE_PATIENCE": "30"}
"""A call that waited for the store while it is held would be late, not spooled as in trouble."""


def price(rates: Rates) -> int:
    """Return what one of the old calls costs."""
    counts = COUNTS
    read = counts.uncached_input + counts.cache_read + counts.cache_write_5m + counts.cache_write_1h
    return 1_000 * (int(rates.input) * read + int(rates.output) * counts.output)


@pytest.fixture
def desk(provider: ScriptedProvider) -> Iterator[Desk]:
    """Run a daemon that has counted thousands of calls over ten days, at no price known."""
    provider.reset()
    rehearse(provider)
    with temporary_home() as home:
        home.mkdir(mode=0o700)
        now_ms = time.time_ns() // 1_000_000
        whose = [replace(ANA, project=f"old-{n}", model="aged", provider="open") for n in range(100)]
        with past(home) as made:
            made.count(
                an_event(f"h-{n}", series=whose[n % 100], started_ms=now_ms - HOUR_MS - n * 144_000, spend_nano=1)
                for n in range(ROWS)
            )
        with Daemon(home, PATIENT) as daemon:
            made_desk = furnish(daemon, provider)
            daemon.control.add_model("aged", "open", "aged-upstream", rates=CHEAP)
            yield made_desk
            print(daemon.output)  # noqa: T201  # pytest shows it with a failure


@contextmanager
def repricing(daemon: Daemon) -> Iterator[threading.Thread]:
    """Have all old calls priced anew in the background; what becomes of the answer is nobody's concern."""

    def ask() -> None:
        with suppress(httpx.HTTPError, AssertionError), closing(Control(daemon.home / "control.sock")) as control:
            control.call("POST", "/usage/reprice", {"from": "2020-01-01", "model": "aged"})

    thread = threading.Thread(target=ask)
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive()


def set_price(daemon: Daemon, rates: Rates) -> None:
    daemon.control.call("PATCH", "/models/aged", {"price": rates.override()})


def charged(desk: Desk) -> int:
    """Return what every single one of the old calls is charged, by its row and by the buckets."""
    (row,) = desk.books.rows(
        "SELECT min(spend_nano) AS least, max(spend_nano) AS most FROM requests WHERE id LIKE 'h-%'"
    )
    assert row["least"] == row["most"], "some prices are new and some are old"
    (sums,) = desk.books.rows(
        "SELECT sum(spend_nano) AS nano FROM buckets_5m WHERE series_id IN (SELECT id FROM series WHERE model = 'aged')"
    )
    assert sums["nano"] == ROWS * row["least"]
    return int(row["least"])


def audited(desk: Desk) -> int:
    return len(desk.books.rows("SELECT 1 FROM audit WHERE action = 'usage.reprice'"))


def moments(path: Path, chance: random.Random) -> Iterator[Callable[[threading.Thread], object]]:
    """Yield ways to wait for the moment of a kill: while it works out, during the switch, and right after."""
    for _ in range(3):
        yield lambda _: time.sleep(chance.uniform(0, 0.3))
        yield lambda asking: (_switching(path, asking), time.sleep(chance.uniform(0, 0.15)))
        yield lambda asking: asking.join(60)


def _switching(path: Path, asking: threading.Thread) -> None:
    """Wait until the switch holds the store, or is over."""
    while not is_held(path) and asking.is_alive():
        time.sleep(0.001)


def test_all_prices_are_old_or_all_are_new_whenever_it_is_killed(
    desk: Desk, witness: Witness, chance: random.Random
) -> None:
    daemon, path = desk.daemon, desk.daemon.home / "codevector.db"
    now, seen = 1, audited(desk)
    with crowd(desk, witness):
        for number, wait in enumerate(moments(path, chance)):
            rates = DEAR if number % 2 else CHEAP
            set_price(daemon, rates)
            with repricing(daemon) as asking:
                wait(asking)
                daemon.kill()
            daemon.start()
            found = charged(desk)
            assert found in {now, price(rates)}
            assert audited(desk) == seen + (found != now), "the audit tells of it exactly when it was done"
            now, seen = found, audited(desk)
            until(lambda: not daemon.control.status()["degraded"], "everything to be in the store")
        set_price(daemon, Rates("6", "30", "6", "6", "6"))
        with repricing(daemon):
            pass
        assert charged(desk) == 3 * price(CHEAP)
    assert_sound(desk, witness)
    assert witness.ended
    assert "Traceback" not in daemon.output


def test_a_stop_while_prices_are_worked_out_ends_in_time_and_leaves_all_or_nothing_done(desk: Desk) -> None:
    daemon = desk.daemon
    set_price(daemon, DEAR)
    lock = daemon.home / "codevector.db.repricing.lock"
    with repricing(daemon) as asking:
        until(lambda: lock.exists() or not asking.is_alive(), "the work to begin")
        assert daemon.stop(15) == 0, daemon.output
    assert charged(desk) in {1, price(DEAR)}
    assert not lock.exists()
    assert "Traceback" not in daemon.output
    daemon.start()
    assert daemon.control.call("GET", "/doctor/ledger")["ok"]
