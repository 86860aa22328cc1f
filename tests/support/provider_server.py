"""The scripted provider's own process: an HTTP/1.1 server that controls every byte, pause and cut of its answers.

``python -m support.provider_server FD`` takes its orders as pickled frames over the socket with that number.
"""

import asyncio
import contextlib
import http
import pickle
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from support.script import Answer, Cut, Ending, Framing, Gate, Pause, Received, Send, Step

FRAME = struct.Struct("!I")
UNSCRIPTED = Answer((Send(b'{"error":{"message":"no answer was scripted","type":"unscripted"}}'),), status=500)


class ClientLeftError(Exception):
    """The other side closed the connection while it was being answered."""


class CutError(Exception):
    """The script drops the connection here."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer under way; owned by the connection that plays it."""

    number: int
    connection: int
    head: bytes
    body: bytes
    at: float
    answer: Answer
    ending: Ending = "running"
    sent: list[float] = field(default_factory=list)

    def received(self) -> Received:
        """Return it as the value that the test gets to see."""
        return Received(
            self.number, self.connection, self.head, self.body, self.at, self.ending, tuple(self.sent), self.answer.said
        )


class Wire:
    """One connection: whole requests in, bytes out, and a watch for the other side leaving."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._buffer = b""

    async def request(self) -> tuple[bytes, bytes] | None:
        """Read one request as head and body; None when the connection ended before the next one began."""
        while b"\r\n\r\n" not in self._buffer:
            if not await self._fill():
                return None
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        lowered = head.lower()
        if b"\r\nexpect: 100-continue" in lowered:
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if b"\r\ntransfer-encoding: chunked" in lowered:
            return head, await self._chunked()
        _, found, rest = lowered.partition(b"\r\ncontent-length:")
        return head, await self._exactly(int(rest.split(b"\r\n")[0]) if found else 0)

    async def unless_left(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work; ClientLeftError as soon as the other side is gone."""
        watch = asyncio.ensure_future(self._fill())
        doing = asyncio.ensure_future(work)
        try:
            await asyncio.wait({watch, doing}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done() and not watch.result():
                raise ClientLeftError
            await doing
        except ConnectionError as error:
            raise ClientLeftError from error
        finally:
            for task in (watch, doing):
                task.cancel()
            await asyncio.gather(watch, doing, return_exceptions=True)

    async def _fill(self) -> bool:
        data = b""
        with contextlib.suppress(ConnectionError):
            data = await self._reader.read(1 << 18)
        self._buffer += data
        return bool(data)

    async def _exactly(self, size: int) -> bytes:
        parts = bytearray(self._buffer)
        self._buffer = b""
        while len(parts) < size:
            if not await self._fill():
                raise ClientLeftError
            parts += self._buffer
            self._buffer = b""
        self._buffer = bytes(parts[size:])
        return bytes(parts[:size])

    async def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if not await self._fill():
                raise ClientLeftError
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    async def _chunked(self) -> bytes:
        body = b""
        while size := int((await self._line()).split(b";")[0], 16):
            body += await self._exactly(size)
            await self._line()
        while await self._line():
            pass
        return body


class ProviderServer:
    """Plays scripted answers and remembers every request."""

    def __init__(self) -> None:
        self._rules: list[tuple[bytes, Answer]] = []
        self._queue: deque[Answer] = deque()
        self._exchanges: list[Exchange] = []
        self._gates: dict[str, asyncio.Event] = {}
        self._connections = 0

    async def listen(self) -> int:
        """Start to serve on a free port of 127.0.0.1 and return it."""
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, backlog=1024)
        port: int = server.sockets[0].getsockname()[1]
        return port

    # The orders that a test can give.

    async def when(self, needle: bytes, answer: Answer) -> None:
        """Answer so whenever the request holds these bytes; a later rule wins over an earlier one."""
        self._rules.insert(0, (needle, answer))

    async def then(self, *answers: Answer) -> None:
        """Answer the next requests so, one after the other."""
        self._queue.extend(answers)

    async def open(self, gate: str) -> None:
        """Let every answer pass that waits, or will wait, at this gate."""
        self._gate(gate).set()

    async def reset(self) -> None:
        """Forget all scripts, gates and requests."""
        for gate in self._gates.values():
            gate.set()
        self._gates.clear()
        self._rules.clear()
        self._queue.clear()
        self._exchanges.clear()

    async def received(self) -> list[Received]:
        """Return every request since the last reset, in their order of arrival."""
        return [exchange.received() for exchange in self._exchanges]

    # Answering.

    def _gate(self, name: str) -> asyncio.Event:
        return self._gates.setdefault(name, asyncio.Event())

    def _choose(self, head: bytes, body: bytes) -> Answer:
        for needle, answer in self._rules:
            if needle in body or needle in head:
                return answer
        return self._queue.popleft() if self._queue else UNSCRIPTED

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        connection = self._connections
        wire = Wire(reader, writer)
        try:
            while (request := await wire.request()) is not None:
                head, body = request
                exchange = Exchange(
                    len(self._exchanges), connection, head, body, time.monotonic(), self._choose(head, body)
                )
                self._exchanges.append(exchange)
                if not await self._play(wire, exchange):
                    return
        except (ClientLeftError, ConnectionError):
            return
        finally:
            writer.close()

    async def _play(self, wire: Wire, exchange: Exchange) -> bool:
        """Play one answer; tell whether the connection can carry another."""
        answer = exchange.answer
        try:
            for step in answer.before:
                await self._step(wire, exchange, step)
            await wire.unless_left(write(wire.writer, head_of(answer)))
            for step in answer.steps:
                await self._step(wire, exchange, step)
            if answer.framing == "chunked":
                await wire.unless_left(write(wire.writer, b"0\r\n\r\n"))
        except ClientLeftError:
            exchange.ending = "left"
            return False
        except CutError:
            exchange.ending = "cut"
            return False
        exchange.ending = "finished"
        return answer.framing != "close"

    async def _step(self, wire: Wire, exchange: Exchange, step: Step) -> None:
        match step:
            case Send(data):
                exchange.sent.append(time.monotonic())
                await wire.unless_left(write(wire.writer, framed(data, exchange.answer.framing)))
            case Pause(seconds):
                await wire.unless_left(asyncio.sleep(seconds))
            case Gate(name):
                await wire.unless_left(passed(self._gate(name)))
            case Cut(reset):
                drop(wire.writer, reset=reset)
                raise CutError


async def write(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write and wait until the socket has room again."""
    writer.write(data)
    await writer.drain()


async def passed(gate: asyncio.Event) -> None:
    """Wait until the gate is open."""
    await gate.wait()


def drop(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """End the connection early."""
    if reset:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.close()


def framed(data: bytes, framing: Framing) -> bytes:
    """Return one piece of a body as it goes onto the wire."""
    return b"%x\r\n%s\r\n" % (len(data), data) if framing == "chunked" else data


def head_of(answer: Answer) -> bytes:
    """Return the answer's head as it goes onto the wire."""
    phrase = http.HTTPStatus(answer.status).phrase if answer.status in set(http.HTTPStatus) else "Overloaded"
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in answer.headers)]
    if answer.framing == "chunked":
        lines.append("transfer-encoding: chunked")
    elif answer.framing == "length":
        lines.append(f"content-length: {len(answer.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def obey(control: socket.socket) -> None:
    """Serve, and take orders until the test closes its end of the control socket."""
    server = ProviderServer()
    reader, writer = await asyncio.open_connection(sock=control)
    port = await server.listen()
    answer: object = port
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            frame = pickle.dumps(answer)
            await write(writer, FRAME.pack(len(frame)) + frame)
            (size,) = FRAME.unpack(await reader.readexactly(FRAME.size))
            order, *arguments = pickle.loads(await reader.readexactly(size))
            answer = await getattr(server, order)(*arguments)


if __name__ == "__main__":
    asyncio.run(obey(socket.socket(fileno=int(sys.argv[1]))))
