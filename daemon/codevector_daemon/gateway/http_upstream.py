"""Providers over HTTP: one call on one connection, answered as the bytes that came."""

import ssl
from collections.abc import AsyncIterator, Mapping

from codevector_daemon.gateway.http1.answer import AnswerReader
from codevector_daemon.gateway.http1.connection import Connection
from codevector_daemon.gateway.http1.pool import KEEP_S, Pool
from codevector_daemon.gateway.http1.proxies import OneProxy, Proxies
from codevector_daemon.gateway.http1.way import Way
from codevector_daemon.gateway.upstream import Headers, UpstreamAnswer, UpstreamRequest, Via

CONNECT_S = 10.0
"""Seconds for name, connection and TLS together."""


class HttpUpstream:
    """Calls http:// and https:// providers. Nothing is followed, decoded or retried; only framing is added."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        tls: ssl.SSLContext | None = None,
        connect_s: float = CONNECT_S,
        keep_s: float = KEEP_S,
    ) -> None:
        self._environ = environ
        self._usual = Way(Proxies(environ), tls=tls, connect_s=connect_s, keep_s=keep_s)
        self._own: dict[Via, Way] = {}
        self._connect_s = connect_s
        self._keep_s = keep_s

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Send and wait for the head of the answer; raises UpstreamUnreachable, UpstreamTimeout, UpstreamBroken."""
        way = self._usual if request.via is None else self._way(request.via)
        return HttpAnswer(*await way.send(request), way.pool)

    async def close(self) -> None:
        """Cut what is still open and wait until it is."""
        for way in (self._usual, *self._own.values()):
            await way.pool.close()

    def _way(self, via: Via) -> Way:
        """Return a provider's own way out, made when it is first taken."""
        known = self._own.get(via)
        if known is None:
            proxies = Proxies(self._environ) if via.proxy is None else OneProxy(via.proxy)
            known = self._own[via] = Way(proxies, ca_file=via.ca_file, connect_s=self._connect_s, keep_s=self._keep_s)
        return known


class HttpAnswer:
    """An answer being read; its own iterator, for there is one reader."""

    __slots__ = ("_connection", "_pool", "headers", "status")

    def __init__(self, answer: AnswerReader, connection: Connection, pool: Pool) -> None:
        self.status: int = answer.status
        self.headers: Headers = answer.headers
        self._connection: Connection | None = connection
        self._pool = pool

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; what piled up while nobody read comes as one."""
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._connection is None or not (data := await self._connection.chunk()):
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Give the connection back when the answer is whole, else cut it. Safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give(connection)
