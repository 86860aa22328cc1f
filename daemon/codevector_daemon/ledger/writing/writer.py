"""The one writer of a process: a queue on the event loop, a thread that commits whole batches, futures in between."""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence

from codevector_daemon.errors import StoreRefused
from codevector_daemon.ledger.entries import Entry
from codevector_daemon.ledger.writing.committer import Committer
from codevector_daemon.ledger.writing.posting import Outcome

log = logging.getLogger(__name__)

_BATCH = 256
"""Entries in one transaction: enough to share its cost, few enough that nobody waits long for it."""

Delivered = Callable[[Entry, Outcome], None]
Job = Callable[[], None]


class Writer:
    """Takes entries from the event loop and resolves their futures once they are durable.

    All state but the committer belongs to the loop; the thread sees one batch at a time.
    """

    def __init__(self, committer: Committer, delivered: Delivered) -> None:
        self._committer = committer
        self._delivered = delivered
        self._loop = asyncio.get_running_loop()
        self._pending: deque[tuple[Entry, asyncio.Future[None] | None]] = deque()
        self._in_flight: list[tuple[Entry, asyncio.Future[None] | None]] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._inbox: queue.SimpleQueue[Sequence[Entry] | Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, entry: Entry) -> asyncio.Future[None]:
        """Queue an entry; the future resolves when it is durable, or raises StoreRefused when it cannot be."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue(entry, future)
        return future

    def post(self, entry: Entry) -> None:
        """Queue an entry that nobody waits for."""
        self._queue(entry, None)

    async def run(self, job: Job) -> None:
        """Run a job in the writer's thread, between two batches."""
        done: asyncio.Future[None] = self._loop.create_future()

        def task() -> None:
            try:
                job()
            except Exception as error:  # noqa: BLE001  # carried over to the caller's thread
                self._loop.call_soon_threadsafe(_fail, done, error)
            else:
                self._loop.call_soon_threadsafe(_resolve, done)

        self._inbox.put(task)
        await done

    def run_soon(self, job: Job) -> None:
        """Run a job in the writer's thread that nobody waits for; may be called from any thread."""
        self._inbox.put(job)

    async def close(self) -> None:
        """Commit what is queued, then end the thread."""
        self._closing = True
        await self._idle.wait()
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    def _queue(self, entry: Entry, future: asyncio.Future[None] | None) -> None:
        if self._closing:
            raise StoreRefused("the ledger is closed")
        self._pending.append((entry, future))
        if self._idle.is_set():
            self._idle.clear()
            # One turn of the loop later, so that what is submitted together is committed together.
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        self._in_flight = [self._pending.popleft() for _ in range(min(len(self._pending), _BATCH))]
        self._inbox.put([entry for entry, _ in self._in_flight])

    def _take_back(self, outcomes: list[Outcome]) -> None:
        """Tell everybody about a batch; the next one is under way before anyone reacts."""
        batch = self._in_flight
        if self._pending:
            self._hand_over()
        else:
            self._idle.set()
        for (entry, future), outcome in zip(batch, outcomes, strict=True):
            self._delivered(entry, outcome)
            if future is None:
                continue
            if isinstance(outcome, Exception):
                _fail(future, outcome)
            else:
                _resolve(future)

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            try:
                work = self._inbox.get(timeout=self._committer.rest_s)
            except queue.Empty:
                work = self._committer.recover
            if work is None:
                self._committer.close()
                return
            if callable(work):
                self._do(work)
                continue
            outcomes = self._commit(work)
            self._loop.call_soon_threadsafe(self._take_back, outcomes)

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception:  # the writer never stops
            log.exception("a job of the ledger's writer failed")

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        try:
            return self._committer.commit(entries)
        except Exception as error:  # noqa: BLE001  # the writer never stops; whoever waits is told
            return [error] * len(entries)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
