"""Connections on Hypercorn's protocols: garbage gets an answer like any other, and a client that left is let go."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import h11
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Event, RawData
from hypercorn.protocol.h11 import H11Protocol

logger = logging.getLogger(__name__)

Lines = list[tuple[bytes, bytes]]
Complaint = Callable[[bytes, int], tuple[Lines, bytes]]
"""Says that a request is no HTTP: from what was read of it and a status, the answer's header lines and body."""

MOST_READ = 2048
"""Bytes kept of a request's beginning, to tell whom it was for."""
BAD_REQUEST, SERVER_ERROR = 400, 500


class Server:
    """Accepts the connections of one listener for one app."""

    def __init__(self, app: Any, config: Config, complain: Complaint) -> None:  # noqa: ANN401 - an ASGI callable
        self._app = ASGIWrapper(app)
        self._config = config
        self._complain = complain
        self._context = WorkerContext(None)
        self._connections: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, listener: socket.socket) -> None:
        """Begin to accept; the server owns the listener from now on."""
        self._server = await asyncio.start_server(self._accept, sock=listener, backlog=self._config.backlog)

    async def close(self) -> None:
        """Accept no more, and end every connection that is idle or becomes so."""
        await self._context.terminated.set()
        if self._server is not None:
            self._server.close()

    async def idle(self, limit_s: float) -> None:
        """Wait until every connection is ended, but no longer than this."""
        if self._connections:
            await asyncio.wait(self._connections, timeout=limit_s)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        loop = asyncio.get_running_loop()
        connection = Connection(self._app, loop, self._config, self._context, {}, reader, writer)
        connection.complain = self._complain
        try:
            await connection.run()
        except Exception as error:  # noqa: BLE001 - the edge of a connection: what a strange client does ends it alone
            logger.warning("a connection was ended: it confused the server (%s)", type(error).__name__)


class Connection(TCPServer):
    """One accepted connection."""

    complain: Complaint
    _left = False

    async def _read_data(self) -> None:
        plain = self.protocol.protocol
        if isinstance(plain, H11Protocol):
            self.protocol.protocol = Http1(plain, self.complain)
        try:
            await super()._read_data()
        finally:  # else the socket of a client that has left stays open until the keep-alive ends
            self._left = True
            await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        if not self._left:
            await super()._idle_timeout()


class Http1(H11Protocol):
    """HTTP/1.1 without upgrades, where garbage is refused in words.

    A broken body is the app's to refuse, which knows whose call it is and writes the row: it gets the body's end,
    marked as ``malformed``. Whatever is broken before that is refused here.
    """

    def __init__(self, plain: H11Protocol, complain: Complaint) -> None:
        super().__init__(
            plain.app,
            plain.config,
            plain.context,
            plain.task_group,
            plain.connection_state,
            plain.ssl,
            plain.client,
            plain.server,
            plain.send,
        )
        self._complain = complain
        self._opening = b""
        self._left = False

    async def handle(self, event: Event) -> None:
        """Take in what the client sent."""
        if isinstance(event, RawData):
            self._left = not event.data
            if self.connection.their_state is h11.IDLE:
                self._opening = (self._opening + event.data)[:MOST_READ]
        await super().handle(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        if event.method == b"PRI":  # how HTTP/2 begins where the client knows that it is spoken
            await super()._check_protocol(event)

    async def _create_stream(self, request: h11.Request) -> None:
        self._opening = b""
        await super()._create_stream(_without_upgrade(request))

    async def _send_error_response(self, status_code: int) -> None:
        if self._left:  # half a request is no garbage: its sender went away
            return
        if self.stream is not None and self.stream.app_put is not None:
            await self.can_read.clear()
            await self.stream.app_put(
                {"type": "http.request", "body": b"", "more_body": False, "malformed": True}  # type: ignore[arg-type]
            )
            await self.can_read.wait()  # until the app's answer is sent; then the connection is closed
            return
        status = status_code if status_code < SERVER_ERROR else BAD_REQUEST
        lines, body = self._complain(self._opening, status)
        own = [(b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        await self._send_h11_event(h11.Response(status_code=status, headers=[*lines, *own]))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


def _without_upgrade(request: h11.Request) -> h11.Request:
    """Return the request without a wish for another protocol, which a server may ignore (RFC 9110, 7.8)."""
    if not any(name == b"upgrade" for name, _ in request.headers):
        return request
    return h11.Request(
        method=request.method,
        target=request.target,
        headers=[line for line in request.headers.raw_items() if line[0].lower() != b"upgrade"],
        http_version=request.http_version,
    )
