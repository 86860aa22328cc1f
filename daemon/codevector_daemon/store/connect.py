"""Plain SQLite connections, opened the one way this project opens them."""

import os
import sqlite3
from pathlib import Path
from typing import Literal
from urllib.parse import quote

Mode = Literal["ro", "rw", "untouched"]
"""``untouched`` reads a file that nobody has open, and makes no files beside it as WAL mode else would."""


def uri(path: Path, mode: Mode) -> str:
    """Return SQLite's URI of a file that must exist: no mode here creates one, so a lost file is noticed."""
    return f"file:{quote(str(path))}?{'immutable=1' if mode == 'untouched' else f'mode={mode}'}"


def stat_of(path: Path) -> os.stat_result | None:
    """Return which file a path names at this moment; None where there is none."""
    try:
        return path.stat()
    except OSError:
        return None


def is_still(path: Path, file: os.stat_result | None) -> bool:
    """Tell whether a path still names a file; one that was moved away would be written for nobody."""
    found = stat_of(path)
    return found is not None and file is not None and os.path.samestat(found, file)


def plain(path: Path, *, patience_s: float, mode: Mode = "rw") -> sqlite3.Connection:
    """Open a connection in autocommit mode that waits ``patience_s`` for a lock.

    It may be used by one thread at a time, whichever that is. Raises sqlite3.Error.
    """
    return sqlite3.connect(
        uri(path, mode),
        uri=True,
        timeout=patience_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
