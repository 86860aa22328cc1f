import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from codevector_daemon.store.checkpoint import Checkpointer, copy_log, start_over
from codevector_daemon.store.connect import plain
from codevector_daemon.store.prepare import prepare


def opened(path: Path, patience_s: int = 1) -> sqlite3.Connection:
    prepare(path, patience_s=1)
    connection = plain(path, patience_s=patience_s)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def fill(connection: sqlite3.Connection, rows: int) -> None:
    for number in range(rows):
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"n{number}", "x" * 3000))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_copied_log_starts_over_instead_of_growing(tmp_path: Path) -> None:
    connection = opened(tmp_path / "a.db")
    log = tmp_path / "a.db-wal"
    fill(connection, 300)
    size = log.stat().st_size
    assert copy_log(connection) > 300
    start_over(connection)
    fill(connection, 200)
    assert log.stat().st_size == size
    connection.close()


def test_a_reader_keeps_the_log_and_holds_nobody_up(tmp_path: Path) -> None:
    connection = opened(tmp_path / "a.db", patience_s=600)
    reader = plain(tmp_path / "a.db", patience_s=1, mode="ro")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM meta").fetchone()
    fill(connection, 10)
    started = time.monotonic()
    copy_log(connection)
    start_over(connection)
    assert time.monotonic() - started < 300, "it waited for the reader"
    assert reader.execute("SELECT count(*) FROM meta").fetchone() == (0,)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (600_000,)
    reader.close()
    connection.close()


def test_commits_are_copied_in_the_background(tmp_path: Path) -> None:
    connection = opened(tmp_path / "a.db")
    before = (tmp_path / "a.db").stat().st_size
    checkpointer = Checkpointer(tmp_path / "a.db")
    fill(connection, 50)
    checkpointer.committed(connection)
    until(lambda: (tmp_path / "a.db").stat().st_size > before)
    checkpointer.close()
    connection.close()


def test_a_database_that_is_gone_does_not_end_the_thread(tmp_path: Path) -> None:
    checkpointer = Checkpointer(tmp_path / "missing.db")
    connection = opened(tmp_path / "a.db")
    checkpointer.committed(connection)
    until(lambda: not checkpointer._wanted.is_set())
    assert checkpointer._thread.is_alive()
    checkpointer.close()
    connection.close()
