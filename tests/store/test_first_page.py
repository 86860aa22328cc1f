"""A damaged first page is made anew from what the file itself says of its tables, whatever versions it went through."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.store.first_page import PAGE, first_page
from codevector_daemon.store.prepare import prepare, prepare_or_salvage
from codevector_daemon.store.salvage import salvage
from codevector_daemon.store.schema import metadata
from support.ledgers import NOON_MS, an_event
from support.past import past

CALLS = 300


def filled(folder: Path) -> Path:
    with past(folder) as made:
        made.count(an_event(f"e{n}", started_ms=NOON_MS - n * 600_000) for n in range(CALLS))
        made.upkeep(NOON_MS // 1000 + 600)
    return made.path


def grown(path: Path, tables: int, columns: int) -> None:
    """Change the schema as later versions might: its list of tables needs more pages, behind those of the calls."""
    with closing(sqlite3.connect(path)) as connection:
        for table in [*metadata.sorted_tables][:tables]:
            for number in range(columns):
                name = f"a_column_that_came_later_{number}"
                connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {name} BIGINT DEFAULT '0' NOT NULL")
        connection.execute("CREATE TABLE came_later (x INTEGER)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row, but for what ``meta`` says of a salvage."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table.name: [
                row
                for row in connection.execute(
                    f"SELECT {', '.join(column.name for column in table.columns)} FROM {table.name}"
                ).fetchall()
                if row[0] not in {"recovered", "unmended"}
            ]
            for table in metadata.sorted_tables
        }


def ruin(path: Path, page: int = 1) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


@pytest.mark.parametrize(("tables", "columns"), [(0, 0), (5, 3), (20, 8)])
def test_nothing_is_lost_whatever_became_of_the_schema(tmp_path: Path, tables: int, columns: int) -> None:
    path = filled(tmp_path)
    grown(path, tables, columns)
    before = contents(path)
    assert len(before["requests"]) == CALLS
    ruin(path)
    assert salvage(path, now_ms=NOON_MS, patience_s=1).damaged == []
    assert contents(path) == before
    prepare(path, patience_s=1)


def test_a_database_that_was_migrated_keeps_everything(tmp_path: Path) -> None:
    path = filled(tmp_path)
    before = contents(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("buckets_5m", "buckets_hour", "buckets_day", "buckets_month", "margins"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN default_priced_requests")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    prepare(path, patience_s=1)
    ruin(path)
    prepare_or_salvage(path, now_ms=NOON_MS, patience_s=1)
    after = contents(path)
    assert {name: rows for name, rows in after.items() if name != "meta"} == {
        name: rows for name, rows in before.items() if name != "meta"
    }


def test_a_damaged_leaf_of_the_list_costs_only_what_it_lists(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute("SELECT pageno FROM dbstat WHERE name GLOB 'sqlite_[ms]*' AND pagetype = 'leaf'")
            leaves = [page for (page,) in found]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell which page belongs to what (needs dbstat)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert len(leaves) > 1
    ruin(path)
    ruin(path, leaves[-1])
    damaged = salvage(path, now_ms=NOON_MS, patience_s=1).damaged
    assert 0 < len(damaged) < len(metadata.sorted_tables)
    whole = {name: rows for name, rows in contents(path).items() if name not in damaged}
    assert any(whole.values())


def test_where_the_file_tells_nothing_the_page_of_a_fresh_database_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "ruined.db"
    path.write_bytes(b"\xa5" * PAGE * 3)
    fresh = bytes(range(100)) + b"f" * PAGE
    assert first_page(path, fresh)[100:] == b"f" * (PAGE - 100)


@given(st.lists(st.binary(max_size=PAGE), max_size=4))
def test_any_file_has_a_first_page(pages: list[bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix="cv-") as folder:
        path = Path(folder) / "any.db"
        path.write_bytes(b"".join((b"\r" + page).ljust(PAGE, b"\0")[:PAGE] for page in pages))
        assert len(first_page(path, bytes(PAGE))) == PAGE
