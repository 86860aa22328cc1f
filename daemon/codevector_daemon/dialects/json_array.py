"""A stream that is one JSON array, as Gemini gives it where no server-sent events were asked for."""

import re
from typing import Final

from codevector_daemon.dialects.sse import data_of

_OUTSIDE: Final = re.compile(rb'["\[\]{}]')
_IN_STRING: Final = re.compile(rb'["\\]')
_OPENS: Final = b"[{"
_BETWEEN: Final = b" \t\r\n[,"
_ELEMENT: Final = 1
"""How deep the elements lie: in the array and in nothing else."""


class ArraySplitter:
    """Cuts an array into pieces that each end with a whole element. Every byte fed comes out, in order, exactly once.

    What follows the last element, the closing bracket, stays inside as the rest; so does all that is no array.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._depth = 0
        self._is_array = False
        self._in_string = False
        self._escaped = False
        self.size = 0
        """Bytes of the element that is not whole yet."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the pieces that are whole by now."""
        pieces: list[bytes] = []
        at, start = int(self._escaped), 0
        self._escaped = self._escaped and not chunk
        while (mark := (_IN_STRING if self._in_string else _OUTSIDE).search(chunk, at)) is not None:
            sign, at = mark[0], mark.end()
            if sign == b"\\":
                at += 1
                self._escaped = at > len(chunk)
            elif sign == b'"':
                self._in_string = not self._in_string
            else:
                self._is_array = sign == b"[" if self._depth == 0 else self._is_array
                self._depth += 1 if sign in _OPENS else -1
                if self._depth == _ELEMENT and sign == b"}" and self._is_array:
                    pieces.append(self.take_rest() + chunk[start:at])
                    start = at
        if start < len(chunk):
            self._parts.append(chunk[start:])
            self.size += len(chunk) - start
        return pieces

    def rest(self) -> bytes:
        """Return the bytes after the last whole element; they stay inside."""
        return b"".join(self._parts)

    def take_rest(self) -> bytes:
        """Return the bytes after the last whole element and forget them."""
        rest, self._parts, self.size = self.rest(), [], 0
        return rest


def element_of(piece: bytes) -> bytes:
    """Return the element of a piece, on one line."""
    return piece.lstrip(_BETWEEN).replace(b"\r", b" ").replace(b"\n", b" ")


def is_piece(raw: bytes) -> bool:
    """Tell a piece of an array from a server-sent event."""
    return not raw.startswith(b"data:") and raw.lstrip()[:1] in {b"[", b",", b"{", b"]"}


def last_piece(event: bytes, *, first: bool) -> bytes:
    """Return a server-sent event as the last element of an array."""
    return (b"[" if first else b",\n") + data_of(event) + b"\n]"
