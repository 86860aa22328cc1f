"""The client's end of a call: the answer going out, and the news that the client has gone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from codevector_daemon.gateway.running import Ending, Stop

logger = logging.getLogger(__name__)

PIECE_BYTES = 128 * 1024
"""A larger piece of an answer goes out in several, so that others have their turn; framing 4 MB at once takes 2 ms."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Client:
    """Sends one answer and watches for the client leaving or no longer reading.

    The server's own ``send`` neither fails nor waits once the client is gone, and waits for ever on one that does not
    read, so both are noticed here.
    """

    def __init__(self, receive: Receive, send: Send, ending: Ending, *, stall_s: float) -> None:
        self._receive = receive
        self._send = send
        self._ending = ending
        self._stall_s = stall_s
        self._sending_since: float | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.head_sent = False
        self._ended = False

    async def __aenter__(self) -> Self:
        self._watcher = asyncio.ensure_future(self._watch())
        self._timer = asyncio.get_running_loop().call_later(self._stall_s, self._check_stall)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        if self._timer is not None:
            self._timer.cancel()

    async def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the head of the answer."""
        self.head_sent = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(self, data: bytes) -> None:
        """Send a piece of the body, at the pace the client reads."""
        if len(data) > PIECE_BYTES:
            await self._in_pieces(data)
            return
        self._sending_since = asyncio.get_running_loop().time()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._sending_since = None

    async def _in_pieces(self, data: bytes) -> None:
        for at in range(0, len(data), PIECE_BYTES):
            await self.body(data[at : at + PIECE_BYTES])
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Send the clean end of the answer; leaving it out cuts the connection."""
        self._ended = True
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def whole(
        self,
        status: int,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        *,
        before_end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Send an answer of the gateway's own in one piece; ``before_end`` runs when the client has it all."""
        await self.head(status, [*headers, (b"content-length", b"%d" % len(body))])
        self._ended = True
        await self._send({"type": "http.response.body", "body": body, "more_body": before_end is not None})
        if before_end is not None:
            await before_end()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._ended:  # the server also says so when it closes a finished answer
            self._ending.stop(Stop.CLIENT_LEFT)

    def _check_stall(self) -> None:
        loop = asyncio.get_running_loop()
        if self._sending_since is not None and loop.time() - self._sending_since >= self._stall_s:
            logger.warning("a client stopped reading its answer for %.0f s and was cut off", self._stall_s)
            self._ending.stop(Stop.CLIENT_STALLED)
            return
        self._timer = loop.call_later(max(self._stall_s / 4, 0.05), self._check_stall)
