import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from codevector_daemon.errors import StoreTooNew
from codevector_daemon.store.engine import Store
from codevector_daemon.store.migrate import scripts, upgrade
from codevector_daemon.store.migrations import HEAD
from codevector_daemon.store.prepare import prepare
from codevector_daemon.store.schema import metadata


def migrated(path: Path) -> sa.Engine:
    """Build a database by running every migration, as an old installation would have."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    config = scripts()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return engine


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def shape(path: Path) -> dict[str, object]:
    """Describe what SQLite itself knows of a database: columns, keys, indexes, tables without row ids."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name, wr FROM pragma_table_list WHERE type = 'table' ORDER BY name")
        tables = [(name, wr) for name, wr in rows if not name.startswith("sqlite_")]
        found: dict[str, object] = {}
        for name, without_rowid in tables:
            found[name] = {
                "without_rowid": without_rowid,
                "columns": connection.execute(f"PRAGMA table_info({name})").fetchall(),
                "foreign": connection.execute(f"PRAGMA foreign_key_list({name})").fetchall(),
                "indexes": sorted(
                    (unique, origin, partial, [row[2] for row in connection.execute(f"PRAGMA index_info('{index}')")])
                    for _, index, unique, origin, partial in connection.execute(f"PRAGMA index_list({name})")
                ),
                "index_sql": connection.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
                    " ORDER BY name",
                    (name,),
                ).fetchall(),
            }
        return found
    finally:
        connection.close()


def test_the_migrations_and_the_schema_agree(tmp_path: Path) -> None:
    engine = migrated(tmp_path / "migrated.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_fresh_database_is_the_same_as_a_migrated_one(tmp_path: Path) -> None:
    migrated(tmp_path / "migrated.db").dispose()
    prepare(tmp_path / "fresh.db", patience_s=1)
    assert shape(tmp_path / "fresh.db") == shape(tmp_path / "migrated.db")


def test_the_head_known_without_alembic_is_alembics_head() -> None:
    assert ScriptDirectory.from_config(scripts()).get_current_head() == HEAD


def test_an_older_database_is_brought_up_at_start(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE meta_of_old (x)")
    old.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    old.commit()
    old.close()
    upgrade(path, "", patience_s=1)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    connection.close()


async def test_a_newer_database_is_refused_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    await asyncio.to_thread(prepare, path, patience_s=1)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="newer CodeVector"):
        await Store.open(f"sqlite:///{path}", patience_s=1)
    assert path.read_bytes() == before
    assert files(tmp_path) == ["new.db"]


def test_an_upgrade_that_fails_leaves_the_old_database(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    old.execute("CREATE TABLE users (already TEXT)")
    old.commit()
    old.close()
    before = shape(path)
    with pytest.raises(sa.exc.OperationalError, match="already exists"):
        upgrade(path, "", patience_s=1)
    assert shape(path) == before
