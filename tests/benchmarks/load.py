"""The load generator, in a process of its own: keep-alive connections, each sending its next call when one is answered.

``python -m benchmarks.load`` reads one JSON job per line and prints one JSON outcome per line.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterable
from typing import cast

from msgspec import Struct, convert, to_builtins

STAMP = re.compile(rb'"stamp": (\d+)')
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MESSAGE = {"role": "user", "content": "A prompt of a believable size. " * 40}


class Job(Struct, frozen=True):
    """What to send where: so many calls over so many connections."""

    port: int
    path: str
    key: str
    model: str
    calls: int
    connections: int
    stream: bool = False
    chunks: int = 0
    pace_ms: int = 0


class Outcome(Struct, frozen=True):
    """What came back. Times are milliseconds; for streams, first event and how late each event came."""

    elapsed_s: float
    call_ms: list[float]
    first_ms: list[float]
    late_ms: list[float]


class Connection(asyncio.Protocol):
    """One keep-alive connection that knows when an answer is whole."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._whole: asyncio.Future[None] | None = None
        self._wanted = -1
        self.first_at = 0
        self.late_ms: list[float] = []
        self._scanned = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the call under way."""
        if self._whole is not None and not self._whole.done():
            self._whole.set_exception(ConnectionError(f"cut off after {bytes(self._data[-200:])!r}: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Note the time of each event and whether the answer is whole."""
        now = time.monotonic_ns()
        self._data += data
        for found in STAMP.finditer(self._data, self._scanned):
            self.first_at = self.first_at or now
            self.late_ms.append((now - int(found[1])) / 1e6)
            self._scanned = found.end()
        if self._is_whole() and self._whole is not None and not self._whole.done():
            self._whole.set_result(None)

    def _is_whole(self) -> bool:
        if self._wanted < 0:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return False
            assert self._data.startswith(b"HTTP/1.1 200"), bytes(self._data[:600])
            length = LENGTH.search(self._data, 0, end + 2)
            self._wanted = end + 4 + int(length[1]) if length else 0
        return len(self._data) >= self._wanted if self._wanted else self._data.endswith(b"\r\n0\r\n\r\n")

    async def call(self, request: bytes) -> float:
        """Send one call, wait for the whole answer, and return the milliseconds it took."""
        self._data.clear()
        self._wanted, self._scanned, self.first_at = -1, 0, 0
        self._whole = asyncio.get_running_loop().create_future()
        began = time.monotonic_ns()
        self.transport.write(request)
        async with asyncio.timeout(120):
            await self._whole
        return (time.monotonic_ns() - began) / 1e6


def request_of(job: Job) -> bytes:
    """Return the call as bytes."""
    fields: dict[str, object] = {"model": job.model, "stream": job.stream, "messages": [MESSAGE] * 3}
    if job.stream:
        fields |= {"chunks": job.chunks, "pace_ms": job.pace_ms}
    body = json.dumps(fields).encode()
    head = f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {job.key}\r\n"
    rest = f"Content-Type: application/json\r\nUser-Agent: bench/1\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + rest).encode() + body


async def perform(job: Job) -> Outcome:
    """Do one job."""
    loop = asyncio.get_running_loop()
    pairs = [await loop.create_connection(Connection, "127.0.0.1", job.port) for _ in range(job.connections)]
    connections = [connection for _, connection in pairs]
    request = request_of(job)
    left = iter(range(job.calls))
    outcome = Outcome(0.0, [], [], [])

    async def work(connection: Connection, numbers: Iterable[int]) -> None:
        for _ in numbers:
            sent_at = time.monotonic_ns()
            outcome.call_ms.append(await connection.call(request))
            if job.stream:
                outcome.first_ms.append((connection.first_at - sent_at) / 1e6)

    began = time.monotonic()
    async with asyncio.TaskGroup() as workers:
        for connection in connections:
            workers.create_task(work(connection, left))
    elapsed = time.monotonic() - began
    for connection in connections:
        outcome.late_ms.extend(connection.late_ms)
        connection.transport.close()
    return Outcome(elapsed, outcome.call_ms, outcome.first_ms, outcome.late_ms)


async def main() -> None:
    """Do job after job until standard input ends."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        outcome = await perform(convert(json.loads(line), Job))
        sys.stdout.write(json.dumps(to_builtins(outcome)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
