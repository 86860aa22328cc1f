"""Connections kept open between calls."""

import asyncio

from codevector_daemon.gateway.http1.connection import Connection
from codevector_daemon.gateway.http1.target import Origin

KEEP_S = 55.0
"""Seconds an idle connection is kept: less than the minute after which load balancers commonly close theirs."""
KEEP_MOST = 256
"""Idle connections kept per origin."""
_MARGIN_S = 1.0
_CLOSE_S = 2.0


class Pool:
    """Owns every connection; the last one used is the first to be used again, so that the others can age."""

    def __init__(self, keep_s: float = KEEP_S) -> None:
        self._keep_s = keep_s
        self._idle: dict[Origin, list[Connection]] = {}
        self._all: set[Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    def new(self, origin: Origin) -> Connection:
        """Make a connection that has no transport yet."""
        connection = Connection(origin, self._forget)
        self._all.add(connection)
        return connection

    def discard(self, connection: Connection) -> None:
        """Let go of a connection that never got a transport, or cut the one it has."""
        self._all.discard(connection)
        connection.cut()

    def take(self, origin: Origin) -> Connection | None:
        """Return an idle connection that is still open, or None."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.expires > _now() and not connection.is_stale():
                return connection
            connection.cut()
        return None

    def give(self, connection: Connection) -> None:
        """Take a connection back when its exchange is over: kept if it is fit for another, else cut."""
        keep_s = min(self._keep_s, connection.keep_s - _MARGIN_S if connection.keep_s is not None else self._keep_s)
        idle = self._idle.setdefault(connection.origin, [])
        if not connection.finish() or self._closed or keep_s <= 0 or len(idle) >= KEEP_MOST:
            connection.cut()
            return
        connection.expires = _now() + keep_s
        idle.append(connection)
        if self._sweeper is None:
            self._sweep_later()

    async def close(self) -> None:
        """Cut every connection and wait until the transports are gone."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        still = [connection for connection in self._all if connection.is_open]
        for connection in still:
            connection.cut()
        if still:
            await asyncio.wait([each.lost for each in still], timeout=_CLOSE_S)

    def _sweep_later(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(self._keep_s, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        now = _now()
        for origin, idle in list(self._idle.items()):
            for connection in idle:
                if connection.expires <= now:
                    connection.cut()
            self._idle[origin] = fresh = [each for each in idle if each.expires > now]
            if not fresh:
                del self._idle[origin]
        if self._idle:
            self._sweep_later()

    def _forget(self, connection: Connection) -> None:
        self._all.discard(connection)
        idle = self._idle.get(connection.origin)
        if idle is not None and connection in idle:
            idle.remove(connection)


def _now() -> float:
    return asyncio.get_running_loop().time()
