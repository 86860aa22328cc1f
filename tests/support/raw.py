"""A client that writes given bytes to a socket and keeps what comes back, with the time of every piece."""

import socket
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from support.script import Headers


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it arrived; ``arrivals`` are the times and bytes of the body's pieces, chunk framing removed."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    arrivals: list[tuple[float, bytes]]
    complete: bool
    """False where the connection ended before the framing did."""

    def header(self, name: str) -> list[str]:
        """Return every value of one header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def request(method: str, target: str, headers: Headers, body: bytes = b"", *, host: str = "127.0.0.1") -> bytes:
    """Return a request as bytes; Host and Content-Length are added, everything else is as given."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class RawCall:
    """One call on a connection of its own."""

    def __init__(self, port: int, data: bytes, *, limit_s: float = 20.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
        self._buffer = b""
        self._head: tuple[int, list[tuple[str, str]]] | None = None
        self.sent_at = time.monotonic()
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):  # refused early: the answer is there to be read
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave, whatever is still to come."""
        self._socket.close()

    def more(self, data: bytes) -> None:
        """Write more bytes."""
        self._socket.sendall(data)

    def head(self) -> tuple[int, list[tuple[str, str]]]:
        """Return the answer's head, past any interim answer."""
        while self._head is None:
            while b"\r\n\r\n" not in self._buffer:
                assert self._fill(), f"the connection ended before an answer's head: {self._buffer!r}"
            raw, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            first, *lines = raw.decode("latin-1").split("\r\n")
            status = int(first.split(" ")[1])
            if status >= 200:
                pairs = (line.partition(":") for line in lines)
                self._head = status, [(name, value.strip()) for name, _, value in pairs]
        return self._head

    def piece_with(self, needle: bytes) -> bytes:
        """Read until the bytes have arrived and return everything so far, framing and all."""
        while needle not in self._buffer:
            assert self._fill(), f"the connection ended without {needle!r}: {self._buffer!r}"
        return self._buffer

    def quiet_for(self, seconds: float) -> None:
        """Assert that nothing arrives, not even the connection's end, for so long."""
        before, limit = self._buffer, self._socket.gettimeout()
        self._socket.settimeout(seconds)
        try:
            self._fill()
        except TimeoutError:
            return
        finally:
            self._socket.settimeout(limit)
        raise AssertionError(f"{self._buffer[len(before) :]!r} arrived where nothing was to come")

    def reply(self, *, bodiless: bool = False) -> Reply:
        """Read the whole answer; ``bodiless`` for the answer to a HEAD."""
        status, headers = self.head()
        values = {name.lower(): value for name, value in headers}
        arrivals: list[tuple[float, bytes]] = []
        if bodiless or status in {204, 304}:
            complete = True
        elif values.get("transfer-encoding", "").lower() == "chunked":
            complete = self._chunked(arrivals)
        else:
            complete = self._plain(int(values["content-length"]) if "content-length" in values else None, arrivals)
        return Reply(status, headers, b"".join(data for _, data in arrivals), arrivals, complete)

    def _fill(self) -> bool:
        try:
            data = self._socket.recv(1 << 18)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)

    def _take(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not self._fill():
                return None
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _line(self) -> bytes | None:
        while b"\r\n" not in self._buffer:
            if not self._fill():
                return None
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def _chunked(self, arrivals: list[tuple[float, bytes]]) -> bool:
        while (line := self._line()) is not None:
            size = int(line.split(b";")[0], 16)
            if size == 0:
                return self._line() == b""
            data = self._take(size)
            if data is None or self._take(2) is None:
                return False
            arrivals.append((time.monotonic(), data))
        return False

    def _plain(self, size: int | None, arrivals: list[tuple[float, bytes]]) -> bool:
        left = size
        while left is None or left > 0:
            if not self._buffer and not self._fill():
                return size is None
            data, self._buffer = self._buffer[:left], self._buffer[left:] if left is not None else b""
            left = None if left is None else left - len(data)
            arrivals.append((time.monotonic(), data))
        return True


def exchange(port: int, data: bytes, *, limit_s: float = 20.0, bodiless: bool = False) -> Reply:
    """Send one request and return its whole answer."""
    with RawCall(port, data, limit_s=limit_s) as call:
        return call.reply(bodiless=bodiless)
