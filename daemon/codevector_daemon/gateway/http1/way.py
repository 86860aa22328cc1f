"""One way out of this machine: its proxy, what it trusts, and the connections that were made by it."""

import asyncio
import ssl

from codevector_daemon.gateway.http1.answer import AnswerReader
from codevector_daemon.gateway.http1.connection import Connection
from codevector_daemon.gateway.http1.connector import Connector
from codevector_daemon.gateway.http1.pool import Pool
from codevector_daemon.gateway.http1.proxies import ProxyChoice
from codevector_daemon.gateway.http1.request import request_head
from codevector_daemon.gateway.http1.target import Target, target_of
from codevector_daemon.gateway.http1.tls import provider_tls
from codevector_daemon.gateway.upstream import UpstreamRequest


class Way:
    """Sends requests; connections of one way are never used by another."""

    def __init__(
        self,
        proxies: ProxyChoice,
        *,
        tls: ssl.SSLContext | None = None,
        ca_file: str | None = None,
        connect_s: float,
        keep_s: float,
    ) -> None:
        self.pool = Pool(keep_s)
        self._context = tls
        self._ca_file = ca_file
        self._connector = Connector(self.pool, proxies, self._tls, connect_s)

    async def send(self, request: UpstreamRequest) -> tuple[AnswerReader, Connection]:
        """Send and wait for the head of the answer; raises UpstreamUnreachable, UpstreamTimeout, UpstreamBroken."""
        target = target_of(request.url)
        head = self._head(request, target)
        connection = self.pool.take(target.origin) or await self._connector.connect(target.origin)
        try:
            answer = await connection.exchange(request.method, head, request.body, request.first_byte_s)
        except BaseException:
            connection.cut()
            raise
        return answer, connection

    def _head(self, request: UpstreamRequest, target: Target) -> bytes:
        proxy = None if target.origin.secure else self._connector.proxy_for(target.origin)
        if proxy is None:
            return request_head(request, target.path, target.authority)
        whole = b"http://%b%b" % (target.authority, target.path)
        return request_head(request, whole, target.authority, proxy.authorization)

    async def _tls(self) -> ssl.SSLContext:
        """Return the one context, read from disk in a thread (30 ms and more) when it is first needed."""
        if self._context is None:
            made = await asyncio.to_thread(provider_tls, self._ca_file)
            self._context = self._context or made
        return self._context
