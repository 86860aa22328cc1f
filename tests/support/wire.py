"""A provider down to its bytes: it keeps what arrived on each connection and answers with what a script writes."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


@dataclass
class Line:
    """One connection as the script sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int

    async def request(self) -> bytes:
        """Read one whole request and return its bytes."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        return head + await self.reader.readexactly(int(length[1]) if length else 0)

    async def answer(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def until_left(self) -> None:
        """Wait until the other side has gone."""
        try:
            while await self.reader.read(1 << 16):
                pass
        except ConnectionError:
            return


Script = Callable[[Line, "Wire"], Awaitable[None]]


@dataclass
class Wire:
    """What the provider saw: whole requests in order, and how many connections were made."""

    scheme: str = "http"
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    gone: int = 0
    spoken: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """For scripts and tests to wait for each other."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


@asynccontextmanager
async def listening(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """Serve a script on a free port; each connection runs it once."""
    wire = Wire("http" if tls is None else "https")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.connections += 1
        try:
            await script(Line(reader, writer, wire.connections), wire)
        except (asyncio.IncompleteReadError, ConnectionError):
            wire.left.set()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    wire.port = server.sockets[0].getsockname()[1]
    async with server:
        yield wire


def always(data: bytes) -> Script:
    """Answer every request on every connection with the same bytes, and keep the requests."""

    async def script(line: Line, wire: Wire) -> None:
        while True:
            wire.requests.append(await line.request())
            await line.answer(data)

    return script
