"""The ledger: what every call used and cost, taken in once and never lost."""

import asyncio
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from codevector_daemon.errors import StartError, StoreCorrupt
from codevector_daemon.ledger.calendar import Calendar
from codevector_daemon.ledger.changes import LedgerChange, Listener, Listeners, Opened, Settled
from codevector_daemon.ledger.claims import Claim
from codevector_daemon.ledger.cleaning import cleaned_event, cleaned_note
from codevector_daemon.ledger.entries import Admit, Entry, Settle
from codevector_daemon.ledger.event import KeptResponse, OpenRequest, UsageEvent
from codevector_daemon.ledger.journal import Journal, OpenSoFar
from codevector_daemon.ledger.orphans import Orphanage, SettleOrphan
from codevector_daemon.ledger.responses import Awaited, Responses
from codevector_daemon.ledger.standing import Standing
from codevector_daemon.ledger.state import calendar_of, read_facts
from codevector_daemon.ledger.upkeep.housekeeping import Housekeeper
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_daemon.ledger.upkeep.zone import settle_zone
from codevector_daemon.ledger.writing.committer import Committer
from codevector_daemon.ledger.writing.connection import Durability, WriterConnection
from codevector_daemon.ledger.writing.posting import Outcome
from codevector_daemon.ledger.writing.spool import Spool
from codevector_daemon.ledger.writing.writer import Writer
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts
from codevector_daemon.store.engine import Store
from codevector_daemon.store.salvage import Recovered, read_recovered
from codevector_shared.periods import iso

log = logging.getLogger(__name__)


class Ledger:
    """Takes in notes and events, and tells listeners. Everything here is called on the event loop."""

    def __init__(
        self, store: Store, zone: ZoneInfo, claim: Claim, committer: Committer, now_ms: Callable[[], int]
    ) -> None:
        self.store = store
        self.zone = zone
        self._claim = claim
        self._committer = committer
        self._listeners = Listeners()
        self._writer = Writer(committer, self._delivered)
        self._now_ms = now_ms
        self._recovered: Recovered | None = None
        self.older_cut: tuple[int, str] | None = None
        """Where older days keep the cut of a former time zone: the second before which, and that zone."""
        committer.on_recovered = self._say_recovered
        self._journal = Journal(self._writer.post, now_ms)
        self._responses = Responses(store)
        self._orphanage: Orphanage | None = None
        self._housekeeper: Housekeeper | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        store: Store,
        *,
        node: str,
        spool: Path,
        timezone: str | None,
        durability: Durability,
        settle_orphan: SettleOrphan,
        now_ms: Callable[[], int],
        keep: Keep = Keep(),  # noqa: B008  # frozen
    ) -> "Ledger":
        """Start writing; what dead processes left in the spool and in the journal is counted first.

        ``settle_orphan`` prices what a dead process left open. Raises SettingsError for a time zone that does not
        exist, StartError where the spool cannot be used.
        """
        # A name of its own for every start: notes of a predecessor of the same name must not be taken for ours.
        node = f"{re.sub(r'[^A-Za-z0-9_-]', '_', node)}-{os.urandom(4).hex()}"
        zone = await settle_zone(store, timezone, now_ms() // 1000)
        claim, files = await asyncio.to_thread(_spool, spool, node, now_ms)
        connection = WriterConnection(store.path, durability=durability, patience_s=store.patience_s)
        recovered = await store.read(lambda connection: read_recovered(connection, store.path))
        ledger = cls(store, zone, claim, Committer(connection, files, node, now_ms), now_ms)
        ledger._recovered = recovered
        ledger.older_cut = older_cut(calendar_of(await store.read(read_facts)))
        store.on_damage = ledger._damaged
        ledger._orphanage = Orphanage(
            store, ledger._writer, ledger._committer, folder=spool, node=node, settle=settle_orphan
        )
        await ledger._orphanage.start()
        ledger._housekeeper = Housekeeper(store.path, node, keep, now_ms, ledger._damaged)
        ledger._housekeeper.start()
        return ledger

    @property
    def standing(self) -> Standing:
        """How the writing goes; take it once where several of its figures must fit together."""
        return self._committer.standing

    @property
    def degraded(self) -> bool:
        """The store refuses, or what it refused is still waiting in the spool."""
        return self.standing.degraded

    @property
    def spooled_events(self) -> int:
        """How many settled attempts are waiting outside of the store."""
        return self.standing.spooled_events

    @property
    def recovered(self) -> str | None:
        """What happened, where the database was found damaged and a new one was started."""
        return None if self._recovered is None else self._recovered.told()

    @property
    def recovered_at(self) -> str | None:
        """When that happened."""
        return None if self._recovered is None else iso(self._recovered.at_ms, self.zone)

    @property
    def open_count(self) -> int:
        """How many requests are under way in this process."""
        return len(self._journal)

    def admit(self, note: OpenRequest) -> asyncio.Future[None]:
        """Note an admitted call; the future resolves when the note is durable, and raises StoreRefused if it is not."""
        note = cleaned_note(note, self._now_ms())
        future = self._writer.submit(Admit(note))
        self._journal.opened(note)
        return future

    def progress(
        self,
        request_id: str,
        counts: TokenCounts,
        ttft_ms: int | None,
        service_tier: str | None = None,
        extras: Extras = NO_EXTRAS,
    ) -> None:
        """Take the counts so far of an open request, and what else their price rests on; costs next to nothing."""
        self._journal.progress(request_id, counts, ttft_ms, service_tier, extras)

    def refine_input(self, request_id: str, estimated_input: int) -> None:
        """Take a better estimate of an open request's input than the one noted at its admission."""
        self._journal.refine(request_id, estimated_input)

    async def named(self, response: KeptResponse) -> None:
        """Know from now on what an open request is making.

        Returns when the next process would know too, if its usage may come at a retrieval only. Raises StoreRefused.
        """
        self._responses.note(response)
        refresh = self._journal.named(response)
        if not response.counted:
            await self._writer.submit(refresh)

    async def awaited(self) -> list[Awaited]:
        """Return the background runs whose usage is still to come, oldest first. Raises StoreError."""
        return await self._responses.awaited()

    def looked_at(self, run: Awaited) -> asyncio.Future[None]:
        """Note that a run's provider is asked for it now, so that this is not done too often, restarts or not."""
        return self._writer.submit(run.looked_at(self._now_ms()))

    async def response(self, response_id: str, user_id: int) -> KeptResponse | None:
        """Return a response that this user made, open ones and spooled ones too. Raises StoreError."""
        return await self._responses.find(response_id, user_id)

    def settle(self, event: UsageEvent) -> asyncio.Future[None]:
        """Count an attempt that is over; the future resolves when it is durable. A second time changes nothing."""
        if event.response is not None:
            self._responses.note(event.response)
        return self._writer.submit(Settle(cleaned_event(event, self._now_ms())))

    def settle_retrieved(self, event: UsageEvent, response: KeptResponse) -> asyncio.Future[None]:
        """Count what a kept response used, told when it was retrieved; the first time counts."""
        self._responses.note(replace(response, counted=True))
        return self.settle(event)

    def open_requests(self) -> list[OpenSoFar]:
        """Return what is under way in this process, oldest first, with counts so far."""
        return self._journal.now_open()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on the loop for everything opened and settled from now on; returns what ends it."""
        return self._listeners.subscribe(listener)

    async def close(self) -> None:
        """Make durable what was taken in, and let go of the files. The store stays open."""
        if self._closed:
            return
        self._closed = True
        if self._housekeeper is not None:
            await asyncio.to_thread(self._housekeeper.close)
        if self._orphanage is not None:
            await self._orphanage.close()
        self._journal.close()
        await self._writer.close()
        self._claim.release()

    def _damaged(self, error: StoreCorrupt) -> None:
        """Have the writer start over; may be called from any thread."""
        self._writer.run_soon(lambda: self._committer.damaged(error))

    def _say_recovered(self, found: Recovered) -> None:
        """Say so from now on; called in the writer's thread."""
        self._recovered = found

    def _delivered(self, entry: Entry, outcome: Outcome) -> None:
        """Take note of an entry that is durable, or that could not be made so."""
        change: LedgerChange | None = None
        if isinstance(entry, Settle):
            self._journal.closed(entry.event.id)
            if not isinstance(outcome, Exception):
                change = Settled(entry.event, outcome)
        elif isinstance(entry, Admit):
            if isinstance(outcome, Exception):
                self._journal.closed(entry.note.id)
            else:
                change = Opened(entry.note)
        if change is not None:
            self._listeners.tell(change)


def older_cut(calendar: Calendar) -> tuple[int, str] | None:
    """Return before which second days keep the cut of which former zone; None where all have today's."""
    *older, latest = calendar.cuts
    return (latest.since_s, older[-1].zone.key) if older else None


def _spool(folder: Path, node: str, now_ms: Callable[[], int]) -> tuple[Claim, Spool]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        claim = Claim.take(folder, node)
        if claim is None:
            raise StartError(f"another process named {node!r} is using the spool {folder}")
        return claim, Spool(folder, node, now_ms)
    except OSError as error:
        raise StartError(f"the spool {folder} cannot be used: {error}; check its permissions") from error
