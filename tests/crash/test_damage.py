"""The database is damaged under a running daemon: it is set aside, a new one goes on, and people are told."""

import sqlite3
import time

from support.crowd import Witness, crowd
from support.desk import Desk
from support.waiting import until

PAGE = 4096


def ruin(desk: Desk) -> None:
    """Overwrite every page of the file but the first, behind SQLite's back, after all of it was moved there."""
    path = desk.daemon.home / "codevector.db"
    connection = sqlite3.connect(path, timeout=5)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (requests,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'requests_by_series'").fetchone()
    (series,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'series_dimensions'"
    ).fetchone() or (requests,)
    with path.open("r+b") as file:
        for page in (requests, series):
            file.seek((page - 1) * PAGE)
            file.write(b"\xa5" * PAGE)
    connection.close()


def test_damage_under_load_costs_no_call_and_is_said_loudly(desk: Desk, witness: Witness) -> None:
    with crowd(desk, witness):
        time.sleep(0.5)
        ruin(desk)
        told = until(lambda: desk.daemon.control.status()["recovered"], "the daemon to have started over", 20)
        seen = len(witness.ended)
        until(lambda: len(witness.ended) > seen + 20, "calls to go on")
    assert "the damaged file is kept as codevector.db.damaged-" in told
    assert list(desk.daemon.home.glob("codevector.db.damaged-*"))
    until(lambda: not desk.daemon.control.status()["degraded"], "everything to be in the database")
    rows = {row["id"] for row in desk.books.rows("SELECT id FROM requests")}
    assert witness.ended <= rows
    assert desk.daemon.control.call("GET", "/doctor/ledger")["recovered"] == told
    assert desk.daemon.stop() == 0
    assert desk.daemon.start()["recovered"] == told
