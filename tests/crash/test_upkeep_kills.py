"""Killed while it rolls up, and while it brings an older database up."""

import random
import sqlite3
import subprocess
import time
from pathlib import Path

from codevector_daemon.store.migrations import HEAD
from support.daemon import PROGRAMS, Daemon, environment, temporary_home
from support.ledgers import ANA, an_event
from support.past import past
from support.waiting import until

HOUR_MS = 3_600_000
HOURS = 500


def history(home: Path) -> int:
    """Leave a database with counts of five weeks of which nothing is rolled up; returns what was spent."""
    home.mkdir(mode=0o700)
    now_ms = time.time_ns() // 1_000_000
    with past(home) as made:
        made.count(
            an_event(f"old-{n}", series=ANA, started_ms=now_ms - (n % HOURS) * HOUR_MS, spend_nano=n)
            for n in range(3 * HOURS)
        )
    return sum(range(3 * HOURS))


def test_kills_while_rolling_up(chance: random.Random) -> None:
    with temporary_home() as home:
        spent = history(home)
        with Daemon(home) as daemon:
            for _ in range(4):
                until(lambda: daemon.books.rows("SELECT 1 FROM leases"), "the upkeep to begin")
                time.sleep(chance.uniform(0, 0.7))
                daemon.kill()
                with sqlite3.connect(home / "codevector.db") as connection:
                    connection.execute("DELETE FROM leases")
                connection.close()
                daemon.start()
            until(lambda: len(daemon.books.rows("SELECT 1 FROM marks WHERE tier = 0")) <= 12, "the roll-up's end", 60)
            health = daemon.control.call("GET", "/doctor/ledger")
            assert health["ok"], health["checks"]
            (found,) = daemon.books.rows("SELECT sum(spend_nano) AS nano FROM requests")
            assert found["nano"] == spent
            totals = daemon.control.call("GET", "/usage", period="90d", everyone="true")["totals"]
            assert int(totals["spend_usd"].replace(".", "")) == spent


def test_kills_while_migrating(chance: random.Random) -> None:
    with temporary_home() as home:
        home.mkdir(mode=0o700)
        path = home / "codevector.db"
        for _ in range(5):
            if not path.exists():
                an_older_database(path)
            daemon = subprocess.Popen([PROGRAMS / "codevectord"], env=environment(home), stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.3, 1.5))
            daemon.kill()
            daemon.wait(10)
            version, kept = state(path)
            assert version in {(), (HEAD,)}
            assert kept == [("kept",)]
            if version:
                for part in home.glob("codevector.db*"):
                    part.unlink()
        if not path.exists():
            an_older_database(path)
        with Daemon(home) as started:
            assert started.control.call("GET", "/doctor/ledger")["ok"]
            assert state(path) == ((HEAD,), [("kept",)])


def an_older_database(path: Path) -> None:
    """Write a database from before the first version: its tables are still to come."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.execute("CREATE TABLE earlier (note TEXT)")
    connection.execute("INSERT INTO earlier VALUES ('kept')")
    connection.commit()
    connection.close()


def state(path: Path) -> tuple[tuple[str, ...], list[tuple[str]]]:
    """Return a database's version and what was in it before."""
    connection = sqlite3.connect(path)
    versions = tuple(row[0] for row in connection.execute("SELECT version_num FROM alembic_version"))
    found = connection.execute("SELECT note FROM earlier").fetchall()
    connection.close()
    return versions, found
