"""The store: one SQLite file, transactions as functions."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from codevector_daemon.errors import StoreCorrupt, StoreError, StoreRefused
from codevector_daemon.store.connect import Mode, plain
from codevector_daemon.store.prepare import prepare_or_salvage
from codevector_daemon.store.trouble import translated

T = TypeVar("T")

_SCHEME = "sqlite:///"
_READERS = 4
"""Connections that read at once; each is a thread, and two cores are soon busy."""

SHARED = "shared"
"""Under this name in its ``info`` a connection has a dictionary that all readers of one file have in common."""


class Store:
    """The database of one node. A transaction is a function, because statements of two coroutines must not mix.

    It runs in a thread of the store from its first statement to its last, so that it costs the loop one hand-over,
    however many statements it has and however many rows it makes of them.
    """

    def __init__(self, path: Path, patience_s: float) -> None:
        self.path = path
        self.patience_s = patience_s
        self._readers = self._reading_engine()
        self._writer = _engine(path, "rw", patience_s, begin="BEGIN IMMEDIATE", connections=1)
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
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
        """Run ``fn`` on a read-only connection; all its statements see the same moment."""
        return await self._run(self._reading, self._read, fn)

    async def write(self, fn: Callable[[sa.Connection], T]) -> T:
        """Run ``fn`` as one transaction: committed when it returns, rolled back when it raises."""
        return await self._run(self._writing, self._write, fn)

    async def renew(self) -> None:
        """Go on with the file that stands in the old one's place; what is under way still ends on the old one."""
        before, self._readers = self._readers, self._reading_engine()
        await asyncio.to_thread(before.dispose)
        await asyncio.get_running_loop().run_in_executor(self._writing, self._writer.dispose)

    async def close(self) -> None:
        """Close every connection; the last one out leaves no write-ahead log behind."""
        self._closed = True
        await asyncio.to_thread(self._end)

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        within: Callable[[Callable[[sa.Connection], T]], T],
        fn: Callable[[sa.Connection], T],
    ) -> T:
        if self._closed:
            raise StoreRefused(f"{self.path} is closed")
        with self._watched():
            return await asyncio.get_running_loop().run_in_executor(threads, within, fn)

    # -- in the threads -----------------------------------------------------------------------------------------------

    def _read(self, fn: Callable[[sa.Connection], T]) -> T:
        with self._readers.connect() as connection:
            return fn(connection)

    def _write(self, fn: Callable[[sa.Connection], T]) -> T:
        with self._writer.begin() as connection:
            return fn(connection)

    def _end(self) -> None:
        for threads, engine in ((self._reading, self._readers), (self._writing, self._writer)):
            threads.shutdown()
            engine.dispose()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with translated(self.path):
                yield
        except StoreCorrupt as error:
            self.on_damage(error)
            raise

    def _reading_engine(self) -> sa.Engine:
        return _engine(self.path, "ro", self.patience_s, begin="BEGIN", connections=_READERS)


def path_of(url: str) -> Path:
    """Return the file of a ``sqlite:///path`` address."""
    if not url.startswith(_SCHEME) or url == _SCHEME:
        raise StoreError("the database address must be sqlite:///path/to/codevector.db")
    return Path(url.removeprefix(_SCHEME)).absolute()


def _engine(path: Path, mode: Mode, patience_s: float, *, begin: str, connections: int) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: plain(path, patience_s=patience_s, mode=mode),
        poolclass=sa.QueuePool,
        # As many as there are threads, so that none ever waits for one.
        pool_size=connections,
        max_overflow=0,
        # The connection used last knows best what was asked last.
        pool_use_lifo=True,
    )
    shared: dict[str, Any] = {}

    def connected(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  # the driver's own
        entry.info[SHARED] = shared
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "temp_store = MEMORY", "cache_size = -4096"):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
    return engine
