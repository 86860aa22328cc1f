"""Moves the write-ahead log into the database in a thread of its own, so that no commit pays for it."""

import logging
import sqlite3
import threading
from pathlib import Path

from codevector_daemon.store.connect import plain

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
"""At most one checkpoint in this time: each one flushes the disk."""

_LONG_LOG = 1024
"""Pages (4 KiB) from which on writers are held up for a moment so that the log can start over."""


class Checkpointer:
    """Wakes after a nudge; rests while nobody writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="checkpointer", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """Say that something was written. Cheap, from any thread."""
        if not self._wanted.is_set():
            self._wanted.set()

    def close(self) -> None:
        """End the thread; blocks until a checkpoint under way is done."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join()

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        while self._wanted.wait() and not self._stopping.wait(_PAUSE_S):
            self._wanted.clear()
            try:
                connection = connection or plain(self._path, patience_s=0.05)
                checkpoint(connection)
            except sqlite3.Error as error:
                # Whoever writes next meets the same trouble, and tells people about it.
                log.debug("no checkpoint of %s: %s", self._path, error)
        if connection is not None:
            connection.close()


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copy what can be copied without holding anyone up; make a long log start over."""
    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if pages > _LONG_LOG:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
