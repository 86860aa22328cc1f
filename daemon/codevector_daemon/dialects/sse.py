"""Server-sent events as the WHATWG standard frames them: lines end with LF, CRLF or CR, events with an empty line."""

import re
from io import BytesIO

_BLANK = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?=[^\n]))")
"""The end of an event. A CR that is the last byte so far is left open, because a LF may follow it."""

_LOOK_BACK = 3
"""An empty line may have begun this many bytes before a new chunk."""


class EventSplitter:
    """Cuts a stream of bytes into whole raw events. Every byte fed comes out, in order, exactly once.

    An event that comes in pieces is put together in a BytesIO, which gives its bytes away without copying them: to
    join the pieces of 4 MB in the end takes a millisecond, in which every other call waits.
    """

    def __init__(self) -> None:
        self._open = BytesIO()
        self._tail = b""
        self.size = 0
        """Bytes of the event that is not whole yet."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the events that are whole by now, each with its empty line."""
        if not self.size:
            whole = chunk.find(b"\n\n") == len(chunk) - 2 >= 0 if b"\r" not in chunk else _is_one_line(chunk)
            return [chunk] if whole else self._cut(chunk)
        tail = self._tail
        cut = _first_blank(tail + chunk, 0) - len(tail)
        if cut < 0:
            self._keep(chunk)
            return []
        self._open.write(chunk[:cut])
        return [self.take_rest(), *self._cut(chunk[cut:])]

    def rest(self) -> bytes:
        """Return the bytes of the event that is not whole yet; they stay inside."""
        return self._open.getvalue()

    def take_rest(self) -> bytes:
        """Return the bytes of the event that is not whole and forget them."""
        rest = self.rest()
        self._open, self._tail, self.size = BytesIO(), b"", 0
        return rest

    def _cut(self, data: bytes) -> list[bytes]:
        events = []
        start = 0
        end = _first_blank(data, 0)
        while end >= 0:
            events.append(data[start:end])
            start = end
            end = _first_blank(data, start)
        if start < len(data):
            self._keep(data[start:])
        return events

    def _keep(self, part: bytes) -> None:
        self._open.write(part)
        self._tail = (self._tail + part[-_LOOK_BACK:])[-_LOOK_BACK:]
        self.size += len(part)


def _is_one_line(chunk: bytes) -> bool:
    """Tell of an event of one line as Google frames it: the search for an empty line of any kind takes far longer."""
    end = len(chunk) - 4
    return chunk.endswith(b"\r\n\r\n") and chunk.find(b"\r") == end and chunk.find(b"\n") == end + 1


def _first_blank(data: bytes, start: int) -> int:
    """Return where the first event at or after ``start`` ends, or -1."""
    if b"\r" not in data:
        at = data.find(b"\n\n", start)
        return at + 2 if at >= 0 else -1
    found = _BLANK.search(data, start)
    return found.end() if found else -1


_DATA = b"data:"


def data_of(event: bytes) -> bytes:
    """Return the payload of an event: its data lines, joined by LF."""
    return b"\n".join(line[5:] for line in event.splitlines() if line.startswith(_DATA))


def payload_of(event: bytes) -> bytes | memoryview:
    """Return the same to be decoded: of an event with one such line, as nearly all are, without copying it.

    Every copy of 4 MB takes a millisecond.
    """
    place = place_of(event)
    return data_of(event) if place is None else memoryview(event)[place[0] : place[1]]


def place_of(event: bytes) -> tuple[int, int] | None:
    """Return where the payload lies in an event with one line of data at its end, None for any other."""
    start = 0 if event.startswith(_DATA) else event.find(b"\n" + _DATA) + 1
    stop = event.find(b"\n", start)
    if not event.startswith(_DATA, start) or stop < len(event) - 3 or event[stop:].strip(b"\r\n"):
        return None
    stop -= event.startswith(b"\r", stop - 1)
    return None if event.find(b"\r", start, stop) >= 0 else (start + len(_DATA), stop)


def name_of(event: bytes) -> str:
    """Return the event's name, ``""`` where it has none."""
    for line in event.splitlines():
        if line.startswith(b"event:"):
            return line[6:].strip().decode("utf-8", "replace")
    return ""


def event_of(data: bytes, name: str | None = None) -> bytes:
    """Frame one line of payload as an event."""
    head = b"" if name is None else b"event: " + name.encode() + b"\n"
    return head + b"data: " + data + b"\n\n"
