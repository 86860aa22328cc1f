"""One reader of the live stream: whose rows it sees, and the deltas on their way to it."""

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from codevector_shared.protocol import Delta, Request

BACKLOG: Final = 64
"""Deltas that wait for a slow reader; further ones are dropped, and the gap in the numbers tells the reader so."""


class Reader:
    """Owned by the task that serves the reader; the hub only offers."""

    def __init__(self, user_id: int | None) -> None:
        self.user_id = user_id
        self._offered = 0
        self._waiting: asyncio.Queue[Delta | None] = asyncio.Queue(BACKLOG)
        self._told_open: frozenset[str] = frozenset()
        self._told_settled: frozenset[str] = frozenset()

    def sees(self, user_id: int) -> bool:
        """Tell whether that user's rows are for this reader."""
        return self.user_id is None or self.user_id == user_id

    def told(self, open_rows: Iterable[Request], settled_rows: Iterable[Request]) -> None:
        """Note what the snapshot tells: the ledger's word of a change may come after the store shows it."""
        self._told_settled = frozenset(row.id for row in settled_rows)
        self._told_open = self._told_settled.union(row.id for row in open_rows)

    def offer(self, delta: Delta) -> None:
        """Queue a delta under its number, or drop it when too many wait already."""
        self._offered += 1
        if not self._waiting.full():
            self._waiting.put_nowait(msgspec.structs.replace(delta, seq=self._offered))

    def end(self) -> None:
        """Let the stream end; what waits is dropped if need be."""
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def next(self) -> Delta | None:
        """Return the next delta, without rows that the snapshot told; ``None`` at the end."""
        delta = await self._waiting.get()
        if delta is None:
            return None
        return msgspec.structs.replace(
            delta,
            opened=[row for row in delta.opened if row.id not in self._told_open],
            settled=[row for row in delta.settled if row.id not in self._told_settled],
        )
