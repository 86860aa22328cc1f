"""Stations on the way to the scripted provider: a proxy that asks for a login, and a front that speaks TLS."""

import asyncio
import base64
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Serve = Callable[[Reader, Writer], Awaitable[None]]


@contextmanager
def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve connections in a thread of their own; gives the port, and is gone when the block ends."""
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls), loop).result(20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        running.join(20)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def pipe(reader: Reader, writer: Writer, port: int, opening: bytes = b"") -> None:
    """Carry bytes both ways between a connection and a port of this machine until one side ends."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(opening)
    ways = [asyncio.create_task(_carry(reader, back)), asyncio.create_task(_carry(there, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        back.close()
        writer.close()


async def _carry(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


def front(port: int) -> Serve:
    """Return what a server of TLS does: it hands every connection on to a port."""

    async def serve(reader: Reader, writer: Writer) -> None:
        await pipe(reader, writer, port)

    return serve


@dataclass
class Proxy:
    """A proxy for the names that it knows; with a login only for those who have it. It keeps what it was asked."""

    ports: dict[str, int]
    """The port of this machine behind each host."""
    login: str | None = None
    asked: list[str] = field(default_factory=list)
    """The request lines, in order."""

    async def serve(self, reader: Reader, writer: Writer) -> None:
        """Tunnel after CONNECT, or pass a plain request on."""
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.split(b"\r\n", 1)[0].decode()
        self.asked.append(line)
        if self.login is not None and b"Basic " + base64.b64encode(self.login.encode()) not in head:
            writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        method, target, _ = line.split(" ")
        host = target.partition("://")[2] or target
        port = self.ports[host.partition("/")[0].partition(":")[0]]
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await pipe(reader, writer, port)
        else:
            await pipe(reader, writer, port, head)
