"""The three ways an HTTP/1.1 answer says where its body ends (RFC 9112, section 6.3). No I/O."""

import re
from typing import Protocol

from codevector_daemon.gateway.http1.errors import BadAnswer

LINE_LIMIT = 16 * 1024
"""Bytes of one chunk-size line with its extensions."""
TRAILER_LIMIT = 256 * 1024
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}(?=[ \t]*(?:;|$))")


class Body(Protocol):
    """Takes what the wire brings, gives what the body is."""

    ended: bool
    surplus: bool
    """Bytes came after the end: the connection is out of step and must not be used again."""

    def feed(self, data: bytes) -> bytes:
        """Return the part of the body that ``data`` brought; raises BadAnswer."""

    def eof(self) -> None:
        """Take note that the provider closed its side; raises BadAnswer when the body is not whole."""


class SizedBody:
    """A body of ``Content-Length`` bytes; also the empty body of HEAD, 204 and 304."""

    __slots__ = ("_left", "ended", "surplus")

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = length == 0
        self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """Count down."""
        if len(data) > self._left:
            self.surplus = True
            data = data[: self._left]
        self._left -= len(data)
        self.ended = self._left == 0
        return data

    def eof(self) -> None:
        """Refuse an early end."""
        if not self.ended:
            raise BadAnswer(f"the connection closed {self._left} bytes before the end of the answer")


class OpenBody:
    """A body that ends with the connection."""

    __slots__ = ("ended", "surplus")

    def __init__(self) -> None:
        self.ended = False
        self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """Pass on."""
        return data

    def eof(self) -> None:
        """Take the close for the end."""
        self.ended = True


class ChunkedBody:
    """A body in chunks; chunk extensions and trailer fields are dropped."""

    __slots__ = ("_carry", "_in_trailer", "_left", "_trailer_size", "_wants_line_end", "ended", "surplus")

    def __init__(self) -> None:
        self._carry = b""
        self._left = 0
        self._wants_line_end = False
        self._in_trailer = False
        self._trailer_size = 0
        self.ended = False
        self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """Take the chunks apart; chunks that came together are given together."""
        if self._carry:
            data, self._carry = self._carry + data, b""
        pieces = []
        at, size = 0, len(data)
        while at < size and not self.ended:
            if self._left:
                piece = data[at : at + self._left]
                self._left -= len(piece)
                at += len(piece)
                pieces.append(piece)
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._keep(data[at:])
                return b"".join(pieces)
            self._line(data[at:end].removesuffix(b"\r"))
            at = end + 1
        self.surplus = self.surplus or at < size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def eof(self) -> None:
        """Refuse an early end."""
        if not self.ended:
            raise BadAnswer("the connection closed in the middle of a chunked answer")

    def _keep(self, part: bytes) -> None:
        if len(part) > LINE_LIMIT:
            raise BadAnswer("a line between two chunks is too long")
        self._carry = part

    def _line(self, line: bytes) -> None:
        if self._wants_line_end:
            if line:
                raise BadAnswer("a chunk is longer than it said")
            self._wants_line_end = False
        elif self._in_trailer:
            self._trailer(line)
        else:
            self._size(line)

    def _size(self, line: bytes) -> None:
        match = _SIZE.match(line)
        if match is None or len(line) > LINE_LIMIT:
            raise BadAnswer("a chunk does not begin with its size")
        self._left = int(match[0], 16)
        self._in_trailer = self._left == 0
        self._wants_line_end = self._left != 0

    def _trailer(self, line: bytes) -> None:
        self._trailer_size += len(line)
        if self._trailer_size > TRAILER_LIMIT:
            raise BadAnswer("the trailer fields are too long")
        self.ended = not line
