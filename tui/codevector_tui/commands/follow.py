"""``codevector requests --follow``: the latest calls, then each that finishes, across restarts of the daemon."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime

from msgspec import Struct

from codevector_shared.client import ControlClient, NotRunning
from codevector_shared.protocol import Delta, Me, Request, Snapshot, State
from codevector_tui.commands import output

AT_FIRST = 10
_CAUGHT_UP, _REMEMBERED = 1_000, 5_000
"""Calls that are asked for after the daemon was away, and ids of calls that are known to be shown."""
_SOONEST_S, _LATEST_S = 0.25, 5.0


class Wanted(Struct, frozen=True):
    """Which calls are followed."""

    last: int | None
    state: State | None
    user: str | None
    everyone: bool

    def has(self, request: Request, me: Me) -> bool:
        """Tell whether a call is one of them."""
        of_them = self.everyone or (request.user == self.user if self.user else request.user_id == me.user_id)
        return of_them and self.state in (None, request.state)


class Follower:
    """Shows each call once, however often the stream has to be opened again."""

    def __init__(self, control: ControlClient, wanted: Wanted, show: Callable[[Request], None]) -> None:
        self._control = control
        self._wanted = wanted
        self._show = show
        self._shown: dict[str, None] = {}
        self._began: datetime | None = None
        """When the first stream was opened, by the daemon's clock: what finished before it was shown, or is not."""

    async def run(self) -> None:
        """Follow until somebody ends this; where no daemon answers at first, or it refuses, that is raised."""
        pause_s = _SOONEST_S
        while True:
            try:
                missed_some = await self._until_it_ends()
                pause_s = _SOONEST_S
                if missed_some:
                    continue
            except NotRunning:
                if self._began is None:
                    raise
            if pause_s == _SOONEST_S:
                output.note("The daemon has gone; waiting for it to come back.")
            await asyncio.sleep(pause_s)
            pause_s = min(_LATEST_S, pause_s * 2)

    async def _until_it_ends(self) -> bool:
        """Show what one stream brings; returns whether messages of it were missed, so that another tells them."""
        me = await self._control.me()
        async with aclosing(self._control.live()) as stream:
            first = await anext(stream, None)
            if first is None:  # it was opened while the daemon stopped
                return False
            await self._catch_up()
            if self._began is None and isinstance(first, Snapshot):
                self._began = datetime.fromisoformat(first.at)
            expected = None if not isinstance(first, Snapshot) else first.seq + 1
            async for message in stream:
                if not isinstance(message, Delta):
                    continue
                if expected is not None and message.seq != expected:
                    return True
                expected = message.seq + 1
                for request in message.settled:
                    if self._wanted.has(request, me):
                        self._tell(request)
        return False

    async def _catch_up(self) -> None:
        wanted, again = self._wanted, self._began is not None
        most = _CAUGHT_UP if again else wanted.last or AT_FIRST
        page = await self._control.requests(last=most, state=wanted.state, user=wanted.user, everyone=wanted.everyone)
        for request in reversed(page.requests):
            if not again or self._is_new(request):
                self._tell(request)

    def _is_new(self, request: Request) -> bool:
        ended = request.finished_at
        return self._began is not None and ended is not None and datetime.fromisoformat(ended) >= self._began

    def _tell(self, request: Request) -> None:
        if request.id in self._shown:
            return
        self._shown[request.id] = None
        if len(self._shown) > _REMEMBERED:
            del self._shown[next(iter(self._shown))]
        self._show(request)
