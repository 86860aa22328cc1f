"""The store: one SQLite file, transactions as functions."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from codevector_daemon.errors import StoreCorrupt, StoreError, StoreRefused
from codevector_daemon.store.prepare import prepare_or_salvage
from codevector_daemon.store.trouble import translated

T = TypeVar("T")

_SCHEME = "sqlite:///"
_READERS = 4
"""Connections that read at once; each is a thread, and two cores are soon busy."""


class Store:
    """The database of one node. A transaction is a function, because statements of two coroutines must not mix."""

    def __init__(self, path: Path, readers: AsyncEngine, writer: AsyncEngine, patience_s: float) -> None:
        self.path = path
        self.patience_s = patience_s
        self._readers = readers
        self._writer = writer
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
        readers = _engine(path, "ro", patience_s, begin="BEGIN", connections=_READERS)
        writer = _engine(path, "rw", patience_s, begin="BEGIN IMMEDIATE", connections=1)
        return cls(path, readers, writer, patience_s)

    async def read(self, fn: Callable[[sa.Connection], T]) -> T:
        """Run ``fn`` on a read-only connection; all its statements see the same moment."""
        self._refuse_closed()
        with self._watched():
            async with self._readers.connect() as connection:
                return await connection.run_sync(fn)

    async def write(self, fn: Callable[[sa.Connection], T]) -> T:
        """Run ``fn`` as one transaction: committed when it returns, rolled back when it raises."""
        self._refuse_closed()
        async with self._writing:
            with self._watched():
                async with self._writer.begin() as connection:
                    return await connection.run_sync(fn)

    async def renew(self) -> None:
        """Go on with the file that stands in the old one's place; what is under way still ends on the old one."""
        await self._readers.dispose()
        async with self._writing:
            await self._writer.dispose()

    async def close(self) -> None:
        """Close every connection; the last one out leaves no write-ahead log behind."""
        self._closed = True
        await self._readers.dispose()
        await self._writer.dispose()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with translated(self.path):
                yield
        except StoreCorrupt as error:
            self.on_damage(error)
            raise

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreRefused(f"{self.path} is closed")


def path_of(url: str) -> Path:
    """Return the file of a ``sqlite:///path`` address."""
    if not url.startswith(_SCHEME) or url == _SCHEME:
        raise StoreError("the database address must be sqlite:///path/to/codevector.db")
    return Path(url.removeprefix(_SCHEME)).absolute()


def _engine(path: Path, mode: str, patience_s: float, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        sa.URL.create("sqlite+aiosqlite", database=f"file:{quote(str(path))}", query={"mode": mode, "uri": "true"}),
        connect_args={"timeout": patience_s, "isolation_level": None, "cached_statements": 256},
        pool_size=connections,
        # The connection used last knows best what was asked last.
        pool_use_lifo=True,
        max_overflow=0,
        pool_timeout=max(patience_s, 1.0) * 5,
    )

    def connected(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  # the driver's own
        cursor = connection.cursor()
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "temp_store = MEMORY", "cache_size = -4096"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine.sync_engine, "connect", connected)
    sa.event.listen(engine.sync_engine, "begin", begun)
    return engine
