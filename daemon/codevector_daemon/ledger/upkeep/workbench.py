"""Where the ledger's upkeep is done: a connection of its own, a lease, transactions too short to be noticed."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from codevector_daemon.errors import CodeVectorError
from codevector_daemon.store.connect import plain

log = logging.getLogger(__name__)

LEASE = "upkeep"
LEASE_MS = 60_000
"""How long a process that died keeps others from the work."""

ROWS = 50
"""Rows written or deleted in one step: about a millisecond, and on a machine ten times as slow still only ten."""

HOLD_S = 0.002
"""A transaction ends with the step in which it becomes this old, so that the writer never waits for 50 ms."""

PAUSE_S = 0.004
"""The shortest pause after a transaction."""

PAUSE_TIMES = 9
"""So many times as long as a transaction took is the pause after it: others mostly find the store free."""

_TAKE = """
INSERT INTO leases (name, holder, until_ms) VALUES (?1, ?2, ?3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
WHERE holder = ?2 OR until_ms < ?4 OR until_ms > ?3
"""


class LeaseLostError(CodeVectorError):
    """Another process has taken the work over."""


class Stopped(CodeVectorError):
    """The process is ending; what is left is done by the next one."""


class Workbench:
    """Runs small transactions as long as it holds the lease. Used by one thread."""

    def __init__(
        self,
        path: Path,
        node: str,
        stopping: threading.Event,
        *,
        patience_s: float,
        pause_s: float = PAUSE_S,
        hold_s: float = HOLD_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = plain(path, patience_s=patience_s)
        self._node = node
        self._stopping = stopping
        self._pause_s = pause_s
        self._hold_s = hold_s
        self._clock = clock
        # What is computed can be computed again, so no transaction here flushes the disk.
        for pragma in ("synchronous = NORMAL", "wal_autocheckpoint = 0", "temp_store = MEMORY", "cache_size = -8192"):
            self.connection.execute(f"PRAGMA {pragma}")

    def take_lease(self, now_ms: int) -> bool:
        """Take or renew the lease; a lease that ends absurdly late was given by a clock that was wrong."""
        return self.connection.execute(_TAKE, (LEASE, self._node, now_ms + LEASE_MS, now_ms)).rowcount == 1

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read in one moment; temporary tables may be filled meanwhile, which holds nobody up."""
        self._stop_if_asked()
        self.connection.execute("BEGIN")
        try:
            yield self.connection
        finally:
            self.connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write in one short transaction, then leave the store to others; raises LeaseLostError and Stopped."""
        self._stop_if_asked()
        self.connection.execute("BEGIN IMMEDIATE")
        began = self._clock()
        try:
            self._check_lease()
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self._stopping.wait(max(self._pause_s, PAUSE_TIMES * (self._clock() - began)))

    def work_off(self, steps: Iterator[int]) -> int:
        """Go through work that yields after every small step, in short transactions; returns the sum of its yields."""
        return work_off(steps, self.writing, self._clock, self._hold_s)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _stop_if_asked(self) -> None:
        if self._stopping.is_set():
            raise Stopped("the process is ending")

    def _check_lease(self) -> None:
        found = self.connection.execute("SELECT holder FROM leases WHERE name = ?", (LEASE,)).fetchone()
        if found != (self._node,):
            raise LeaseLostError("another process looks after the ledger now")


def work_off(
    steps: Iterator[int],
    transaction: Callable[[], AbstractContextManager[object]],
    clock: Callable[[], float],
    hold_s: float = HOLD_S,
) -> int:
    """Go through the steps in transactions that each end with the step in which they become too old."""
    total, going_on = 0, True
    while going_on:
        with transaction():
            began = clock()
            for done in steps:
                total += done
                if clock() - began >= hold_s:
                    break
            else:
                going_on = False
    return total


def until_none(step: Callable[[], int]) -> Iterator[int]:
    """Repeat a step until it finds nothing more, and yield how many rows it took each time."""
    while done := step():
        yield done
    yield 0
