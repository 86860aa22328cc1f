"""Says that the store is held on purpose: who finds it locked need neither wait for the lock nor raise an alarm.

The word is a lock on a file beside the database, which the system takes back when its holder dies.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Say so until the block is left; whoever else says it is waited for. Blocks; raises OSError."""
    path = _word(database)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        # The file goes first, so that usually it is not even there to be asked. Where it cannot go, the lock does.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def is_held(database: Path) -> bool:
    """Tell whether a process that is alive says so; costs microseconds."""
    try:
        descriptor = os.open(_word(database), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _word(database: Path) -> Path:
    return database.with_name(f"{database.name}.held")
