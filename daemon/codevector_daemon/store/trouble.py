"""SQLite's errors, translated once into ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from codevector_daemon.errors import StoreCorrupt, StoreError, StoreRefused

_REFUSED = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked",
    sqlite3.SQLITE_PROTOCOL: "another process keeps it locked",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "reading or writing failed; check the disk",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that it exists and may be read and written",
    sqlite3.SQLITE_READONLY: "it may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "it may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_NOMEM: "memory ran out",
}
_CORRUPT = {
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is not a database",
}
PRIMARY = 0xFF
"""The low byte of an extended result code is the primary one (https://sqlite.org/rescode.html)."""


def reason(error: BaseException | None, path: Path) -> StoreError | None:
    """Return our error for one of SQLite's, or None where a statement itself was wrong (a broken constraint)."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & PRIMARY
    if code in _CORRUPT:
        return StoreCorrupt(f"{path} {_CORRUPT[code]}")
    if code in _REFUSED:
        return StoreRefused(f"{path}: {_REFUSED[code]}")
    if isinstance(error, sqlite3.ProgrammingError) and "closed database" in str(error):
        return StoreRefused(f"{path} is closed")
    return None


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise StoreRefused and StoreCorrupt instead of the driver's errors; anything else passes."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        ours = reason(error.orig, path)
        if ours is None:
            raise
        raise ours from error
    except sa.exc.TimeoutError as error:
        raise StoreRefused(f"{path}: every connection is busy") from error
    except sqlite3.Error as error:
        ours = reason(error, path)
        if ours is None:
            raise
        raise ours from error
