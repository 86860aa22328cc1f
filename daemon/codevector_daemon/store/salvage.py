"""Starts over after damage: what can be read of a damaged database goes into a new one, the old file is set aside.

The new file is complete before the damaged one moves, and takes its place by its name alone, so that a process which is
killed half-way leaves either the one or the other.
"""

# ruff: noqa: S608  # every name that is put into SQL here is one of our own tables and columns

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa

from codevector_daemon.errors import StoreRefused
from codevector_daemon.store.connect import is_still, plain
from codevector_daemon.store.first_page import first_page
from codevector_daemon.store.migrations import default_priced
from codevector_daemon.store.schema import metadata
from codevector_daemon.store.trouble import PRIMARY

log = logging.getLogger(__name__)

RECOVERED, UNMENDED = "recovered", "unmended"
"""Where ``meta`` says what happened, and of which tables the rest is still to be brought into agreement."""

_OURS = (b"buckets_5m", b"open_requests")
_LOOKED_AT = 4 * 1024 * 1024

_STAND_INS = """
INSERT INTO series (id, user_id, key_id, client_app, project, model, provider, upstream_model)
SELECT id, -1, 0, '', '', '', '', 'lost-' || id FROM (
    SELECT series_id AS id FROM requests UNION SELECT series_id FROM open_requests
    UNION SELECT series_id FROM buckets_5m UNION SELECT series_id FROM buckets_hour
    UNION SELECT series_id FROM buckets_day UNION SELECT series_id FROM buckets_month
) WHERE id NOT IN (SELECT id FROM series)
"""
"""Numbers whose meaning is lost keep a row, so that no other series ever gets one of them and its counts."""


class Recovered(msgspec.Struct, frozen=True):
    """What became of a damaged database."""

    at_ms: int
    aside: str
    """The damaged file's new name, in the same folder."""
    rows: int
    """How many rows could be read."""
    damaged: list[str]
    """The tables of which not all could be read."""

    def told(self) -> str:
        """Return it as a sentence for people."""
        lost = f"not all could be read of {', '.join(self.damaged)}" if self.damaged else "every table could be read"
        return (
            f"the database was damaged and a new one was started: {self.rows} rows were saved, {lost}; "
            f"the damaged file is kept as {self.aside}"
        )


@dataclass(frozen=True, slots=True)
class _Names:
    """The files that a salvage works with."""

    path: Path

    @property
    def unfinished(self) -> Path:
        return self.path.with_name(f"{self.path.name}.salvaging")

    @property
    def grafted(self) -> Path:
        return self.path.with_name(f"{self.path.name}.grafted")

    @property
    def finished(self) -> Path:
        return self.path.with_name(f"{self.path.name}.salvaged")


def is_ours(path: Path) -> bool:
    """Tell whether a file that is no database any more was once one of ours."""
    with path.open("rb") as file:
        beginning = file.read(_LOOKED_AT)
    return all(name in beginning for name in _OURS)


def finish(path: Path) -> None:
    """Let a salvaged database take its place, where a process was killed just before."""
    finished = _Names(path).finished
    if finished.exists() and not path.exists():
        finished.rename(path)


def salvage(path: Path, *, now_ms: int, patience_s: float) -> Recovered:
    """Save what can be read into a new database in the old one's place; raises StoreRefused. Blocks.

    This process must have let go of what it writes with; others are kept waiting, and must look, once they have the
    lock, whether the file is still the one of that name.
    """
    from codevector_daemon.store.prepare import create, make_file  # noqa: PLC0415  # it needs this module as well

    names = _Names(path)
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    aside = path.with_name(f"{path.name}.damaged-{moment:%Y%m%d-%H%M%S}-{now_ms % 1000:03}")
    try:
        with _nobody_writing(path, patience_s):
            for leftover in (names.unfinished, names.finished, names.grafted):
                _remove(leftover)
            make_file(names.unfinished)
            create(names.unfinished, patience_s)
            source = path if _opens(path, patience_s) else _with_a_new_first_page(path, names)
            recovered = _copy_all(source, names.unfinished, Recovered(now_ms, aside.name, 0, []), patience_s)
            _remove(names.grafted)
            names.unfinished.rename(names.finished)
            _set_aside(path, aside)
            names.finished.rename(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreRefused(f"{path} is damaged and cannot be replaced: {error}") from error
    log.error("%s: %s", path, recovered.told())
    return recovered


def read_recovered(connection: sa.Connection, path: Path) -> Recovered | None:
    """Return what became of an earlier database, for as long as its damaged file is there."""
    meta = metadata.tables["meta"]
    text = connection.execute(sa.select(meta.c.value).where(meta.c.name == RECOVERED)).scalar()
    if text is None:
        return None
    found = msgspec.json.decode(text, type=Recovered)
    return found if path.with_name(found.aside).exists() else None


def read_unmended(connection: sqlite3.Connection) -> frozenset[str]:
    """Return which tables a salvage could not read in full, until somebody has brought the rest into agreement."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (UNMENDED,)).fetchone()
    return frozenset() if row is None else frozenset(msgspec.json.decode(row[0], type=list[str]))


@contextmanager
def _nobody_writing(path: Path, patience_s: float) -> Iterator[None]:
    """Lock the damaged file as far as that can be done: what is written into it after it was copied would be lost."""
    file = path.stat()
    with closing(plain(path, patience_s=patience_s)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & PRIMARY == sqlite3.SQLITE_BUSY:
                raise
            # It is so damaged that nobody else can begin to write either.
        if not is_still(path, file):
            raise StoreRefused(f"{path} was replaced by another process meanwhile")
        yield


def _opens(path: Path, patience_s: float) -> bool:
    """Tell whether SQLite can read at least the list of tables."""
    try:
        with closing(plain(path, patience_s=patience_s, mode="ro")) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


def _with_a_new_first_page(path: Path, names: _Names) -> Path:
    """Return a copy whose first page leads to the list of tables again."""
    shutil.copyfile(path, names.grafted)
    made = first_page(path, names.unfinished.read_bytes())
    with names.grafted.open("r+b") as file:
        file.write(made)
    log_file = path.with_name(f"{path.name}-wal")
    if log_file.exists():
        shutil.copyfile(log_file, names.grafted.with_name(f"{names.grafted.name}-wal"))
    return names.grafted


def _copy_all(source: Path, target: Path, started: Recovered, patience_s: float) -> Recovered:
    rows, damaged, missing = 0, [], set[str]()
    with closing(plain(target, patience_s=patience_s)) as new:
        new.execute("BEGIN IMMEDIATE")
        for table in metadata.sorted_tables:
            names = _columns(source, table, patience_s)
            copied, whole = _copy(source, new, table, names, patience_s)
            rows += copied
            missing |= {column.name for column in table.columns} - set(names)
            if not whole:
                damaged.append(str(table.name))
        recovered = Recovered(started.at_ms, started.aside, rows, damaged)
        unmended = sorted({*damaged, *read_unmended(new)})
        new.execute(_STAND_INS)
        if default_priced.COLUMN in missing:
            default_priced.fill(new)
        new.executemany(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)",
            [
                (name, msgspec.json.encode(value).decode())
                for name, value in ((RECOVERED, recovered), (UNMENDED, unmended))
            ],
        )
        new.execute("COMMIT")
        # What was copied must be on the disk itself before the old file moves.
        new.execute("PRAGMA synchronous = FULL")
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return recovered


def _columns(source: Path, table: sa.Table, patience_s: float) -> list[str]:
    """Return a table's columns, but for those that a database of an older version does not have."""
    every = [column.name for column in table.columns]
    try:
        with closing(plain(source, patience_s=patience_s, mode="ro")) as old:
            there = {row[1] for row in old.execute(f"PRAGMA table_info({table.name})")}
    except sqlite3.DatabaseError as error:
        log.warning("the columns of %s of %s: %s", table.name, source, error)
        there = set()
    return [name for name in every if name in there] or every


def _copy(
    source: Path, new: sqlite3.Connection, table: sa.Table, columns: list[str], patience_s: float
) -> tuple[int, bool]:
    """Copy a table from its beginning up to the damage, and from its end back to it."""
    names = ", ".join(columns)
    insert = f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({', '.join('?' for _ in columns)})"
    before = new.total_changes
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{column.name} {direction}" for column in table.primary_key.columns)
        try:
            with closing(plain(source, patience_s=patience_s, mode="ro")) as old:
                old.text_factory = lambda text: text.decode(errors="replace")
                # Row by row: those before the damage stay inserted when it is met.
                new.executemany(insert, old.execute(f"SELECT {names} FROM {table.name} ORDER BY {order}"))
        except (sqlite3.DatabaseError, OverflowError) as error:
            log.warning("%s of %s: %s", table.name, source, error)
            continue
        return new.total_changes - before, True
    return new.total_changes - before, False


def _set_aside(path: Path, aside: Path) -> None:
    log_file = path.with_name(f"{path.name}-wal")
    if log_file.exists() and log_file.stat().st_size:
        log_file.rename(aside.with_name(f"{aside.name}-wal"))
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
