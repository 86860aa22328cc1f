"""Makes a database file ready for use: created, checked, brought up to this version; or refused and left alone."""

import os
import sqlite3
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from codevector_daemon.errors import StoreCorrupt, StoreRefused
from codevector_daemon.store.connect import plain
from codevector_daemon.store.migrations import HEAD
from codevector_daemon.store.salvage import finish, is_ours, salvage
from codevector_daemon.store.schema import metadata
from codevector_daemon.store.trouble import translated

_MAGIC = b"SQLite format 3\0"
_ESSENTIAL = ("meta", "users", "keys", "providers", "models", "backends", "open_requests", "marks")
_VERSION_TABLE = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
"""


def prepare(path: Path, *, patience_s: float) -> None:
    """Leave ``path`` as a database of this version; raises StoreTooNew, StoreCorrupt or StoreRefused."""
    finish(path)
    make_file(path)
    with translated(path):
        version = _version(path, patience_s)
        if version is None:
            create(path, patience_s)
        elif version != HEAD:
            # Alembic costs 60 ms and 10 MB, which the usual start does not have to pay.
            from codevector_daemon.store.migrate import upgrade  # noqa: PLC0415

            upgrade(path, version, patience_s=patience_s)
        else:
            _check_essentials(path, patience_s)


def prepare_or_salvage(path: Path, *, now_ms: int, patience_s: float) -> None:
    """Do the same; where the file is one of ours and damaged, start over with what can be read of it."""
    try:
        prepare(path, patience_s=patience_s)
    except StoreCorrupt:
        if not is_ours(path):
            raise
        salvage(path, now_ms=now_ms, patience_s=patience_s)
        prepare(path, patience_s=patience_s)


def make_file(path: Path) -> None:
    """Create an empty private file unless there is one; its WAL and shared memory inherit the permissions."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreRefused(f"{path} cannot be opened for writing: {error.strerror}") from error


def _version(path: Path, patience_s: float) -> str | None:
    """Return the version of a database, None for an empty one; reads only, so that a refused file stays as it was."""
    with path.open("rb") as file:
        magic = file.read(len(_MAGIC))
    if not magic:
        return None
    if magic != _MAGIC:
        raise StoreCorrupt(f"{path} is not a database; move it away or choose another file")
    alive = path.with_name(f"{path.name}-wal").exists()
    connection = plain(path, patience_s=patience_s, mode="ro" if alive else "untouched")
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return None
        versioned = "alembic_version" in tables
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if versioned else None
        # An upgrade from before the first version that was killed has left the table, and nothing in it.
        if not versioned or (row is not None and "meta" not in tables):
            raise StoreCorrupt(f"{path} is a database of another program; choose another file")
    finally:
        connection.close()
    return str(row[0]) if row else ""


def _check_essentials(path: Path, patience_s: float) -> None:
    """Raise StoreCorrupt where a table is damaged that a start reads in full; they are small, the others are not."""
    connection = plain(path, patience_s=patience_s)
    try:
        for table in _ESSENTIAL:
            found = connection.execute(f"PRAGMA quick_check('{table}')").fetchone()
            if found != ("ok",):
                raise StoreCorrupt(f"{path} is damaged: {found[0]}")
    finally:
        connection.close()


def create(path: Path, patience_s: float) -> None:
    """Write all tables in one transaction, so that a killed start leaves either nothing or everything."""
    connection = plain(path, patience_s=patience_s)
    try:
        # Both must precede the first table: they are properties of the file.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            _write_schema(connection)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _write_schema(connection: sqlite3.Connection) -> None:
    dialect = sqlite.dialect()
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
    connection.execute(_VERSION_TABLE)
    connection.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))
