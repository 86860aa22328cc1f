"""Counts the prompts of calls that stay open, so that a process which dies leaves more than a guess by their size."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from codevector_daemon.metering import estimate

if TYPE_CHECKING:
    from codevector_daemon.gateway.call import Call

logger = logging.getLogger(__name__)

AFTER_S = 1.0
"""How long a call is open before its prompt is worth counting: most are over by then, or their provider has told."""

Wanted = Callable[[], "Call | None"]
"""Asked when a call's turn comes: returns it, or None where the provider has said meanwhile what it read."""


def counted(call: "Call", *, max_bytes: int = estimate.ESTIMATE_MAX_BYTES) -> int:
    """Return what the tokenizer says that a call's prompt counts; blocks."""
    return estimate.input_tokens(call.dialect, call.body, call.backend.upstream_model, max_bytes)


class Refiner:
    """Counts one prompt after the other in a thread; who ends before their turn costs nothing. Owned by the loop."""

    def __init__(
        self, refined: Callable[[str, int], None], *, after_s: float = AFTER_S, count: Callable[["Call"], int] = counted
    ) -> None:
        self._refined = refined
        self._after_s = after_s
        self._count = count
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._due: dict[str, Wanted] = {}
        self._work: asyncio.Task[None] | None = None

    def watch(self, request_id: str, wanted: Wanted) -> None:
        """Count a call's prompt if it is still open after a while."""
        loop = asyncio.get_running_loop()
        self._timers[request_id] = loop.call_later(self._after_s, self._fall_due, request_id, wanted)

    def leave(self, request_id: str) -> None:
        """Forget a call that is over."""
        timer = self._timers.pop(request_id, None)
        if timer is not None:
            timer.cancel()
        self._due.pop(request_id, None)

    async def close(self) -> None:
        """Stop counting."""
        for request_id in tuple(self._timers):
            self.leave(request_id)
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    def _fall_due(self, request_id: str, wanted: Wanted) -> None:
        self._due[request_id] = wanted
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._count_all(), name="refiner")

    async def _count_all(self) -> None:
        try:
            while self._due:
                request_id = next(iter(self._due))
                call = self._due.pop(request_id)()
                if call is not None:
                    await self._count_one(request_id, call)
        finally:
            self._work = None

    async def _count_one(self, request_id: str, call: "Call") -> None:
        try:
            self._refined(request_id, await asyncio.to_thread(self._count, call))
        except Exception:
            logger.exception("the prompt of %s could not be counted; its size stands for it", request_id)
