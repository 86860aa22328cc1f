"""Prices that are put right later: rows and all that was added up of them change together, or not at all.

First every price is worked out aside, page by page, which holds nobody up (``stage``). Then one transaction, the
switch, writes the rows, the buckets and margins of every tier and the audit row. It holds the store for as long as
writing them takes, up to seconds; the store is said to be held meanwhile, so that calls go through the spool at once.
Who reads sees what was there before it, or what is there after it, and so does the next start, whatever becomes of
this process.
"""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from codevector_daemon.errors import CodeVectorError, StoreRefused
from codevector_daemon.ledger.attempts import Attempt, Window, read_attempts
from codevector_daemon.ledger.calendar import Calendar
from codevector_daemon.ledger.claims import Claim
from codevector_daemon.ledger.cleaning import MOST_NANO
from codevector_daemon.ledger.state import calendar_of
from codevector_daemon.ledger.upkeep.stage import Repriced, Stage, Staged
from codevector_daemon.ledger.upkeep.workbench import Stopped
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.ledger.writing.posting import touch
from codevector_daemon.metering.prices import Price
from codevector_daemon.store.checkpoint import shorten_log
from codevector_daemon.store.connect import is_still, plain, stat_of
from codevector_daemon.store.hold import held
from codevector_daemon.store.salvage import read_unmended
from codevector_daemon.store.trouble import translated

_PAUSE_TIMES = 1
"""So many times as long as working out a page took is the pause after it: whoever else needs the processor gets it."""

_TRIES = 5
"""Each leaves out the rows that somebody else wrote or deleted since the one before."""

_LOOK_OPS = 100_000
"""Steps of SQLite's virtual machine, some milliseconds, between two looks at whether the work is still wanted."""

_AUDIT = "INSERT INTO audit (at_ms, actor, action, target, detail) VALUES (?, ?, 'usage.reprice', ?, ?)"
_NEW_MARKS = "UPDATE marks SET version = ?"

Reckon = Callable[[Attempt], Price]


class UnderWayError(CodeVectorError):
    """Prices are being worked out again already."""


class ChangedMeanwhileError(CodeVectorError):
    """What the new prices rest on changed while they were worked out."""


class Signed(Struct, frozen=True):
    """What the audit says of who did it, when, and to what."""

    at_ms: int
    actor: str
    target: str


@dataclass(slots=True)
class Tally:
    """What was looked at, and what becomes of it."""

    requests: int = 0
    changed: int = 0
    before_nano: int = 0
    after_nano: int = 0

    def add(self, one: Repriced) -> None:
        """Count an attempt in."""
        self.requests += 1
        self.changed += one.changes
        self.before_nano += one.attempt.spend_nano
        self.after_nano += one.price.spend_nano


@dataclass(slots=True)
class Tallies:
    """One tally for each model; owned by the thread that works."""

    by_model: dict[str, Tally] = field(default_factory=dict)
    _models: dict[int, str] = field(default_factory=dict)

    def add(self, one: Repriced) -> None:
        """Count an attempt in."""
        model = self._models[one.attempt.series_id] = one.attempt.series.model
        self.by_model.setdefault(model, Tally()).add(one)

    def take_out(self, series_id: int, before_nano: int, after_nano: int) -> None:
        """Count one out that was written anew or deleted before its price could be changed."""
        tally = self.by_model[self._models[series_id]]
        tally.requests -= 1
        tally.changed -= 1
        tally.before_nano -= before_nano
        tally.after_nano -= after_nano


class Repricer:
    """One repricing, in one thread: it blocks, and ends with Stopped and nothing changed once ``stopping`` is set."""

    def __init__(
        self,
        path: Path,
        window: Window,
        reckon: Reckon,
        *,
        patience_s: float,
        stopping: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._window = window
        self._reckon = reckon
        self._patience_s = patience_s
        self._stopping = stopping
        self._clock = clock

    def preview(self) -> Tallies:
        """Return what would change, and change nothing. Raises StoreError."""
        with self._connected() as connection:
            return self._work_out(connection, lambda _: None)

    def apply(self, signed: Signed) -> Tallies:
        """Change it; raises StoreError, UnderWayError and ChangedMeanwhileError, and then nothing has changed."""
        with _alone(self._path):
            file = stat_of(self._path)
            with self._connected() as connection:
                stage = Stage(connection, _calendar(connection))
                tallies = self._work_out(connection, stage.add)
                for _ in range(_TRIES):
                    staged = stage.sum_up()
                    if not staged.requests or self._switched(connection, stage, staged, file, signed):
                        return tallies
                    for dropped in stage.drop_stale():
                        tallies.take_out(*dropped)
        raise ChangedMeanwhileError("the same calls were written by somebody else again and again")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with translated(self._path), closing(plain(self._path, patience_s=self._patience_s)) as connection:
            connection.set_progress_handler(self._stopping.is_set, _LOOK_OPS)
            try:
                if read_unmended(connection):
                    raise ChangedMeanwhileError("the ledger is being brought in order after damage")
                yield connection
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                    raise Stopped("the work was given up") from error
                raise

    def _work_out(self, connection: sqlite3.Connection, take: Callable[[list[Repriced]], None]) -> Tallies:
        tallies = Tallies()
        for page in read_attempts(connection, self._window):
            began = self._clock()
            found = [Repriced(attempt, _bounded(self._reckon(attempt))) for attempt in page]
            for one in found:
                tallies.add(one)
            take([one for one in found if one.changes])
            if self._stopping.wait(_PAUSE_TIMES * max(self._clock() - began, 0)):
                raise Stopped("the work was given up")
        return tallies

    def _switched(
        self, connection: sqlite3.Connection, stage: Stage, staged: Staged, file: os.stat_result | None, signed: Signed
    ) -> bool:
        """Write everything in one transaction; False, and nothing is written, where a row is no longer as it was."""
        with _held(self._path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._refuse_in_vain(connection, stage, file)
                whole = stage.switch(staged)
                if whole:
                    _sign(connection, staged, signed)
                    # From here on it is done, whoever is stopping.
                    connection.set_progress_handler(None, 0)
                connection.execute("COMMIT" if whole else "ROLLBACK")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            if whole:
                # Held until then: the next commit would have to do it, with a call waiting for it.
                shorten_log(connection)
            return whole

    def _refuse_in_vain(self, connection: sqlite3.Connection, stage: Stage, file: os.stat_result | None) -> None:
        """To be called under the lock, which may have been waited for until a salvage had put another file here."""
        if self._stopping.is_set():
            raise Stopped("the work was given up")
        if not is_still(self._path, file):
            raise StoreRefused(f"{self._path} was replaced meanwhile, and no price was changed")
        if _calendar(connection).cuts != stage.calendar.cuts:
            raise ChangedMeanwhileError("the ledger's time zone was changed")


def _sign(connection: sqlite3.Connection, staged: Staged, signed: Signed) -> None:
    """Note it in the audit, and have everybody look again who goes by what was there before."""
    # A roll-up under way works with what it has read; where a mark has another version, it is done once more.
    connection.execute(_NEW_MARKS, (random.getrandbits(62),))  # told apart from other changes, not kept secret
    touch(connection)
    detail = msgspec.json.encode(staged._asdict()).decode()
    connection.execute(_AUDIT, (signed.at_ms, signed.actor, signed.target, detail))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep a second one out for as long as this one, or its process, lives."""
    try:
        claim = Claim.take(path.parent, f"{path.name}.repricing")
    except OSError as error:
        raise StoreRefused(f"{path.parent} cannot be written: {error}") from error
    if claim is None:
        raise UnderWayError("prices are being worked out again already")
    try:
        yield
    finally:
        claim.release()


@contextmanager
def _held(path: Path) -> Iterator[None]:
    try:
        with held(path):
            yield
    except OSError as error:
        raise StoreRefused(f"{path.parent} cannot be written: {error}") from error


def _calendar(connection: sqlite3.Connection) -> Calendar:
    return calendar_of(dict(connection.execute(sql.FACTS).fetchall()))


def _bounded(price: Price) -> Price:
    if price.spend_nano <= MOST_NANO:
        return price
    return msgspec.structs.replace(price, spend_nano=MOST_NANO)
