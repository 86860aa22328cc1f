"""The store is held on purpose: calls go through the spool at once, without any alarm, and are counted once."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from codevector_daemon.store.engine import Store
from codevector_daemon.store.hold import held, is_held
from codevector_daemon.store.schema import meta
from support.ledgers import IMPATIENT_S, a_note, amounts, an_event, home

FAR_S = 600
"""A patience that no test would live to see the end of."""


@contextmanager
def switching(database: Path) -> Iterator[None]:
    """Hold the store on purpose, locked, as a work does that has to write much at once."""
    other = sqlite3.connect(database, isolation_level=None)
    with held(database):
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_calls_are_durable_at_once_while_the_store_is_held_and_counted_once_afterwards(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=FAR_S) as here:
        await here.ledger.settle(an_event("before"))
        with switching(here.database):
            await here.ledger.admit(a_note("open"))
            for number in range(300):
                await here.ledger.settle(an_event(f"during{number}"))
            found = here.ledger.standing
            assert (found.degraded, found.trouble, found.waiting, found.spooled_events) == (False, None, True, 300)
            assert await here.settled() == [("before", "complete")]
            assert len(list(here.spool.glob("*.spool"))) <= 4, "not a file for every batch"
        await until(lambda: not here.ledger.standing.waiting)
        assert here.ledger.spooled_events == 0
        await here.ledger.settle(an_event("after"))
        names = [name for name, _ in await here.settled()]
        assert names == ["before", *(f"during{number}" for number in range(300)), "after"]
        assert await here.all("SELECT id FROM open_requests") == [("open",)]
        assert await here.all("SELECT * FROM spool_batches") == []
    assert amounts(tmp_path)["requests"] == 302


async def test_who_waits_for_the_lock_already_goes_round_it_as_soon_as_it_is_held_on_purpose(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=FAR_S) as here:
        other = sqlite3.connect(here.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        settled = here.ledger.settle(an_event("a"))
        with held(here.database):
            await asyncio.wait_for(settled, 30)
            assert not here.ledger.degraded
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: here.ledger.spooled_events == 0)
        assert await here.settled() == [("a", "complete")]


async def test_trouble_before_or_after_a_hold_is_still_trouble(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        other = sqlite3.connect(here.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await here.ledger.settle(an_event("a"))
        assert here.ledger.degraded
        with held(here.database):
            await here.ledger.settle(an_event("b"))
            assert here.ledger.degraded
        other.execute("ROLLBACK")
        await until(lambda: not here.ledger.standing.waiting)
        with held(here.database):
            await here.ledger.settle(an_event("c"))
            assert not here.ledger.degraded
            other.execute("BEGIN IMMEDIATE")
        await until(lambda: here.ledger.degraded)
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: not here.ledger.standing.waiting)
        assert [name for name, _ in await here.settled()] == ["a", "b", "c"]


async def test_a_process_that_ends_while_the_store_is_held_leaves_its_calls_to_the_next(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=FAR_S) as here:
        with switching(here.database):
            await here.ledger.settle(an_event("a"))
            await here.ledger.close()
        async with home(tmp_path, patience_s=FAR_S) as later:
            await until(lambda: not later.ledger.standing.waiting)
            assert await later.settled() == [("a", "complete")]
    assert amounts(tmp_path)["requests"] == 1


async def test_a_start_while_the_store_is_held_by_another_process_does_not_spin(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=FAR_S) as here:
        with switching(here.database):
            await here.ledger.settle(an_event("a"))
            await here.ledger.close()
            async with home(tmp_path, patience_s=IMPATIENT_S) as later:
                assert (later.ledger.degraded, later.ledger.spooled_events) == (False, 1)
                await later.ledger.settle(an_event("b"))
                assert await later.settled() == []
        async with home(tmp_path) as last:
            await until(lambda: not last.ledger.standing.waiting)
            assert sorted(await last.settled()) == [("a", "complete"), ("b", "complete")]


async def test_administration_waits_for_the_end_of_a_hold_however_short_its_patience(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/codevector.db", patience_s=0)  # nobody else writes into it

    def write(connection: sa.Connection) -> None:
        connection.execute(sa.insert(meta).values(name="asked", value="meanwhile"))

    with switching(store.path):
        asked = asyncio.create_task(store.write(write))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not asked.done()
    await asyncio.wait_for(asked, 30)
    found = await store.read(lambda connection: connection.execute(sa.select(meta.c.value)).scalars().all())
    await store.close()
    assert found == ["meanwhile"]


def test_a_word_whose_holder_is_gone_is_no_word(tmp_path: Path) -> None:
    database = tmp_path / "codevector.db"
    assert not is_held(database)
    with held(database):
        assert is_held(database)
        left = (tmp_path / "codevector.db.held").read_bytes()
    assert not is_held(database)
    (tmp_path / "codevector.db.held").write_bytes(left)
    assert not is_held(database)
    with held(database):
        assert is_held(database)
    assert list(tmp_path.iterdir()) == []


def test_a_hold_ends_also_where_its_word_cannot_be_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    with held(folder / "codevector.db"):
        folder.rename(tmp_path / "elsewhere")
        (folder / "codevector.db.held").mkdir(parents=True)  # which no unlink takes away
    assert not is_held(tmp_path / "elsewhere" / "codevector.db")
