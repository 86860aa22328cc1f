"""What dead processes left behind: their spool files are counted, then the calls they had open are settled."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from msgspec.structs import replace

from codevector_daemon.errors import StoreError
from codevector_daemon.ledger.claims import Claim
from codevector_daemon.ledger.entries import Settle
from codevector_daemon.ledger.event import UsageEvent
from codevector_daemon.ledger.journal import AT_PROVIDER, Orphan, left_by
from codevector_daemon.ledger.writing.committer import Committer
from codevector_daemon.ledger.writing.writer import Writer
from codevector_daemon.metering.counts import NOTHING
from codevector_daemon.store import schema
from codevector_daemon.store.engine import Store

log = logging.getLogger(__name__)

SettleOrphan = Callable[[Orphan], UsageEvent]

_SWEEP_S = 15.0
_UNFINISHED_SWEEP_S = 1.0


class Orphanage:
    """Sweeps at the start and now and then: with several processes on one store, a sibling may die at any time."""

    def __init__(
        self, store: Store, writer: Writer, committer: Committer, *, folder: Path, node: str, settle: SettleOrphan
    ) -> None:
        self._store = store
        self._writer = writer
        self._committer = committer
        self._folder = folder
        self._node = node
        self._settle = settle
        self._taken: dict[str, Claim] = {}
        """Dead nodes whose spool is ours now; each claim is held until their calls are settled too."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Sweep once, then go on sweeping in the background until ``close``."""
        await self._sweep_if_possible()
        self._task = asyncio.create_task(self._keep_sweeping(), name="orphanage")

    async def close(self) -> None:
        """End the background sweeping."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for claim in self._taken.values():
            claim.release()

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(_UNFINISHED_SWEEP_S if self._taken else _SWEEP_S)
            await self._sweep_if_possible()

    async def _sweep_if_possible(self) -> None:
        try:
            await self._sweep()
        except (StoreError, OSError) as error:
            log.warning("what earlier processes left behind is looked at again later: %s", error)
        except Exception:
            log.exception("what earlier processes left behind could not be settled")

    async def _sweep(self) -> None:
        names = await asyncio.to_thread(_left_in, self._folder)
        names |= await self._store.read(_left_in_the_store)
        for node in sorted(names - {self._node} - self._taken.keys()):
            claim = Claim.take(self._folder, node)
            if claim is not None:
                self._taken[node] = claim
                await self._writer.run(lambda node=node: self._committer.adopt(node))  # type: ignore[misc]  # mypy#12557
        await self._drain()
        # A spool may hold the true end of what the journal still calls open, so nothing is settled before it is empty.
        while self._taken and not self._committer.standing.waiting:
            node = next(iter(self._taken))
            await self._settle_all(node)
            await self._writer.run(lambda node=node: self._committer.forget(node))  # type: ignore[misc]  # mypy#12557
            self._taken.pop(node).release()

    async def _drain(self) -> None:
        while self._committer.standing.degraded and self._committer.standing.trouble is None:
            await self._writer.run(self._committer.recover)

    async def _settle_all(self, node: str) -> None:
        orphans = await self._store.read(lambda connection: left_by(connection, node))
        if orphans:
            log.warning("%d calls that a dead process left open are settled as interrupted", len(orphans))
        await asyncio.gather(*(self._writer.submit(Settle(self._event(orphan))) for orphan in orphans))

    def _event(self, orphan: Orphan) -> UsageEvent:
        try:
            return replace(self._settle(orphan), response=orphan.response)
        except Exception:
            log.exception("%s cannot be priced; its counts are kept", orphan.note.id)
            return replace(unpriced(orphan), response=orphan.response)


def unpriced(orphan: Orphan) -> UsageEvent:
    """Settle an orphan without a price: with the counts noted, or none where they are told later."""
    note, later = orphan.note, orphan.is_told_later
    return UsageEvent(
        id=note.id,
        started_ms=note.started_ms,
        finished_ms=orphan.seen_ms,
        state="interrupted",
        series=note.series,
        dialect=note.dialect,
        stream=note.stream,
        counts=NOTHING if later else orphan.counts,
        usage_source="none" if later else "estimated",
        price_basis=None if later else "unpriced",
        session=note.session,
        agent=note.agent,
        parent_id=note.parent_id,
        attempt=note.attempt,
        own_login=note.own_login,
        ttft_ms=orphan.ttft_ms,
    )


def _left_in_the_store(connection: sa.Connection) -> set[str]:
    """Return the names of processes that have open calls in the journal, or batches that are known to be counted."""
    batch = schema.spool_batches.c.id
    writer = sa.func.substr(batch, 1, sa.func.instr(batch, ".") - 1)
    node = schema.open_requests.c.node
    found = sa.union(sa.select(node).where(node != AT_PROVIDER), sa.select(writer))
    return set(connection.execute(found).scalars())


def _left_in(folder: Path) -> set[str]:
    """Return the names of processes that have files here; a name has no dot in it."""
    return {path.name.partition(".")[0] for path in folder.iterdir() if path.suffix in {".lock", ".spool", ".reserve"}}
