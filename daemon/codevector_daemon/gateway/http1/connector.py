"""Making connections: names, addresses, proxies, TLS; every failure in words that help."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from aiohappyeyeballs import AddrInfoType, start_connection

from codevector_daemon.errors import UpstreamError, UpstreamUnreachable
from codevector_daemon.gateway.http1.connection import Connection
from codevector_daemon.gateway.http1.pool import Pool
from codevector_daemon.gateway.http1.proxies import Proxy, ProxyChoice
from codevector_daemon.gateway.http1.target import Origin

_NAMES_S = 30.0
"""Seconds a looked-up name is believed: enough for a burst of connections, short enough for a provider that moves."""
_NAMES_MOST = 256
_OTHER_FAMILY_S = 0.25
"""Head start of an address before the next is tried beside it (RFC 8305)."""
_PROBE_AFTER_S, _PROBE_EVERY_S, _PROBES = 60, 20, 3
"""TCP keep-alive: a stream may be silent for an hour, a provider that is gone is noticed within two minutes."""
_OK = range(200, 300)


class Connector:
    """Opens connections to origins, through a proxy where one applies."""

    def __init__(
        self, pool: Pool, proxies: ProxyChoice, tls: Callable[[], Awaitable[ssl.SSLContext]], connect_s: float
    ) -> None:
        self._pool = pool
        self._proxies = proxies
        self._tls = tls
        self._connect_s = connect_s
        self._names: dict[tuple[str, int], tuple[float, list[AddrInfoType]]] = {}

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """Return the proxy that calls to an origin go through."""
        return self._proxies.proxy_for(origin)

    async def connect(self, origin: Origin) -> Connection:
        """Open a connection; raises UpstreamUnreachable, in which case nothing of a request was sent."""
        proxy = self.proxy_for(origin)
        first = origin if proxy is None else proxy.origin
        connection = self._pool.new(origin)
        try:
            async with asyncio.timeout(self._connect_s):
                await self._open(connection, first)
                if proxy is not None and origin.secure:
                    await self._tunnel(connection, proxy)
        except TimeoutError as error:
            self._pool.discard(connection)
            raise UpstreamUnreachable(f"Cannot reach {first}: no connection within {self._connect_s:g} s") from error
        except (OSError, UpstreamError) as error:
            self._pool.discard(connection)
            raise UpstreamUnreachable(_in_words(error, first), may_pass=_may_pass(error)) from error
        except BaseException:
            self._pool.discard(connection)
            raise
        return connection

    async def _open(self, connection: Connection, origin: Origin) -> None:
        loop = asyncio.get_running_loop()
        addresses = await self._addresses(origin)
        try:
            sock = await start_connection(addresses, happy_eyeballs_delay=_OTHER_FAMILY_S, interleave=1)
        except OSError:
            self._names.pop((origin.host, origin.port), None)  # the provider may have moved
            raise
        try:
            _tune(sock)
            tls = await self._tls() if origin.secure else None
            await loop.create_connection(
                lambda: connection, sock=sock, ssl=tls, server_hostname=origin.host if tls else None
            )
        except BaseException:
            sock.close()
            raise

    async def _tunnel(self, connection: Connection, proxy: Proxy) -> None:
        tls = await self._tls()
        name = str(connection.origin).encode()
        lines = ((b"Host", name), *proxy.authorization)
        head = b"CONNECT %b HTTP/1.1\r\n%b\r\n" % (name, b"".join(b"%b: %b\r\n" % line for line in lines))
        answer = await connection.exchange("CONNECT", head, b"", self._connect_s)
        if answer.status not in _OK:
            raise UpstreamUnreachable(
                f"The proxy {proxy.origin} refused the way to {connection.origin}: {answer.status}"
            )
        connection.finish()
        transport = await asyncio.get_running_loop().start_tls(
            connection.transport, connection, tls, server_hostname=connection.origin.host
        )
        assert transport is not None
        connection.connection_made(transport)

    async def _addresses(self, origin: Origin) -> list[AddrInfoType]:
        key = (origin.host, origin.port)
        loop = asyncio.get_running_loop()
        known = self._names.get(key)
        if known is not None and known[0] > loop.time():
            return known[1]
        found = await loop.getaddrinfo(*key, type=socket.SOCK_STREAM)
        addresses: list[AddrInfoType] = [info for info in found if info[0] in (socket.AF_INET, socket.AF_INET6)]
        if len(self._names) >= _NAMES_MOST:
            self._names.clear()
        self._names[key] = (loop.time() + _NAMES_S, addresses)
        return addresses


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", _PROBE_AFTER_S),
        ("TCP_KEEPINTVL", _PROBE_EVERY_S),
        ("TCP_KEEPCNT", _PROBES),
    ):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _may_pass(error: OSError | UpstreamError) -> bool:
    """Tell a provider that is just being restarted, or a network that blinked, from what stays as it is."""
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    return isinstance(error, OSError) and not isinstance(error, ssl.SSLError)


def _in_words(error: OSError | UpstreamError, origin: Origin) -> str:
    match error:
        case UpstreamError():
            return str(error)
        case socket.gaierror():
            return f"Cannot find the host {origin.host}: check the provider's base URL and this machine's network"
        case ssl.SSLCertVerificationError():
            return f"The certificate of {origin} was not accepted: {error.verify_message}"
        case ssl.SSLError():
            return f"{origin} does not speak TLS as expected ({error.reason or 'handshake failed'}): is it https?"
        case ConnectionRefusedError():
            return f"Cannot reach {origin}: connection refused; is the provider running there?"
        case _:
            return f"Cannot reach {origin}: {error.strerror or error or 'connection failed'}"
