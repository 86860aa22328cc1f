"""One batch at a time into the store, or into the spool while the store refuses. Runs in the writer's thread."""

import logging
import sqlite3
from collections.abc import Callable, Sequence

from codevector_daemon.errors import StoreCorrupt, StoreError, StoreHeld, StoreRefused
from codevector_daemon.ledger.entries import Batch, Entry, Settle
from codevector_daemon.ledger.standing import Standing
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.ledger.writing.connection import WriterConnection
from codevector_daemon.ledger.writing.posting import Outcome, Posting, SeriesIds, each, is_entrys_own
from codevector_daemon.ledger.writing.spool import Spool
from codevector_daemon.store.salvage import Recovered, salvage

Post = Callable[[sqlite3.Connection, Batch], list[Outcome]]

log = logging.getLogger(__name__)

RETRY_MS = 500
"""How often a store in trouble is tried again."""

_REPLAY_MS = 20
"""How long a replay may go on before new entries get their turn in the spool."""

_HELD_S = 0.02
"""How often it is looked whether a store that is held on purpose is free again."""

_SALVAGE_MS = 30_000
"""How soon after a salvage there may be another."""

_SALVAGE_PATIENCE_S = 5.0

_HELD = 10_000
"""Settled attempts kept in memory when neither store nor spool takes them."""


class Committer:
    """Makes entries durable. All of it belongs to the writer's thread, but for ``standing``."""

    def __init__(self, connection: WriterConnection, spool: Spool, node: str, now_ms: Callable[[], int]) -> None:
        self.standing = Standing()
        """How it goes, for every other thread: what is told of a batch is true before anybody hears of the batch."""
        self.trouble: StoreError | None = None
        """Why the store was given up for now; None while all is well."""
        self._connection = connection
        self._spool = spool
        self._node = node
        self._now_ms = now_ms
        self._ids = SeriesIds()
        self._held: list[Settle] = []
        self._making_way = False
        """What waits outside of the store does so because somebody holds it on purpose."""
        self._finished: list[str] = []
        """Batches whose files are gone: the store may forget their ids."""
        self._retry_at_ms = 0
        self._salvaged_ms = -_SALVAGE_MS
        self.on_recovered: Callable[[Recovered], None] = lambda _: None
        """Told, in the writer's thread, when a new database has taken a damaged one's place."""
        self._publish()

    @property
    def degraded(self) -> bool:
        """Entries wait outside of the store, or have to."""
        return self.trouble is not None or not self._spool.empty or bool(self._held)

    @property
    def rest_s(self) -> float | None:
        """How long to wait for entries before the spool is looked at; for ever while nothing waits there."""
        if not self.degraded:
            return None
        if self._connection.is_held:
            return _HELD_S
        return RETRY_MS / 1000 if self.trouble else 0.001

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Return when the entries are durable, each with what became of it; StoreRefused for one that is not."""
        try:
            if self.degraded:
                self._recover()
            if not self.degraded:
                try:
                    return self._into_store(self._own(entries))
                except StoreHeld:
                    self._making_way = True
                except StoreError as error:
                    self._note_trouble(error)
            return self._into_spool(entries)
        finally:
            self._publish()

    def recover(self) -> None:
        """Try to bring into the store what waits, oldest first, for a moment."""
        try:
            self._recover()
        finally:
            self._publish()

    def _recover(self) -> None:
        if self._connection.is_held:
            self._making_way = self.trouble is None
            return
        now = self._now_ms()
        if self.trouble is not None and 0 <= self._retry_at_ms - now <= RETRY_MS:
            return
        try:
            if isinstance(self.trouble, StoreCorrupt):
                self._salvage(now)
            self._replay(until_ms=now + _REPLAY_MS)
            if self._spool.empty:
                self._end_trouble()
        except StoreHeld:
            log.debug("what waits outside of the database makes way once more")
        except StoreError as error:
            self._note_trouble(error)
        except OSError as error:
            self._note_trouble(StoreRefused(f"the spool cannot be read: {error}"))
        except Exception as error:  # whatever it is, the writer goes on, and tries again later
            if self.trouble is None:
                log.exception("what waits outside of the database cannot be brought into it")
            self._note_trouble(StoreRefused(f"what waits outside of the database cannot be brought into it: {error}"))

    def damaged(self, error: StoreCorrupt) -> None:
        """Take note that somebody else found the database damaged; what was found just before a salvage is stale."""
        if self.trouble is None and abs(self._now_ms() - self._salvaged_ms) >= _SALVAGE_MS:
            self._note_trouble(error)
            self._publish()

    def adopt(self, node: str) -> None:
        """Take over what a dead process spooled; it goes into the store before anything newer."""
        try:
            self._spool.adopt(node)
            self._spool.leave(node)
        finally:
            self._publish()

    def forget(self, node: str) -> None:
        """Forget which batches of a dead process were counted: none of its files is there any more."""
        with self._connection.transaction(probe=True) as connection:
            connection.execute(sql.FORGET_BATCHES_OF, (node,))

    def close(self) -> None:
        """Let go of the files. What waits in the spool is replayed by the next process."""
        if self._held:
            log.error("%d settled calls could be stored nowhere and are lost", len(self._held))
        self._spool.close()
        self._spool.leave(self._node)
        self._connection.close()

    def _publish(self) -> None:
        self.standing = Standing(
            degraded=self.degraded and not self._making_way,
            waiting=self.degraded,
            trouble=None if self.trouble is None else str(self.trouble),
            spooled_events=self._spool.events + len(self._held),
            damaged_spool_files=self._spool.damaged,
            folded_names=self._ids.folding.folded,
        )

    def _salvage(self, now_ms: int) -> None:
        """Put a new database into the damaged one's place; not again and again where that does not help."""
        if 0 <= now_ms - self._salvaged_ms < _SALVAGE_MS or not self._connection.is_current:
            return  # another process may have done it
        self._salvaged_ms = now_ms
        self._connection.let_go()
        recovered = salvage(self._connection.path, now_ms=now_ms, patience_s=_SALVAGE_PATIENCE_S)
        self._ids = SeriesIds(self._ids.folding)
        self.on_recovered(recovered)

    def _into_store(self, batch: Batch, *, replayed: bool = False) -> list[Outcome]:
        try:
            return self._transaction(batch, replayed=replayed, post=self._together)
        except Exception as error:
            if not is_entrys_own(error):
                raise
            log.exception("an entry cannot be stored; the others of its batch are stored one by one")
            return self._transaction(batch, replayed=replayed, post=self._one_by_one)

    def _transaction(self, batch: Batch, *, replayed: bool, post: Post) -> list[Outcome]:
        try:
            with self._connection.transaction(probe=replayed) as connection:
                if replayed and connection.execute(sql.ADD_BATCH, (batch.id,)).rowcount == 0:
                    return [None] * len(batch.entries)
                outcomes = post(connection, batch)
        except BaseException:
            self._ids.rollback()
            raise
        self._ids.commit()
        return outcomes

    def _together(self, connection: sqlite3.Connection, batch: Batch) -> list[Outcome]:
        return Posting(connection, self._ids, batch.node).all(batch.entries)

    def _one_by_one(self, connection: sqlite3.Connection, batch: Batch) -> list[Outcome]:
        return each(connection, self._ids, batch.node, batch.entries)

    def _own(self, entries: Sequence[Entry]) -> Batch:
        return Batch("", self._node, list(entries))

    def _into_spool(self, entries: Sequence[Entry]) -> list[Outcome]:
        try:
            self._spool.append(entries)
        except OSError as error:
            return self._hold(entries, error)
        except Exception as error:
            if len(entries) == 1:
                log.exception("an entry cannot be spooled")
                return [error]
            # Some are spooled already; twice does no harm, as a call is settled once.
            return [outcome for entry in entries for outcome in self._into_spool([entry])]
        return [None] * len(entries)

    def _hold(self, entries: Sequence[Entry], error: OSError) -> list[Outcome]:
        """Neither store nor spool takes it: say so, but keep what is owed, as the disk may have room again soon."""
        log.error("neither the database nor the spool can be written: %s; %s", self.trouble, error)
        room = _HELD - len(self._held)
        self._held += [entry for entry in entries if isinstance(entry, Settle)][: max(room, 0)]
        refused = StoreRefused(f"neither the database nor the spool can be written: {error}")
        return [refused] * len(entries)

    def _replay(self, *, until_ms: int) -> None:
        while (batch := self._spool.oldest()) is not None:
            self._count(batch)
            self.trouble = None
            if self._now_ms() >= until_ms:
                return

    def _count(self, batch: Batch) -> None:
        outcomes = self._into_store(batch, replayed=True)
        if any(isinstance(outcome, Exception) for outcome in outcomes):
            self._spool.keep_for_people()
        self._finished += self._spool.drop()
        self._forget_finished()

    def _forget_finished(self) -> None:
        """Only now, as the file is gone; where the process is killed in between, the next one forgets by its name."""
        if self._finished:
            with self._connection.transaction(probe=True) as connection:
                connection.executemany(sql.FORGET_BATCH, [(batch_id,) for batch_id in self._finished])
            self._finished = []

    def _end_trouble(self) -> None:
        """Store what only memory held, and go back to the store."""
        self._into_store(self._own(self._held))
        self._held = []
        self._forget_finished()
        self.trouble = None
        self._spool.refill()
        log.log(
            logging.INFO if self._making_way else logging.WARNING,
            "everything that waited outside of the database is in it",
        )
        self._making_way = False

    def _note_trouble(self, error: StoreError) -> None:
        if self.trouble is None:
            log.warning("the database refuses: %s; calls are kept in the spool meanwhile", error)
        self.trouble = error
        self._making_way = False
        self._retry_at_ms = self._now_ms() + RETRY_MS
