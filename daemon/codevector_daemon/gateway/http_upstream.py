"""Providers over HTTP: one call on one connection, answered as the bytes that came."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping

from codevector_daemon.gateway.http1.answer import AnswerReader
from codevector_daemon.gateway.http1.connection import Connection
from codevector_daemon.gateway.http1.connector import Connector
from codevector_daemon.gateway.http1.pool import KEEP_S, Pool
from codevector_daemon.gateway.http1.request import request_head
from codevector_daemon.gateway.http1.target import Target, target_of
from codevector_daemon.gateway.http1.tls import provider_tls
from codevector_daemon.gateway.upstream import Headers, UpstreamAnswer, UpstreamRequest

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
        self._context = tls
        self._pool = Pool(keep_s)
        self._connector = Connector(self._pool, environ, self._tls, connect_s)

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Send and wait for the head of the answer; raises UpstreamUnreachable, UpstreamTimeout, UpstreamBroken."""
        target = target_of(request.url)
        head = self._head(request, target)
        connection = self._pool.take(target.origin) or await self._connector.connect(target.origin)
        try:
            answer = await connection.exchange(request.method, head, request.body, request.first_byte_s)
        except BaseException:
            connection.cut()
            raise
        return HttpAnswer(answer, connection, self._pool)

    async def close(self) -> None:
        """Cut what is still open and wait until it is."""
        await self._pool.close()

    def _head(self, request: UpstreamRequest, target: Target) -> bytes:
        proxy = None if target.origin.secure else self._connector.proxy_for(target.origin)
        if proxy is None:
            return request_head(request, target.path, target.authority)
        whole = b"http://%b%b" % (target.authority, target.path)
        return request_head(request, whole, target.authority, proxy.authorization)

    async def _tls(self) -> ssl.SSLContext:
        """Return the one context, read from disk in a thread (30 ms and more) when it is first needed."""
        if self._context is None:
            made = await asyncio.to_thread(provider_tls)
            self._context = self._context or made
        return self._context


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
