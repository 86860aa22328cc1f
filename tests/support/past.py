"""A database with counts in it whose upkeep is done step by step, without a daemon's threads."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from codevector_daemon.ledger.entries import Settle
from codevector_daemon.ledger.event import UsageEvent
from codevector_daemon.ledger.upkeep.mending import mend
from codevector_daemon.ledger.upkeep.retention import Keep, give_space_back, retire
from codevector_daemon.ledger.upkeep.rollup import roll_up
from codevector_daemon.ledger.upkeep.workbench import HOLD_S, Stopped, Workbench
from codevector_daemon.ledger.upkeep.zone import change_zone
from codevector_daemon.ledger.writing.connection import WriterConnection
from codevector_daemon.ledger.writing.posting import Posting, SeriesIds
from codevector_daemon.store.connect import plain
from codevector_daemon.store.prepare import prepare

EVER = Keep(requests=100_000, five_minutes=100_000, hours=100_000)


class Interrupted(threading.Event):
    """Lets so many transactions through and is set then, as if the process had died between two of them."""

    def __init__(self, transactions: int) -> None:
        super().__init__()
        self._left = transactions

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  # nobody has to be let through here
        self._left -= 1
        if self._left <= 0:
            self.set()
        return self.is_set()


class Past:
    """One database file."""

    def __init__(self, folder: Path, *, zone: str = "UTC") -> None:
        self.path = folder / "codevector.db"
        prepare(self.path, patience_s=1)
        self._engine = sa.create_engine(
            "sqlite://", creator=lambda: plain(self.path, patience_s=1), poolclass=sa.QueuePool, pool_size=1
        )
        self._writer = WriterConnection(self.path, durability="process", patience_s=1)
        self.set_zone(zone, 0)

    def count(self, events: Iterable[UsageEvent]) -> None:
        """Take events in, in one transaction."""
        with self._writer.transaction() as transaction:
            Posting(transaction, SeriesIds(), "node").all([Settle(event) for event in events])

    def upkeep(self, now_s: int, keep: Keep = EVER, *, transactions: int | None = None) -> None:
        """Roll up and delete; where ``transactions`` says so, break off after that many."""
        stopping = threading.Event() if transactions is None else Interrupted(transactions)
        hold_s = HOLD_S if transactions is None else 0
        bench = Workbench(self.path, "node", stopping, patience_s=1, pause_s=0, hold_s=hold_s)
        try:
            assert bench.take_lease(now_s * 1000)
            mend(bench)
            roll_up(bench, now_s)
            retire(bench, keep, now_s)
            give_space_back(bench)
        except Stopped:
            assert transactions is not None
        finally:
            bench.close()

    def set_zone(self, name: str, now_s: int) -> None:
        """Set the time zone, as a start with another setting does."""
        with self._engine.begin() as connection:
            change_zone(connection, ZoneInfo(name), now_s)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a connection to read with."""
        with self._engine.connect() as connection:
            yield connection

    def all(self, sql: str) -> list[tuple[object, ...]]:
        """Run a query."""
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
        self._engine.dispose()


@contextmanager
def past(folder: Path, *, zone: str = "UTC") -> Iterator[Past]:
    """Make a database in a folder."""
    made = Past(folder, zone=zone)
    try:
        yield made
    finally:
        made.close()
