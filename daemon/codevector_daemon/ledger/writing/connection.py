"""The writer's own connection to the store: plain SQLite, one transaction per batch, every trouble told as ours."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from codevector_daemon.errors import StoreRefused
from codevector_daemon.store.checkpoint import Checkpointer
from codevector_daemon.store.connect import plain
from codevector_daemon.store.migrations import HEAD
from codevector_daemon.store.trouble import reason

Durability = Literal["process", "power"]
"""What a committed batch survives: any death of the process, or a power cut too (a flush of the disk per commit)."""

_LOG_BYTES = 32 * 1024 * 1024
"""To what the write-ahead log is cut back after a burst; cutting holds a commit up for 20 ms, so it must be rare."""

_PROBE_MS = 25
"""How long a lock is waited for while the store is known to be in trouble."""


class WriterConnection:
    """Opened when first needed and again after trouble. Used by one thread at a time."""

    def __init__(self, path: Path, *, durability: Durability, patience_s: float) -> None:
        self._path = path
        self._checkpointer = Checkpointer(path)
        self._durability = durability
        self._patience_s = patience_s
        self._connection: sqlite3.Connection | None = None
        self._file: os.stat_result | None = None
        self._waits_ms = 0

    @contextmanager
    def transaction(self, *, probe: bool = False) -> Iterator[sqlite3.Connection]:
        """Run the block in ``BEGIN IMMEDIATE``; committed at its end, rolled back when it raises.

        Raises StoreRefused or StoreCorrupt for any trouble with the store; ``probe`` waits only shortly for a lock.
        """
        try:
            connection = self._ready(probe=probe)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
                self._checkpointer.committed(connection)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.DatabaseError, OSError) as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError):
                raise
            self._drop()
            raise reason(error, self._path) or StoreRefused(f"{self._path}: {error}") from error

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    def let_go(self) -> None:
        """Close every file of the database, so that another may take its place."""
        self.close()
        self._checkpointer = Checkpointer(self._path)

    def close(self) -> None:
        """Close the connection and end the checkpoints; blocks until one under way is done."""
        self._drop()
        self._checkpointer.close()

    def _drop(self) -> None:
        """Let go of the connection; the next transaction opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ready(self, *, probe: bool) -> sqlite3.Connection:
        self._notice_a_lost_file()
        if self._connection is None:
            self._connection = self._open()
            self._waits_ms = _PROBE_MS
        patience_ms = _PROBE_MS if probe else int(self._patience_s * 1000)
        if patience_ms != self._waits_ms:
            self._connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
            self._waits_ms = patience_ms
        return self._connection

    def _open(self) -> sqlite3.Connection:
        self._file = self._path.stat()
        connection = plain(self._path, patience_s=_PROBE_MS / 1000)
        try:
            self._check_version(connection)
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durability == 'power' else 'NORMAL'}")
            # The checkpointer does it, away from the commits.
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
            connection.execute("PRAGMA cache_size = -3072")
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_version(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if found != (HEAD,):
            raise StoreRefused(f"{self._path} is no longer the database it was")

    def _notice_a_lost_file(self) -> None:
        """Refuse to go on writing into a file that was removed or replaced: nobody would ever read it."""
        if self._connection is None or self._file is None:
            return
        if not os.path.samestat(self._file, self._path.stat()):
            self._drop()
            raise StoreRefused(f"{self._path} was replaced while in use")
