"""The files of a spool: space reserved while there is some, frames appended and flushed, whole files read back."""

import os
from pathlib import Path

SEGMENT_BYTES = 128 * 1024
DAMAGED = ".damaged"
"""The suffix of files that were set aside for people to look at."""

_RESERVED = 4
"""Files kept ready, so that a full disk still leaves room for some two thousand events."""


class Segment:
    """One spool file being written."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.used = 0
        self._descriptor = descriptor

    def has_room(self, size: int) -> bool:
        """Tell whether ``size`` more bytes belong in this file; an oversized frame gets one for itself."""
        return self.used == 0 or self.used + size <= SEGMENT_BYTES

    def append(self, data: bytes) -> None:
        """Write behind what is there; a write that failed half-way is overwritten by the next. Raises OSError."""
        done = 0
        while done < len(data):
            done += os.pwrite(self._descriptor, data[done:], self.used + done)
        self.used += done

    def flush(self) -> None:
        """Return when everything is on the disk itself. Raises OSError."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file; it stays for the replay."""
        os.close(self._descriptor)


class Shelf:
    """The folder the files lie in, as far as one node uses it."""

    def __init__(self, folder: Path, node: str) -> None:
        self._folder = folder
        self._node = node
        self._serial = 0

    def reserve(self) -> bool:
        """Fill up the reserve; False when the disk has no room for it."""
        try:
            for number in range(_RESERVED):
                path = self._folder / f"{self._node}.{number}.reserve"
                if not path.exists():
                    _allocate(path)
        except OSError:
            return False
        return True

    def new(self, now_ms: int) -> Segment:
        """Start a file, from the reserve where there is one. Raises OSError."""
        self._serial += 1
        path = self._folder / f"{self._node}.{now_ms:013}-{self._serial:06}.spool"
        ready = sorted(self._folder.glob(f"{self._node}.*.reserve"))
        if ready:
            ready[0].rename(path)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        _flush_folder(self._folder)
        return Segment(path, descriptor)

    def of(self, node: str) -> list[Path]:
        """Return the files that a node left, oldest first."""
        return sorted(self._folder.glob(f"{node}.*-*.spool"))

    def set_aside(self) -> int:
        """Return how many damaged files lie here, whoever left them."""
        return len(list(self._folder.glob(f"*{DAMAGED}")))

    def give_up_reserve(self, node: str) -> None:
        """Remove what a node that is gone, or is about to, had reserved."""
        for suffix in ("reserve", "unfinished"):
            for path in self._folder.glob(f"{node}.*.{suffix}"):
                path.unlink(missing_ok=True)


def _allocate(path: Path) -> None:
    """Make a file of zeros whose blocks are truly taken, not merely promised."""
    unfinished = path.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, SEGMENT_BYTES)
        else:
            os.pwrite(descriptor, bytes(SEGMENT_BYTES), 0)
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """Make a new name in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
