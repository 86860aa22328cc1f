"""The one task that owns the live stream: snapshot, numbered deltas, and back again after a gap or a loss."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from codevector_shared.connection import ControlError, NotRunning
from codevector_shared.protocol import Delta, LiveMessage, Snapshot
from codevector_tui.source import Source
from codevector_tui.viewmodel.link import Link, Trouble
from codevector_tui.viewmodel.live import Gap, advance, begin

FIRST_REST_S = 0.5
LONGEST_REST_S = 30.0
SILENCE_S = 7.0
"""The daemon speaks every 2 s: three missed beats are a loss."""


class Feed:
    """Follows the live stream for ever and publishes every change of the link."""

    def __init__(
        self,
        source: Source,
        publish: Callable[[Link], None],
        now_ms: Callable[[], int],
        rest: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        start: Link = Link(),  # noqa: B008 — a frozen value
    ) -> None:
        self._source = source
        self._publish = publish
        self._now_ms = now_ms
        self._rest = rest
        self.link = start

    async def run(self) -> None:
        """Connect, follow, and after a loss wait longer each time, at most half a minute, and connect again."""
        pause = FIRST_REST_S
        while True:
            trouble = await self._follow()
            if self.link.phase == "live":
                pause = FIRST_REST_S
            if trouble is None:
                continue
            retry_ms = self._now_ms() + round(pause * 1000)
            self._say(replace(self.link, phase="lost", trouble=trouble, retry_ms=retry_ms))
            await self._rest(pause)
            pause = min(LONGEST_REST_S, pause * 2)

    async def _follow(self) -> Trouble | None:
        """Follow one connection to its end; None when only a new snapshot is needed."""
        try:
            async with aclosing(self._source.live()) as messages:
                await self._read(messages)
        except Gap:
            return None
        except NotRunning as error:
            return Trouble(error.message, error.hint)
        except ControlError as error:
            return Trouble(error.message, error.hint)
        except TimeoutError:
            return Trouble("The daemon went silent.", "Press r to connect again.")
        return Trouble("The daemon closed the connection.", "Press r to connect again.")

    async def _read(self, messages: AsyncIterator[LiveMessage]) -> None:
        while True:
            async with asyncio.timeout(SILENCE_S):
                message = await anext(messages, None)
            if message is None:
                return
            self._take(message)

    def _take(self, message: Snapshot | Delta) -> None:
        if isinstance(message, Snapshot):
            live = begin(message, self.link.live)
        elif self.link.live is None:
            raise Gap("a change came before any snapshot")
        else:
            live = advance(self.link.live, message)
        self._say(Link(phase="live", live=live, heard_ms=self._now_ms()))

    def _say(self, link: Link) -> None:
        self.link = link
        self._publish(link)
