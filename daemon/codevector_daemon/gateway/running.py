"""The calls under way in this process, so that a shutdown can let them finish, or end them and see them settled."""

import asyncio
from collections.abc import Coroutine
from enum import Enum
from typing import Any


class Stop(Enum):
    """Why a call under way was ended before its answer was complete."""

    CLIENT_LEFT = "client_left"
    CLIENT_STALLED = "client_stalled"
    SHUTDOWN = "shutdown"


class Ending:
    """The one place where a call under way learns that it must end; the first reason counts."""

    __slots__ = ("_task", "reason")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self.reason: Stop | None = None

    def stop(self, reason: Stop) -> None:
        """End the call: its task is cancelled once."""
        if self.reason is None:
            self.reason = reason
            self._task.cancel()

    def take_over(self) -> None:
        """Let the task, once cancelled by us, go on to settle the call."""
        self._task.uncancel()


class Running:
    """All calls under way and all settlements still to be written; owned by the event loop's thread."""

    def __init__(self) -> None:
        self._endings: set[Ending] = set()
        self._settlements: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._endings)

    def enter(self, ending: Ending) -> None:
        """Count a call in."""
        self._endings.add(ending)
        self._idle.clear()

    def leave(self, ending: Ending) -> None:
        """Count a call out."""
        self._endings.discard(ending)
        self._note_idle()

    def settle(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a settlement to its end, whatever becomes of the task that asked for it."""
        task = asyncio.ensure_future(work)
        self._settlements.add(task)
        self._idle.clear()
        task.add_done_callback(self._settled)
        return task

    def stop_all(self) -> None:
        """End every call under way, as interrupted by the shutdown."""
        for ending in tuple(self._endings):
            ending.stop(Stop.SHUTDOWN)

    async def idle(self) -> None:
        """Wait until no call is under way and every settlement is written."""
        await self._idle.wait()

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._settlements.discard(task)
        self._note_idle()

    def _note_idle(self) -> None:
        if not self._endings and not self._settlements:
            self._idle.set()
