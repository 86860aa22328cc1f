"""Where entries wait while the store refuses them: fsynced files, read back in order, each batch under its own id."""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from codevector_daemon.ledger.entries import Batch, Entry, Settle
from codevector_daemon.ledger.writing.frames import OVERHEAD, frame, scan
from codevector_daemon.ledger.writing.segments import DAMAGED, SEGMENT_BYTES, Segment, Shelf

log = logging.getLogger(__name__)

_ENTRIES_PER_FRAME = 64
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)


class Spool:
    """The spool of one process, and of dead ones it adopted. Owned by the writer's thread."""

    def __init__(self, folder: Path, node: str, now_ms: Callable[[], int]) -> None:
        self._counted: dict[Path, int] = {}
        """How many settled attempts wait in each file; made sure of when the file is read."""
        self._node = node
        self._shelf = Shelf(folder, node)
        self.damaged = self._shelf.set_aside()
        """Files that were set aside because a part of them could not be read, and are still there."""
        self._now_ms = now_ms
        self._writing: Segment | None = None
        self._waiting: deque[Path] = deque()
        self._reading: _Reading | None = None
        if not self._shelf.reserve():
            log.warning("no room to reserve space for the spool in %s: a full disk will refuse calls at once", folder)

    @property
    def events(self) -> int:
        """How many settled attempts wait to be counted."""
        return sum(self._counted.values())

    @property
    def empty(self) -> bool:
        """Nothing waits."""
        return self._writing is None and not self._waiting and self._reading is None

    def adopt(self, node: str) -> None:
        """Take over the files that a dead process left behind."""
        files = self._shelf.of(node)
        self._waiting.extend(files)
        self._counted.update((path, _events_in(path)) for path in files)

    def append(self, entries: Sequence[Entry]) -> None:
        """Return when the entries are on disk. Raises OSError where they are not; some may then be all the same."""
        try:
            for data, events in _frames(self._node, entries):
                file = self._room_for(len(data))
                file.append(data)
                self._counted[file.path] = self._counted.get(file.path, 0) + events
            if self._writing is not None:
                self._writing.flush()
        except OSError:
            self._end_file()
            raise

    def oldest(self) -> Batch | None:
        """Return the batch to be counted next, and again until ``drop``; None when all is done. Raises OSError."""
        while self._reading is None or not self._reading.batches:
            if self._reading is None and not self._open_next():
                return None
            if self._reading is not None and not self._reading.batches:
                self._finish_file()
        return self._reading.batches[0]

    def drop(self) -> list[str]:
        """Take the oldest batch away; returns the ids of a whole file once it is gone, to be forgotten."""
        assert self._reading is not None
        batch = self._reading.batches.popleft()
        self._reading.done.append(batch.id)
        self._counted[self._reading.path] -= _events(batch)
        return [] if self._reading.batches else self._finish_file()

    def keep_for_people(self) -> None:
        """Keep the file of the oldest batch when it is done: something in it can never be counted."""
        assert self._reading is not None
        self._reading.damaged += 1

    def close(self) -> None:
        """Close the file being written; what waits stays for the next process."""
        self._end_file()

    def leave(self, node: str) -> None:
        """Give back the space that a node had reserved."""
        self._shelf.give_up_reserve(node)

    def refill(self) -> None:
        """Reserve space again after a trouble is over."""
        self._shelf.reserve()

    def _room_for(self, size: int) -> Segment:
        if self._writing is not None and not self._writing.has_room(size):
            self._writing.flush()
            self._end_file()
        if self._writing is None:
            self._writing = self._shelf.new(self._now_ms())
        return self._writing

    def _end_file(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._waiting.append(self._writing.path)
            self._writing = None

    def _open_next(self) -> bool:
        if not self._waiting:
            self._end_file()
        if not self._waiting:
            return False
        self._reading = _Reading(self._waiting[0])
        self._counted[self._reading.path] = self._reading.events
        # Only now: a file that cannot be read stays in its place, and nobody who looks meanwhile finds the spool empty.
        self._waiting.popleft()
        return True

    def _finish_file(self) -> list[str]:
        assert self._reading is not None
        reading, self._reading = self._reading, None
        self._counted.pop(reading.path, None)
        if reading.damaged:
            self.damaged += 1
            aside = reading.path.with_suffix(DAMAGED)
            log.error("a part of %s cannot be counted; the rest of it was, the file is kept as %s", reading, aside)
            reading.path.rename(aside)
        else:
            reading.path.unlink(missing_ok=True)
        return reading.done


class _Reading:
    """A file being read back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: list[str] = []
        found = scan(path.read_bytes() if path.exists() else b"")
        self.damaged = found.damaged
        self.batches = deque(self._decoded(found.payloads))
        if found.torn:
            log.warning("%s ends in the middle of a batch that nobody was told is safe; it is dropped", path)

    @property
    def events(self) -> int:
        """How many settled attempts are left in it."""
        return sum(_events(batch) for batch in self.batches)

    def _decoded(self, payloads: Iterable[bytes]) -> Iterator[Batch]:
        for payload in payloads:
            try:
                yield _decoder.decode(payload)
            except msgspec.DecodeError:
                self.damaged += 1

    def __str__(self) -> str:
        return str(self.path)


def _events_in(path: Path) -> int:
    try:
        return _Reading(path).events
    except OSError as error:
        # It stays in the queue, and whoever reads it meets the same trouble.
        log.warning("the events in %s cannot be counted yet: %s", path, error)
        return 0


def _frames(node: str, entries: Sequence[Entry]) -> Iterator[tuple[bytes, int]]:
    """Cut entries into frames well below the size of a file; yield each with the number of its events."""
    for first in range(0, len(entries), _ENTRIES_PER_FRAME):
        yield from _halved(node, list(entries[first : first + _ENTRIES_PER_FRAME]))


def _halved(node: str, entries: list[Entry]) -> Iterator[tuple[bytes, int]]:
    batch = Batch(f"{node}.{os.urandom(12).hex()}", node, entries)
    data = frame(_encoder.encode(batch))
    if len(data) > SEGMENT_BYTES - OVERHEAD and len(entries) > 1:
        yield from _halved(node, entries[: len(entries) // 2])
        yield from _halved(node, entries[len(entries) // 2 :])
    else:
        yield data, _events(batch)


def _events(batch: Batch) -> int:
    return sum(isinstance(entry, Settle) for entry in batch.entries)
