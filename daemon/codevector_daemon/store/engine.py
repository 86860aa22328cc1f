"""The store: one SQLite file, transactions as functions."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from codevector_daemon.errors import StoreCorrupt, StoreError, StoreRefused
from codevector_daemon.store.connect import is_still, plain, stat_of
from codevector_daemon.store.hold import is_held
from codevector_daemon.store.prepare import prepare_or_salvage
from codevector_daemon.store.trouble import translated

T = TypeVar("T")

_SCHEME = "sqlite:///"
_READERS = 4
"""Connections that read at once; each is a thread, and two cores are soon busy."""

_HOLD_PATIENCE_S = 60.0
"""How long a hold on purpose is waited for; it takes seconds, and nothing is written before it ends."""
_HOLD_ASKED_S = 0.02

SHARED = "shared"
"""Under this name in its ``info`` a connection has a dictionary that all readers of one file have in common."""

_FILE = "file"
"""Under this name in its ``info`` a connection that writes has the file that it was opened to."""


class Store:
    """The database of one node. A transaction is a function, because statements of two coroutines must not mix.

    A question runs in a thread of the store from its first statement to its last, so that it costs the loop one
    hand-over, however many rows are made into an answer. What is written here is rare and small: it goes through
    aiosqlite, statement by statement, and is rolled back where whoever asked for it is cancelled.
    """

    def __init__(self, path: Path, patience_s: float) -> None:
        self.path = path
        self.patience_s = patience_s
        self._file = path.stat()
        """Which file is read."""
        self._readers = _reading_engine(path, patience_s)
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._writer = _writing_engine(path, patience_s)
        self._writing = asyncio.Lock()
        self._closed = False
        self.on_damage: Callable[[StoreCorrupt], None] = lambda _: None
        """Told, on the loop, when SQLite reports that the file is damaged."""

    @classmethod
    async def open(cls, url: str, *, patience_s: float) -> "Store":
        """Open ``sqlite:///…``, creating or upgrading the file; raises StoreTooNew, StoreCorrupt, StoreRefused.

        A damaged file of ours is set aside, and what can be read of it is in the new one: see ``salvage``.

        ``patience_s`` is how long a lock of another process is waited for.
        """
        path = path_of(url)
        now_ms = time.time_ns() // 1_000_000
        await asyncio.to_thread(prepare_or_salvage, path, now_ms=now_ms, patience_s=patience_s)
        return cls(path, patience_s)

    async def read(self, fn: Callable[[sa.Connection], T]) -> T:
        """Run ``fn`` in a thread, on a read-only connection; all its statements see the same moment."""
        await self._follow()
        self._refuse_closed()
        with self._watched():
            return await asyncio.get_running_loop().run_in_executor(self._reading, self._read, fn)

    async def write(self, fn: Callable[[sa.Connection], T]) -> T:
        """Run ``fn`` as one transaction: committed when it returns, rolled back when it raises."""
        await self._make_way()
        self._refuse_closed()
        async with self._writing:
            with self._watched():
                async with self._writer.begin() as connection:
                    return await connection.run_sync(self._write, fn)

    async def close(self) -> None:
        """Close every connection; the last one out leaves no write-ahead log behind."""
        self._closed = True
        await asyncio.to_thread(self._end_reading)
        async with self._writing:
            await self._writer.dispose()

    def _read(self, fn: Callable[[sa.Connection], T]) -> T:
        with self._readers.connect() as connection:
            return fn(connection)

    def _write(self, connection: sa.Connection, fn: Callable[[sa.Connection], T]) -> T:
        # Looked at under the lock, which may have been waited for until another file had taken this one's place.
        if not is_still(self.path, connection.info[_FILE]):
            raise StoreRefused(f"{self.path} was replaced while in use; try again")
        return fn(connection)

    def _end_reading(self) -> None:
        self._reading.shutdown()
        self._readers.dispose()

    async def _follow(self) -> None:
        """Read another file where a process, this one or another, has put it in the old one's place.

        What is under way still ends on the old one.
        """
        found = stat_of(self.path)
        if found is not None and not os.path.samestat(found, self._file):
            self._file = found
            before, self._readers = self._readers, _reading_engine(self.path, self.patience_s)
            await asyncio.to_thread(before.dispose)

    async def _make_way(self) -> None:
        """Wait while the store is held on purpose, which takes longer than a lock is waited for."""
        until = time.monotonic() + _HOLD_PATIENCE_S
        while is_held(self.path) and time.monotonic() < until:  # noqa: ASYNC110  # another process may hold it
            await asyncio.sleep(_HOLD_ASKED_S)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreRefused(f"{self.path} is closed")

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with translated(self.path):
                yield
        except StoreCorrupt as error:
            self.on_damage(error)
            raise


def path_of(url: str) -> Path:
    """Return the file of a ``sqlite:///path`` address."""
    if not url.startswith(_SCHEME) or url == _SCHEME:
        raise StoreError("the database address must be sqlite:///path/to/codevector.db")
    return Path(url.removeprefix(_SCHEME)).absolute()


def _reading_engine(path: Path, patience_s: float) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: plain(path, patience_s=patience_s, mode="ro"),
        poolclass=sa.QueuePool,
        # As many as there are threads, so that none ever waits for one.
        pool_size=_READERS,
        max_overflow=0,
        # The connection used last knows best what was asked last.
        pool_use_lifo=True,
    )
    shared: dict[str, Any] = {}

    def connected(_connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  # the driver's own
        entry.info[SHARED] = shared

    sa.event.listen(engine, "connect", connected)
    _prepare(engine, begin="BEGIN")
    return engine


def _writing_engine(path: Path, patience_s: float) -> AsyncEngine:
    engine = create_async_engine(
        sa.URL.create("sqlite+aiosqlite", database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"}),
        connect_args={"timeout": patience_s, "isolation_level": None},
        pool_size=1,
        max_overflow=0,
    )

    def connecting(_dialect: Any, entry: ConnectionPoolEntry, _args: Any, _named: Any) -> None:  # noqa: ANN401  # SQLAlchemy's own
        # Before it is opened: a file that takes its place meanwhile must not be taken for it.
        entry.info[_FILE] = stat_of(path)

    def checked_out(_connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:  # noqa: ANN401  # SQLAlchemy's own
        if not is_still(path, entry.info[_FILE]):
            raise sa.exc.DisconnectionError  # so that another one is opened

    sa.event.listen(engine.sync_engine, "do_connect", connecting)
    sa.event.listen(engine.sync_engine, "checkout", checked_out)
    _prepare(engine.sync_engine, begin="BEGIN IMMEDIATE")
    return engine


def _prepare(engine: sa.Engine, *, begin: str) -> None:
    """Have an engine set up its connections, and begin its transactions itself."""

    def connected(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  # the driver's own
        cursor = connection.cursor()
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "temp_store = MEMORY", "cache_size = -4096"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
