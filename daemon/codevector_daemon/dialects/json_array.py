"""A stream that is one JSON array, as Gemini gives it where no server-sent events were asked for."""

import re
from io import BytesIO
from typing import Final

from codevector_daemon.dialects.sse import data_of

GEMINI_ARRAY: Final = "gemini-array"
"""What the translation calls a client of Gemini whose streams are such."""

_OUTSIDE: Final = re.compile(rb'["\[\]{}]')
_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
"""The rest of a string: up to its quote, or as far as it is there. Stopping at each escape takes five times as long."""

_PIECE: Final = re.compile(rb"\s*[\[,{\]]")
_BEFORE: Final = re.compile(rb"[ \t\r\n\[,]*")
_OPENS: Final = b"[{"
_ELEMENT: Final = 1
"""How deep the elements lie: in the array and in nothing else."""


class ArraySplitter:
    """Cuts an array into pieces that each end with a whole element. Every byte fed comes out, in order, exactly once.

    What follows the last element, the closing bracket, stays inside as the rest; so does all that is no array.
    """

    def __init__(self) -> None:
        self._open = BytesIO()  # gives its bytes away without copying them
        self._depth = 0
        self._is_array = False
        self._in_string = False
        self._escaped = False
        self.size = 0
        """Bytes of the element that is not whole yet."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the pieces that are whole by now."""
        pieces: list[bytes] = []
        if not chunk:
            return pieces
        at, start = int(self._escaped), 0
        self._escaped = False
        while (mark := self._next(chunk, at)) is not None:
            sign, at = mark[0], mark.end()
            if sign == b'"':
                self._in_string = True
            else:
                self._is_array = sign == b"[" if self._depth == 0 else self._is_array
                self._depth += 1 if sign in _OPENS else -1
                if self._depth == _ELEMENT and sign == b"}" and self._is_array:
                    self._open.write(chunk[start:at])
                    pieces.append(self.take_rest())
                    start = at
        self.size += self._open.write(chunk[start:])
        return pieces

    def rest(self) -> bytes:
        """Return the bytes after the last whole element; they stay inside."""
        return self._open.getvalue()

    def take_rest(self) -> bytes:
        """Return the bytes after the last whole element and forget them."""
        rest = self.rest()
        self._open, self.size = BytesIO(), 0
        return rest

    def _next(self, chunk: bytes, at: int) -> re.Match[bytes] | None:
        """Find the next sign outside of strings; None where the chunk has no more."""
        if self._in_string:
            found = _STRING.match(chunk, at)
            at = len(chunk) if found is None else found.end()
            self._in_string = not chunk.startswith(b'"', at)
            self._escaped = chunk.startswith(b"\\", at)
            if self._in_string:
                return None
            at += 1
        return _OUTSIDE.search(chunk, at)


def element_of(piece: bytes) -> bytes:
    """Return the element of a piece, on one line."""
    return piece[start_of(piece) :].replace(b"\r", b" ").replace(b"\n", b" ")


def start_of(piece: bytes) -> int:
    """Return where the element of a piece begins."""
    before = _BEFORE.match(piece)
    return before.end() if before else 0


def is_piece(raw: bytes) -> bool:
    """Tell a piece of an array from a server-sent event."""
    return not raw.startswith(b"data:") and _PIECE.match(raw) is not None


def last_piece(event: bytes, *, first: bool) -> bytes:
    """Return a server-sent event as the last element of an array."""
    return (b"[" if first else b",\n") + data_of(event) + b"\n]"
