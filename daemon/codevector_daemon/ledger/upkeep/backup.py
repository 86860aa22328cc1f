"""A copy of the store as it is at one moment, made while everybody goes on working."""

import os
import shutil
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO

from codevector_daemon.errors import StoreRefused
from codevector_daemon.store.connect import plain
from codevector_daemon.store.trouble import translated


def copy_of(path: Path, *, patience_s: float) -> BinaryIO:
    """Return an open copy that has no name any more, so that nothing is left behind whatever happens; blocks.

    Raises StoreError, also where the disk has no room for a second one.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}.copying")
    try:
        _check_room(path)
        with translated(path), closing(plain(path, patience_s=patience_s, mode="ro")) as connection:
            # One reading transaction: unlike SQLite's page-wise backup it does not start over when somebody writes.
            connection.execute("VACUUM INTO ?", (str(aside),))
        return aside.open("rb")
    except OSError as error:
        raise StoreRefused(f"{path} cannot be copied: {error}") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _check_room(path: Path) -> None:
    needed = path.stat().st_size
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise StoreRefused(f"a copy of {path} needs {needed} bytes, and {path.parent} has {free} left")
