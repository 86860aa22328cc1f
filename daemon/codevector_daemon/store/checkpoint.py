"""Moves the write-ahead log into the database in a thread of its own, so that no commit pays for it."""

import logging
import sqlite3
import threading
from pathlib import Path

from codevector_daemon.store.connect import plain

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_SHORT_PAUSE_S = 0.2
"""At most one checkpoint in this time, as each one flushes the disk; the short one while the log grows fast."""

_LONG_LOG = 512
"""Pages (4 KiB) from which on the log is made to start over instead of growing."""

_READERS_MS = 200
"""How long it is waited for readers that still need the log."""


class Checkpointer:
    """Copies after a nudge and rests while nobody writes.

    Under steady load the log never starts over by itself. Doing that from this thread would make the writer meet a
    lock and sleep (measured: 20 ms), so it is left to the writer, between two commits, where it takes 1 ms.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._long = False
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="checkpointer", daemon=True)
        self._thread.start()

    def committed(self, connection: sqlite3.Connection) -> None:
        """Take note of a commit, in the thread that made it; where the log is long, start it over."""
        if not self._wanted.is_set():
            self._wanted.set()
        if self._long:
            self._long = False
            start_over(connection)

    def close(self) -> None:
        """End the thread; blocks until a checkpoint under way is done."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join()

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        pause_s = _PAUSE_S
        while self._wanted.wait() and not self._stopping.wait(pause_s):
            self._wanted.clear()
            try:
                connection = connection or plain(self._path, patience_s=0.05)
                self._long = copy_log(connection) > _LONG_LOG
                pause_s = _SHORT_PAUSE_S if self._long else _PAUSE_S
            except sqlite3.Error as error:
                # Whoever writes next meets the same trouble, and tells people about it.
                log.debug("no checkpoint of %s: %s", self._path, error)
        if connection is not None:
            connection.close()


def copy_log(connection: sqlite3.Connection) -> int:
    """Copy what can be copied into the database without holding anyone up; returns the log's length in pages."""
    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)


def start_over(connection: sqlite3.Connection) -> None:
    """Let the next commit write at the log's beginning, unless a reader still needs the end; never waits."""
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA wal_checkpoint(RESTART)")
    connection.execute(f"PRAGMA busy_timeout = {patience_ms}")


def shorten_log(connection: sqlite3.Connection) -> None:
    """Copy the log and cut it off, as far as readers let go of it soon; the writer does the rest at some time."""
    try:
        copy_log(connection)
        connection.execute(f"PRAGMA busy_timeout = {_READERS_MS}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        log.debug("the log is cut off later: %s", error)
