import sqlite3
from pathlib import Path

import pytest

from codevector_daemon.errors import StoreCorrupt, StoreRefused
from codevector_daemon.store.engine import Store
from codevector_daemon.store.prepare import prepare, prepare_or_salvage
from codevector_daemon.store.salvage import Recovered, finish, is_ours, read_recovered, read_unmended, salvage
from support.ledgers import ANA, NOON_MS, an_event
from support.past import past

PAGE = 4096
CALLS = 3_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with past(tmp_path) as made:
        made.count(an_event(f"e{n:05}", started_ms=NOON_MS - n * 60_000) for n in range(CALLS))
        connection = sqlite3.connect(made.path)
        connection.execute("INSERT INTO users (id, name, role, created_ms) VALUES (1, 'ana', 'owner', 1)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    return made.path


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def pages_of(path: Path, name: str) -> list[int]:
    """Return the pages of a table or index, its root first."""
    try:
        return [int(str(row[0])) for row in rows(path, f"SELECT pageno FROM dbstat WHERE name = '{name}'")]
    except sqlite3.OperationalError:
        pytest.skip("this SQLite does not tell which page belongs to what (needs dbstat)")


def ruin(path: Path, pages: list[int]) -> None:
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(b"\xa5" * PAGE)


def saved(path: Path) -> Recovered:
    return salvage(path, now_ms=NOON_MS, patience_s=1)


def names(path: Path) -> set[str]:
    return {part.name for part in path.parent.iterdir()}


def test_of_an_undamaged_database_everything_is_saved(path: Path) -> None:
    before = rows(path, "SELECT * FROM requests ORDER BY seq"), rows(path, "SELECT * FROM buckets_5m")
    found = saved(path)
    assert found.damaged == []
    assert (rows(path, "SELECT * FROM requests ORDER BY seq"), rows(path, "SELECT * FROM buckets_5m")) == before
    assert names(path) == {"codevector.db", "codevector.db.damaged-20260109-120000-000"}
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_around_a_damaged_page_the_rest_of_the_table_is_saved(path: Path) -> None:
    pages = pages_of(path, "requests")
    ruin(path, [sorted(pages[1:])[len(pages) // 2]])
    found = saved(path)
    assert found.damaged == ["requests"]
    ((kept,),) = rows(path, "SELECT count(*) FROM requests")
    assert CALLS * 0.9 < int(str(kept)) < CALLS
    assert rows(path, "SELECT sum(requests) FROM buckets_5m") == [(CALLS,)]
    assert rows(path, "SELECT name FROM users") == [("ana",)]


def test_a_damaged_index_costs_no_row(path: Path) -> None:
    ruin(path, pages_of(path, "requests_by_time")[1:2])
    saved(path)
    assert rows(path, "SELECT count(*) FROM requests") == [(CALLS,)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("damage", ["header", "users"])
async def test_a_start_finds_the_damage_and_goes_on(path: Path, damage: str) -> None:
    ruin(path, [1] if damage == "header" else pages_of(path, "users")[:1])
    store = await Store.open(f"sqlite:///{path}", patience_s=1)
    told = await store.read(lambda connection: read_recovered(connection, path))
    await store.close()
    assert told is not None
    assert "the damaged file is kept as codevector.db.damaged-" in told.told()
    assert rows(path, "SELECT count(*) FROM requests") == [(CALLS,)]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    for aside in path.parent.glob("*.damaged-*"):
        aside.unlink()
    store = await Store.open(f"sqlite:///{path}", patience_s=1)
    assert await store.read(lambda connection: read_recovered(connection, path)) is None
    await store.close()


def test_what_was_never_ours_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photo.db"
    path.write_bytes(b"\xff\xd8\xff" * 10_000)
    assert not is_ours(path)
    with pytest.raises(StoreCorrupt, match="not a database"):
        prepare_or_salvage(path, now_ms=NOON_MS, patience_s=1)
    assert names(path) == {"photo.db"}


def test_a_salvage_that_was_killed_before_the_last_rename_is_finished_by_the_next_start(path: Path) -> None:
    path.rename(path.with_name("codevector.db.salvaged"))
    finish(path)
    prepare(path, patience_s=1)
    assert rows(path, "SELECT count(*) FROM requests") == [(CALLS,)]


def test_where_no_new_file_can_be_made_the_old_one_stays(path: Path) -> None:
    path.with_name("codevector.db.salvaging").mkdir()
    before = path.read_bytes()
    with pytest.raises(StoreRefused, match="cannot be replaced"):
        saved(path)
    assert path.read_bytes() == before


def test_series_keep_their_numbers(path: Path) -> None:
    before = rows(path, "SELECT * FROM series")
    saved(path)
    assert rows(path, "SELECT * FROM series") == before
    assert before[0][1] == ANA.user_id


def test_of_a_lost_series_the_number_is_never_given_to_another(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO buckets_5m (start, series_id, requests) VALUES (0, 9, 5)")
    connection.close()
    saved(path)
    assert rows(path, "SELECT user_id, upstream_model FROM series WHERE id = 9") == [(-1, "lost-9")]
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO series (user_id, key_id, client_app, project, model, provider, upstream_model)"
            " VALUES (1, 1, '', '', '', '', '')"
        )
    connection.close()
    assert rows(path, "SELECT max(id) FROM series") == [(10,)]


def test_what_could_not_be_read_is_noted_to_be_mended(path: Path) -> None:
    pages = pages_of(path, "requests")
    ruin(path, [sorted(pages[1:])[len(pages) // 2]])
    saved(path)
    connection = sqlite3.connect(path)
    assert read_unmended(connection) == {"requests"}
    connection.close()


def test_a_database_that_somebody_is_writing_into_is_not_set_aside(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO users (id, name, role, created_ms) VALUES (2, 'ben', 'member', 1)")
    with pytest.raises(StoreRefused, match="locked"):
        salvage(path, now_ms=NOON_MS, patience_s=0)
    assert names(path) == {"codevector.db", "codevector.db-shm", "codevector.db-wal"}
    other.execute("COMMIT")
    other.close()
    saved(path)
    assert rows(path, "SELECT name FROM users ORDER BY id") == [("ana",), ("ben",)]
