import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from codevector_daemon.errors import StoreCorrupt, StoreError, StoreRefused
from codevector_daemon.store.engine import SHARED, Store
from codevector_daemon.store.salvage import _set_aside as set_aside
from codevector_daemon.store.schema import meta


@asynccontextmanager
async def opened(path: Path, patience_s: float = 0.05) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{path}", patience_s=patience_s)
    try:
        yield store
    finally:
        await store.close()


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def note(name: str, value: str = "x") -> sa.Insert:
    return sa.insert(meta).values(name=name, value=value)


def names(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(meta.c.name).order_by(meta.c.name)).scalars())


async def test_a_fresh_file_is_private_in_wal_mode_and_gives_space_back(tmp_path: Path) -> None:
    path = tmp_path / "fresh.db"
    async with opened(path) as store:
        found = await store.read(
            lambda c: [c.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "auto_vacuum")]
        )
    assert found == ["wal", 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_write_ahead_log_is_private_too(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        await store.write(lambda c: c.execute(note("a")))
        assert stat.S_IMODE((tmp_path / "a.db-wal").stat().st_mode) == 0o600


async def test_what_is_written_is_read_by_the_next_start(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        await store.write(lambda c: c.execute(note("kept")))
    async with opened(tmp_path / "a.db") as store:
        assert await store.read(names) == ["kept"]


@pytest.mark.parametrize("name", ["ü ?#%20.db", "a'b\"c.db", "%25.db"])
async def test_any_file_name_is_taken_literally(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path / name) as store:
        await store.write(lambda c: c.execute(note("a")))
        assert await store.read(names) == ["a"]
    assert files(tmp_path) == [name]


async def test_a_write_that_raises_leaves_nothing(tmp_path: Path) -> None:
    def fail(connection: sa.Connection) -> None:
        connection.execute(note("half"))
        raise RuntimeError("stop")

    async with opened(tmp_path / "a.db") as store:
        with pytest.raises(RuntimeError, match="stop"):
            await store.write(fail)
        assert await store.read(names) == []


async def test_parallel_writes_never_mix_their_statements(tmp_path: Path) -> None:
    def pair(number: int, *, fails: bool) -> Callable[[sa.Connection], None]:
        def both(connection: sa.Connection) -> None:
            connection.execute(note(f"{number:02}a"))
            if fails:
                raise RuntimeError
            connection.execute(note(f"{number:02}b"))

        return both

    async with opened(tmp_path / "a.db") as store:
        await asyncio.gather(
            *(store.write(pair(n, fails=n % 3 == 0)) for n in range(30)),
            return_exceptions=True,
        )
        assert await store.read(names) == [f"{n:02}{part}" for n in range(30) if n % 3 for part in "ab"]


async def test_a_read_sees_one_moment_while_others_write(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        seen: list[list[str]] = []

        def read_twice(connection: sa.Connection) -> None:
            seen.append(names(connection))
            outside = sqlite3.connect(tmp_path / "a.db")
            outside.execute("INSERT INTO meta VALUES ('late', 'x')")
            outside.commit()
            outside.close()
            seen.append(names(connection))

        await store.read(read_twice)
        assert seen == [[], []]
        assert await store.read(names) == ["late"]


async def test_the_loop_goes_on_while_something_is_read(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        released = threading.Event()
        asked = asyncio.create_task(store.read(lambda _: released.wait(timeout=30)))
        await asyncio.sleep(0)
        released.set()
        assert await asked


async def test_as_many_reads_as_anybody_asks_for_wait_for_their_turn(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        await store.write(lambda c: c.execute(note("a")))
        assert await asyncio.gather(*(store.read(names) for _ in range(50))) == [["a"]] * 50


async def replacement(tmp_path: Path) -> Path:
    """Make a database that another process puts in the place of the one in use."""
    async with opened(tmp_path / "new.db") as store:
        await store.write(lambda c: c.execute(note("new")))
    return tmp_path / "new.db"


async def test_a_file_that_another_process_put_in_the_others_place_is_read_and_written(tmp_path: Path) -> None:
    new = await replacement(tmp_path)
    async with opened(tmp_path / "a.db") as store:
        await store.write(lambda c: c.execute(note("old")))
        remembered = await store.read(lambda c: c.info[SHARED])
        assert await store.read(lambda c: c.info[SHARED]) is remembered
        set_aside(tmp_path / "a.db", tmp_path / "aside.db")
        assert await store.read(names) == ["old"], "while there is no other"
        with pytest.raises(StoreRefused):
            await store.write(lambda c: c.execute(note("lost")))
        new.rename(tmp_path / "a.db")
        await store.write(lambda c: c.execute(note("newer")))
        assert await store.read(names) == ["new", "newer"]
        assert await store.read(lambda c: c.info[SHARED]) is not remembered


async def test_what_waited_for_the_lock_of_a_file_that_was_set_aside_is_refused_not_lost(tmp_path: Path) -> None:
    new = await replacement(tmp_path)
    async with opened(tmp_path / "a.db", patience_s=30) as store:
        await store.write(lambda c: c.execute(note("old")))
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(store.write(lambda c: c.execute(note("waited"))))
        await asyncio.sleep(0)
        set_aside(tmp_path / "a.db", tmp_path / "aside.db")
        new.rename(tmp_path / "a.db")
        assert await store.read(names) == ["new"]
        other.close()
        with pytest.raises(StoreRefused, match="replaced"):
            await waiting
        await store.write(lambda c: c.execute(note("waited")))
        assert await store.read(names) == ["new", "waited"]


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        with pytest.raises(StoreRefused, match="may not be written"):
            await store.read(lambda c: c.execute(note("a")))


async def test_a_lock_held_too_long_is_refused_and_later_writes_succeed(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreRefused, match="locked"):
            await store.write(lambda c: c.execute(note("a")))
        other.execute("ROLLBACK")
        other.close()
        await store.write(lambda c: c.execute(note("b")))
        assert await store.read(names) == ["b"]


async def test_a_broken_constraint_is_the_callers_to_handle(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        await store.write(lambda c: c.execute(note("a")))
        with pytest.raises(sa.exc.IntegrityError):
            await store.write(lambda c: c.execute(note("a")))


async def test_a_closed_store_refuses(tmp_path: Path) -> None:
    async with opened(tmp_path / "a.db") as store:
        pass
    with pytest.raises(StoreRefused, match="closed"):
        await store.read(names)


@pytest.mark.parametrize("content", [b"hello, I am a text file\n" * 200, b"x", b"\0" * 8192])
async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="not a database"):
        await Store.open(f"sqlite:///{path}", patience_s=0.05)
    assert path.read_bytes() == content


async def test_a_database_of_another_program_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="another program"):
        await Store.open(f"sqlite:///{path}", patience_s=0.05)
    assert path.read_bytes() == before


async def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="cannot be opened"):
        await Store.open(f"sqlite:///{tmp_path}", patience_s=0.05)


async def test_an_address_of_another_engine_is_refused() -> None:
    with pytest.raises(StoreError, match="sqlite:///"):
        await Store.open("mysql://localhost/x", patience_s=0.05)


async def test_a_start_that_died_before_the_first_table_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "half.db"
    half = sqlite3.connect(path, isolation_level=None)
    half.execute("PRAGMA auto_vacuum = INCREMENTAL")
    half.execute("PRAGMA journal_mode = WAL")
    half.close()
    async with opened(path) as store:
        assert await store.read(names) == []
        assert await store.read(lambda c: c.exec_driver_sql("PRAGMA auto_vacuum").scalar_one()) == 2


async def test_two_starts_at_once_make_one_database(tmp_path: Path) -> None:
    stores = await asyncio.gather(
        *(Store.open(f"sqlite:///{tmp_path}/a.db", patience_s=5) for _ in range(4)), return_exceptions=False
    )
    await stores[0].write(lambda c: c.execute(note("a")))
    assert await stores[1].read(names) == ["a"]
    for store in stores:
        await store.close()


def test_opening_never_imports_alembic(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from codevector_daemon.store.engine import SHARED, Store\n"
        "async def main():\n"
        f"    for _ in range(2): await (await Store.open('sqlite:///{tmp_path}/a.db', patience_s=1)).close()\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
