"""The live stream: every reader gets a snapshot, then numbered deltas of what changed, at most ten a second.

One task serves all readers; it runs while there are any.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from codevector_daemon.control.reader import Reader
from codevector_daemon.control.rows import RequestRows
from codevector_daemon.directory import Directory
from codevector_daemon.errors import StoreError
from codevector_daemon.gateway.health import Health
from codevector_daemon.ledger import Ledger, LedgerChange, Opened, OpenSoFar, UsageEvent
from codevector_daemon.ledger.standing import Standing
from codevector_shared.periods import iso
from codevector_shared.protocol import Delta, Progress, Request, Snapshot, Status

log = logging.getLogger(__name__)

TICK_S: Final = 0.1
BEATS: Final = 20
"""Ticks without any change after which an empty delta says that the daemon is still there."""

LatestRows = Callable[[int | None], Awaitable[list[Request]]]
"""Reads the newest finished requests of a user, or of everyone, for a snapshot."""


class News(msgspec.Struct, frozen=True):
    """What one tick has to tell. ``ids`` names all that was opened, what is over again already included."""

    ids: frozenset[str]
    opened: tuple[OpenSoFar, ...]
    moved: tuple[OpenSoFar, ...]
    settled: tuple[UsageEvent, ...]

    def __bool__(self) -> bool:
        return bool(self.opened or self.moved or self.settled)


class Circumstances(msgspec.Struct, frozen=True):
    """What is not a call and yet worth a word at once: when one of these moves, readers are told."""

    directory_version: int
    health_version: int
    resting_backends: int
    recovered: str | None
    standing: Standing
    repricings: int

    @property
    def told_by_status(self) -> tuple[object, ...]:
        """What only the status says of it."""
        found = self.standing
        return self.resting_backends, self.recovered, found.trouble, found.damaged_spool_files, found.folded_names


class LiveHub:
    """Collects what the ledger tells and deals it out. Owned by the event loop."""

    def __init__(
        self,
        ledger: Ledger,
        directory: Directory,
        health: Health,
        status: Callable[[], Status],
        now_ms: Callable[[], int],
        *,
        latest: LatestRows,
    ) -> None:
        self._ledger = ledger
        self._directory = directory
        self._health = health
        self._status = status
        self._now_ms = now_ms
        self._latest = latest
        self._rows = RequestRows(directory, ledger.zone)
        self._readers: set[Reader] = set()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False
        self._opened: set[str] = set()
        self._settled: list[UsageEvent] = []
        self._repricings = 0

    async def follow(self, user_id: int | None, welcome: Callable[[], bool]) -> AsyncGenerator[bytes, None]:
        """Yield the stream of a user's own rows, or of everyone's, one JSON document a line, while welcome."""
        async with self._reading(user_id) as reader:
            yield _line(await self._snapshot(reader))
            while (delta := await reader.next()) is not None and welcome():
                yield _line(delta)

    def repriced(self) -> None:
        """Have every reader ask for a new snapshot: what was told of finished calls is no longer true."""
        self._repricings += 1

    def close(self) -> None:
        """End every stream, and those that come later after their snapshot: a shutdown must not wait for readers."""
        self._closed = True
        for reader in self._readers:
            reader.end()

    @asynccontextmanager
    async def _reading(self, user_id: int | None) -> AsyncIterator[Reader]:
        """Count a reader in before its snapshot is taken, so that nothing falls between the two."""
        reader = Reader(user_id)
        self._readers.add(reader)
        if self._closed:
            reader.end()
        if self._pump is None:
            self._pump = asyncio.create_task(self._run(), name="live-hub")
        try:
            yield reader
        finally:
            self._readers.discard(reader)
            if not self._readers and self._pump is not None:
                pump, self._pump = self._pump, None
                pump.cancel()
                await asyncio.gather(pump, return_exceptions=True)

    async def _snapshot(self, reader: Reader) -> Snapshot:
        repricings = self._repricings
        try:
            latest = await self._latest(reader.user_id)
        except StoreError as refused:
            log.warning("A live stream begins without its latest rows: %s", refused)
            latest = []
        over = {row.id for row in latest}
        now_open = [
            self._rows.open(so_far)
            for so_far in self._ledger.open_requests()
            if reader.sees(so_far.note.series.user_id) and so_far.note.id not in over
        ]
        reader.told(now_open, latest)
        return Snapshot(
            seq=0,
            at=self._now(),
            status=self._status_for(reader),
            open=now_open,
            latest=latest,
            repricings=repricings,
        )

    def _status_for(self, reader: Reader) -> Status:
        """Return the daemon's status; a key's holder learns nothing of this machine and of other users."""
        status = self._status()
        if reader.user_id is None:
            return status
        return msgspec.structs.replace(
            status,
            pid=None,
            socket=None,
            database=None,
            trouble=None,
            folded_names=0,
            recovered=None,
            recovered_at=None,
            damaged_spool_files=0,
            resting_backends=0,
            providers=0,
            users=1,
            keys=self._directory.open_keys()[reader.user_id],
            open_requests=sum(reader.sees(so_far.note.series.user_id) for so_far in self._ledger.open_requests()),
        )

    async def _run(self) -> None:
        self._opened, self._settled = set(), []
        unsubscribe = self._ledger.subscribe(self._take)
        try:
            await self._deal()
        except Exception:
            log.exception("The live stream failed")
            self._pump = None
            for reader in self._readers:
                reader.end()
        finally:
            unsubscribe()

    def _take(self, change: LedgerChange) -> None:
        if isinstance(change, Opened):
            self._opened.add(change.note.id)
        else:
            self._settled.append(change.event)

    async def _deal(self) -> None:
        shown = {so_far.note.id: _progress(so_far) for so_far in self._ledger.open_requests()}
        before, quiet = self._circumstances(), 0
        while True:
            await asyncio.sleep(TICK_S)
            now_open = {so_far.note.id: so_far for so_far in self._ledger.open_requests()}
            news = self._news(now_open, shown)
            around, quiet = self._circumstances(), quiet + 1
            if news or around != before or quiet >= BEATS:
                self._publish(news, around, whole=around.told_by_status != before.told_by_status)
                quiet = 0
            shown = {known: _progress(now_open[known]) for known in now_open.keys() & (shown.keys() | news.ids)}
            before = around

    def _news(self, now_open: dict[str, OpenSoFar], shown: dict[str, Progress]) -> News:
        """Take what was opened and settled since the last tick, and find which of the known ones moved."""
        opened, self._opened = self._opened, set()
        settled, self._settled = self._settled, []
        known = (one for one in now_open.values() if one.note.id in shown)
        return News(
            ids=frozenset(opened),
            opened=tuple(now_open[one] for one in opened if one in now_open),
            moved=tuple(one for one in known if shown[one.note.id] != _progress(one)),
            settled=tuple(settled),
        )

    def _publish(self, news: News, around: Circumstances, *, whole: bool) -> None:
        """Offer a delta to every reader; readers who see the same rows share it but for its number.

        With ``whole`` the status goes with it.
        """
        deltas: dict[int | None, Delta] = {}
        for reader in self._readers:
            if reader.user_id not in deltas:
                deltas[reader.user_id] = self._delta(reader, news, around, whole=whole)
            reader.offer(deltas[reader.user_id])

    def _delta(self, reader: Reader, news: News, around: Circumstances, *, whole: bool) -> Delta:
        return Delta(
            seq=0,
            at=self._now(),
            opened=[self._rows.open(one) for one in news.opened if reader.sees(one.note.series.user_id)],
            progress=[_progress(one) for one in news.moved if reader.sees(one.note.series.user_id)],
            settled=[self._rows.settled(event) for event in news.settled if reader.sees(event.series.user_id)],
            directory_version=around.directory_version,
            degraded=around.standing.degraded,
            spooled_events=around.standing.spooled_events,
            health_version=around.health_version,
            repricings=around.repricings,
            status=self._status_for(reader) if whole else None,
        )

    def _circumstances(self) -> Circumstances:
        return Circumstances(
            directory_version=self._directory.version,
            health_version=self._health.changes,
            resting_backends=self._health.resting,
            recovered=self._ledger.recovered,
            standing=self._ledger.standing,
            repricings=self._repricings,
        )

    def _now(self) -> str:
        return iso(self._now_ms(), self._ledger.zone)


def _progress(so_far: OpenSoFar) -> Progress:
    return Progress(id=so_far.note.id, output_tokens=so_far.counts.output, ttft_ms=so_far.ttft_ms)


def _line(message: Snapshot | Delta) -> bytes:
    return msgspec.json.encode(message) + b"\n"
