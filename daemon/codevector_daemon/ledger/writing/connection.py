"""The writer's own connection to the store: plain SQLite, one transaction per batch, every trouble told as ours."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from codevector_daemon.errors import StoreHeld, StoreRefused
from codevector_daemon.store.checkpoint import Checkpointer
from codevector_daemon.store.connect import is_still, plain
from codevector_daemon.store.hold import is_held
from codevector_daemon.store.migrations import HEAD
from codevector_daemon.store.trouble import PRIMARY, reason

Durability = Literal["process", "power"]
"""What a committed batch survives: any death of the process, or a power cut too (a flush of the disk per commit)."""

_LOG_BYTES = 32 * 1024 * 1024
"""To what the write-ahead log is cut back after a burst; cutting holds a commit up for 20 ms, so it must be rare."""

_REPLAY_PAGES = 1024
"""From which length on the log is copied in the commit itself while what waited is caught up.

Hundreds of commits a second outrun the checkpointer: the log took the room that a full disk had just been given, and
then the database had none to grow into, for good.
"""

_PROBE_S = 0.025
"""How long a lock is waited for while the store is known to be in trouble, and at its opening."""

_ASK_MS = 3
"""A lock is asked for after 1 and 2 ms, over and over.

SQLite, left to wait longer, asks ever less often, up to every 100 ms: a store that the upkeep held for half of the time
it found locked for half a second on end.
"""


class WriterConnection:
    """Opened when first needed and again after trouble. Used by one thread at a time."""

    def __init__(self, path: Path, *, durability: Durability, patience_s: float) -> None:
        self._path = path
        self._checkpointer = Checkpointer(path)
        self._durability = durability
        self._patience_s = patience_s
        self._connection: sqlite3.Connection | None = None
        self._file: os.stat_result | None = None

    @contextmanager
    def transaction(self, *, probe: bool = False) -> Iterator[sqlite3.Connection]:
        """Run the block in ``BEGIN IMMEDIATE``; committed at its end, rolled back when it raises.

        Raises StoreHeld at once where the store is held on purpose, StoreRefused or StoreCorrupt for any trouble with
        it; ``probe`` waits only shortly for a lock.
        """
        self._refuse_a_held_store()
        try:
            connection = self._ready()
            connection.execute(f"PRAGMA wal_autocheckpoint = {_REPLAY_PAGES if probe else 0}")
            self._begin(connection, _PROBE_S if probe else self._patience_s)
            try:
                self._refuse_a_lost_file()
                yield connection
                connection.execute("COMMIT")
                # Once more: what went into a file that was replaced in between would be lost with it.
                self._refuse_a_lost_file()
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

    @property
    def is_current(self) -> bool:
        """Whether the path names the file that was opened last: nobody would ever read what is written into another."""
        return self._file is None or is_still(self._path, self._file)

    @property
    def is_held(self) -> bool:
        """Whether somebody holds the store on purpose, so that it would be asked in vain."""
        return is_held(self._path)

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

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        self._file = self._path.stat()
        connection = plain(self._path, patience_s=_PROBE_S)
        try:
            self._check_version(connection)
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durability == 'power' else 'NORMAL'}")
            # The checkpointer does it, away from the commits.
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
            connection.execute("PRAGMA cache_size = -3072")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA busy_timeout = {_ASK_MS}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_version(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if found != (HEAD,):
            raise StoreRefused(f"{self._path} is no longer the database it was")

    def _refuse_a_lost_file(self) -> None:
        """To be called under the lock, which may have been waited for until another file had taken this one's place."""
        if not self.is_current:
            raise OSError("it was removed or replaced while in use")

    def _refuse_a_held_store(self) -> None:
        if self.is_held:
            raise StoreHeld(f"{self._path} is held for a moment, on purpose")

    def _begin(self, connection: sqlite3.Connection, patience_s: float) -> None:
        """Begin a transaction as soon as others let go of the store; OperationalError when they do not in time."""
        until = time.monotonic() + patience_s
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY:
                    raise
                self._refuse_a_held_store()
                if time.monotonic() >= until:
                    raise
            else:
                return
