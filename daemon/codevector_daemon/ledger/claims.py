"""Which process is alive: each holds a lock on a file of its own, which the system drops when the process dies."""

import fcntl
import os
from pathlib import Path

from codevector_daemon.store.connect import is_still

_SUFFIX = ".lock"


class Claim:
    """The lock of one node's name, held until ``release`` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, node: str) -> "Claim | None":
        """Claim a node's name; None while another process that is alive holds it."""
        path = folder / (node + _SUFFIX)
        while True:
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            # Its last holder may have removed the file in between.
            if is_still(path, os.fstat(descriptor)):
                return cls(path, descriptor)
            os.close(descriptor)

    def release(self) -> None:
        """Let go of the name. The file goes first, while nobody else can hold it."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
