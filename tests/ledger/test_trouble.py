"""The store refuses: events wait in the spool, and are counted exactly once afterwards."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from codevector_daemon.errors import StoreRefused
from codevector_daemon.ledger import Settled, UsageEvent
from codevector_daemon.ledger.writing.frames import scan
from codevector_daemon.ledger.writing.spool import _decoder
from codevector_daemon.store.prepare import prepare
from codevector_daemon.store.salvage import _set_aside as set_aside
from support.ledgers import ANA, IMPATIENT_S, a_note, amounts, an_event, home
from support.past import past


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the database's write lock, as a backup program would."""
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_a_locked_store_is_waited_for_then_spooled_then_caught_up(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        await here.ledger.settle(an_event("before"))
        told: list[object] = []
        here.ledger.subscribe(told.append)
        with locked(here.database):
            await asyncio.gather(*(here.ledger.settle(an_event(f"during{n}")) for n in range(3)))
            await here.ledger.settle(an_event("during3"))
            assert here.ledger.degraded
            assert here.ledger.spooled_events == 4
            assert "locked" in str(here.ledger.standing.trouble)
            assert await here.settled() == [("before", "complete")]
            assert told == [Settled(an_event(f"during{n}"), None) for n in range(4)]
        await until(lambda: not here.ledger.degraded)
        await here.ledger.settle(an_event("after"))
        assert [name for name, _ in await here.settled()] == ["before", *(f"during{n}" for n in range(4)), "after"]
        assert here.ledger.spooled_events == 0
        assert await here.all("SELECT * FROM spool_batches") == []
    assert amounts(tmp_path)["requests"] == 6


async def test_catching_up_never_takes_the_room_that_the_database_needs(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            for number in range(400):
                await here.ledger.settle(an_event(f"during{number}", series=replace(ANA, project=f"project {number}")))
        await until(lambda: not here.ledger.degraded)
        assert len(await here.settled()) == 400
        log = here.database.with_name(here.database.name + "-wal")
        assert log.stat().st_size < 12 * 1024 * 1024


async def test_a_short_lock_is_only_waited_for(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=5) as here:
        with locked(here.database):
            settled = here.ledger.settle(an_event("a"))
            await asyncio.sleep(0)
        await settled
        assert not here.ledger.degraded
        assert await here.settled() == [("a", "complete")]


async def test_calls_admitted_during_trouble_are_open_afterwards(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            await here.ledger.admit(a_note("a"))
            await here.ledger.admit(a_note("b"))
            await here.ledger.settle(an_event("a"))
        await until(lambda: not here.ledger.degraded)
        assert await here.settled() == [("a", "complete")]
        assert await here.all("SELECT id FROM open_requests") == [("b",)]


async def test_what_was_spooled_survives_the_process(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        lock = locked(here.database)
        with lock:
            await here.ledger.settle(an_event("a"))
            await here.ledger.admit(a_note("b"))
            await here.ledger.close()
        async with home(tmp_path, patience_s=IMPATIENT_S) as later:
            assert await later.settled() == [("a", "complete"), ("b", "interrupted")]
            assert not later.ledger.degraded
    assert amounts(tmp_path)["requests"] == 2


async def test_a_call_whose_true_end_is_in_the_spool_is_no_orphan(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        await here.ledger.admit(a_note("a"))
        with locked(here.database):
            await here.ledger.settle(an_event("a"))
            await here.ledger.close()
            async with home(tmp_path, patience_s=IMPATIENT_S) as early:
                assert early.ledger.degraded
                assert early.ledger.spooled_events == 1
                assert early.ledger._orphanage is not None
                await early.ledger._orphanage._sweep()
                assert await early.all("SELECT id FROM open_requests") == [("a",)]
        async with home(tmp_path, patience_s=IMPATIENT_S) as later:
            assert await later.settled() == [("a", "complete")]


async def test_a_batch_that_was_counted_before_the_kill_is_not_counted_again(tmp_path: Path) -> None:
    """The process dies after the transaction and before the file is removed."""
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            await asyncio.gather(*(here.ledger.settle(an_event(f"a{n}")) for n in range(5)))
            await here.ledger.close()
            copies = {path: path.read_bytes() for path in spool_files(here.spool)}
        async with home(tmp_path, patience_s=IMPATIENT_S):
            pass
        batches = sqlite3.connect(here.database, isolation_level=None)
        # As if the rows had fallen out of retention: only the batch's id can tell.
        batches.execute("DELETE FROM requests")
        for path, content in copies.items():
            path.write_bytes(content)
        batches.executemany("INSERT INTO spool_batches VALUES (?)", [(name,) for name in ids(copies.values())])
        batches.close()
        async with home(tmp_path, patience_s=IMPATIENT_S) as later:
            assert await later.settled() == []
            assert await later.all("SELECT * FROM spool_batches") == []
            assert spool_files(here.spool) == []
    assert amounts(tmp_path)["requests"] == 5


async def test_ids_of_batches_that_no_file_holds_are_forgotten_but_for_a_living_siblings(tmp_path: Path) -> None:
    """A process died after it had removed a file and before it forgot that the file's batches are counted."""
    async with home(tmp_path, patience_s=IMPATIENT_S) as sibling:
        (living,) = (path.stem for path in sibling.spool.glob("*.lock"))
        left = sqlite3.connect(sibling.database)
        with left:
            names = [f"{living}.1", "dead.1", "dead.2", "dead-too.1"]
            left.executemany("INSERT INTO spool_batches VALUES (?)", [(name,) for name in names])
        left.close()
        async with home(tmp_path, patience_s=IMPATIENT_S) as later:
            assert await later.all("SELECT id FROM spool_batches") == [(f"{living}.1",)]
    async with home(tmp_path, patience_s=IMPATIENT_S) as last:
        assert await last.all("SELECT id FROM spool_batches") == []


async def test_ids_are_forgotten_later_where_the_store_refuses_just_then(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        refusing = sqlite3.connect(here.database)
        with locked(here.database):
            await here.ledger.settle(an_event("a"))
        with refusing:
            refusing.execute(
                "CREATE TRIGGER refusing BEFORE DELETE ON spool_batches BEGIN SELECT RAISE(ABORT, 'not now'); END"
            )
        await until(lambda: not spool_files(here.spool))
        assert [name for name, _ in await here.settled()] == ["a"]
        assert len(await here.all("SELECT id FROM spool_batches")) == 1
        with refusing:
            refusing.execute("DROP TRIGGER refusing")
        refusing.close()
        await until(lambda: not here.ledger.degraded)
        assert await here.all("SELECT id FROM spool_batches") == []


async def test_an_entry_that_cannot_be_spooled_takes_no_other_with_it(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            good, bad = here.ledger.settle(an_event("a")), here.ledger.settle(an_event("b", dialect="\ud800"))
            other = here.ledger.settle(an_event("c"))
            with pytest.raises(UnicodeEncodeError):
                await bad
            await asyncio.gather(good, other)
        await until(lambda: not here.ledger.degraded)
        assert [name for name, _ in await here.settled()] == ["a", "c"]


async def test_what_was_spooled_and_can_never_be_counted_is_kept_and_said(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            await asyncio.gather(*(here.ledger.settle(an_event(name)) for name in ("a", "b", "c")))
            await here.ledger.close()
        forbidding = sqlite3.connect(here.database)
        forbidding.execute(
            "CREATE TRIGGER never BEFORE INSERT ON requests WHEN new.id = 'b' BEGIN SELECT RAISE(ABORT, 'never'); END"
        )
        forbidding.close()
        async with home(tmp_path, patience_s=IMPATIENT_S) as later:
            assert [name for name, _ in await later.settled()] == ["a", "c"]
            assert not later.ledger.degraded
            assert later.ledger.standing.damaged_spool_files == 1
            assert [path.suffix for path in damaged(here.spool)] == [".damaged"]
        async with home(tmp_path, patience_s=IMPATIENT_S) as last:
            assert last.ledger.standing.damaged_spool_files == 1, "until somebody has taken it away"
    assert amounts(tmp_path)["requests"] == 2


async def test_a_long_trouble_fills_many_small_files_in_order(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            for number in range(40):
                await asyncio.gather(*(here.ledger.settle(an_event(f"{number:02}-{n:02}")) for n in range(50)))
            files = spool_files(here.spool)
            assert len(files) > 2
            assert all(path.stat().st_size <= 128 * 1024 for path in files)
        await until(lambda: not here.ledger.degraded)
        names = [name for name, _ in await here.settled()]
        assert names == sorted(names)
        assert len(names) == 2_000
        assert spool_files(here.spool) == []
    assert amounts(tmp_path)["requests"] == 2_000


async def test_a_damaged_file_is_set_aside_and_the_rest_of_it_is_counted(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            for name in ("first", "second", "third"):
                await here.ledger.settle(an_event(name))
            await here.ledger.close()
        (path,) = spool_files(here.spool)
        content = bytearray(path.read_bytes())
        content[content.index(b"second")] ^= 1
        path.write_bytes(content)
        async with home(tmp_path, patience_s=IMPATIENT_S) as later:
            assert [name for name, _ in await later.settled()] == ["first", "third"]
            assert later.ledger.standing.damaged_spool_files == 1
            assert [path.suffix for path in damaged(here.spool)] == [".damaged"]


async def test_how_many_wait_is_never_below_none_where_a_file_could_not_be_looked_at_first(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            await asyncio.gather(*(here.ledger.settle(an_event(f"a{n}")) for n in range(3)))
            await here.ledger.close()
        (path,) = spool_files(here.spool)
        away = path.rename(tmp_path / "away")
        path.mkdir()  # can be read by nobody, root included
        seen: list[int] = []
        async with home(tmp_path, patience_s=IMPATIENT_S) as later:
            assert later.ledger.degraded
            assert later.ledger.spooled_events == 0
            later.ledger.subscribe(lambda _: seen.append(later.ledger.spooled_events))
            path.rmdir()
            away.rename(path)
            await until(lambda: not later.ledger.degraded)
            await later.ledger.settle(an_event("b"))
            assert len(await later.settled()) == 4
            assert (later.ledger.spooled_events, min(seen)) == (0, 0)


async def test_a_lost_file_is_noticed_and_its_return_too(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        await here.ledger.settle(an_event("a"))
        moved = {path: path.with_name(f"away-{path.name}") for path in database_files(tmp_path)}
        for path, away in moved.items():
            path.rename(away)
        await here.ledger.settle(an_event("b"))
        assert here.ledger.degraded
        for path, away in moved.items():
            away.rename(path)
        await until(lambda: not here.ledger.degraded)
        assert [name for name, _ in await here.settled()] == ["a", "b"]


async def test_a_file_that_was_replaced_by_something_else_is_not_written(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        await here.ledger.settle(an_event("a"))
        for path in database_files(tmp_path):
            path.rename(path.with_name(f"away-{path.name}"))
        stranger = sqlite3.connect(here.database)
        stranger.execute("CREATE TABLE theirs (x)")
        stranger.commit()
        stranger.close()
        await here.ledger.settle(an_event("b"))
        assert here.ledger.degraded
        assert here.ledger.spooled_events == 1


def test_a_batch_that_waited_for_the_lock_of_a_file_that_was_set_aside_is_not_written_into_it(tmp_path: Path) -> None:
    with past(tmp_path) as made, ThreadPoolExecutor(1) as thread:
        made.count([an_event("a")])
        with locked(made.path):
            waiting = thread.submit(made.count, [an_event("b")])
            set_aside(made.path, tmp_path / "aside.db")
            prepare(made.path, patience_s=1)
        with pytest.raises(StoreRefused, match="replaced"):
            waiting.result(timeout=30)
        made.count([an_event("b")])
        assert made.all("SELECT id FROM requests") == [("b",)]


def test_a_batch_whose_file_is_replaced_before_its_commit_is_not_taken_for_stored(tmp_path: Path) -> None:
    with past(tmp_path) as made:
        made.count([an_event("a")])

        def events() -> Iterator[UsageEvent]:
            yield an_event("b")
            set_aside(made.path, tmp_path / "aside.db")
            prepare(made.path, patience_s=1)

        with pytest.raises(StoreRefused, match="replaced"):
            made.count(events())
        made.count([an_event("b")])
        assert made.all("SELECT id FROM requests") == [("b",)]


async def test_where_nothing_can_be_written_the_caller_is_told_and_the_count_is_kept(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        with locked(here.database):
            away = here.spool.rename(tmp_path / "away")
            with pytest.raises(StoreRefused, match="neither"):
                await here.ledger.admit(a_note("a"))
            with pytest.raises(StoreRefused, match="neither"):
                await here.ledger.settle(an_event("b"))
            assert here.ledger.open_count == 0
            assert here.ledger.spooled_events == 1
            away.rename(here.spool)
        await until(lambda: not here.ledger.degraded)
        assert await here.settled() == [("b", "complete")]


async def test_acknowledgements_stay_quick_while_the_store_is_locked(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=1) as here:
        with locked(here.database):
            await here.ledger.settle(an_event("first"))
            started = time.monotonic()
            for number in range(20):
                await here.ledger.settle(an_event(f"a{number}"))
            assert time.monotonic() - started < 10, "only the first one waited for the lock"


def spool_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def damaged(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.damaged"))


def database_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("codevector.db*"))


def ids(contents: Iterable[bytes]) -> list[str]:
    return [_decoder.decode(payload).id for content in contents for payload in scan(content).payloads]
