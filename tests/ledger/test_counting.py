"""What one event adds, and that it adds it once."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from codevector_daemon.ledger import Opened, Series, Settled
from codevector_daemon.ledger.writing.connection import Durability, WriterConnection
from codevector_daemon.metering.counts import TokenCounts
from support.ledgers import ANA, NOON_MS, a_note, amounts, an_event, home, make_people
from support.past import past


async def test_an_event_is_a_row_and_its_counts_are_in_its_bucket(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.settle(an_event("a", started_ms=NOON_MS + 301_000))
        assert await here.settled() == [("a", "complete")]
        assert await here.all("SELECT start FROM buckets_5m") == [(NOON_MS // 1000 + 300,)]
    assert amounts(tmp_path)["output"] == 50


async def test_a_call_counts_where_it_started(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.settle(an_event("a", started_ms=NOON_MS - 1, finished_ms=NOON_MS + 3_600_000))
        assert await here.all("SELECT start FROM buckets_5m") == [(NOON_MS // 1000 - 300,)]


async def test_a_second_settling_changes_nothing(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        told: list[object] = []
        here.ledger.subscribe(told.append)
        await here.ledger.settle(an_event("a"))
        await here.ledger.settle(an_event("a", spend_nano=5, state="interrupted"))
        await asyncio.gather(here.ledger.settle(an_event("b")), here.ledger.settle(an_event("b")))
        assert await here.settled() == [("a", "complete"), ("b", "complete")]
    assert amounts(tmp_path)["requests"] == 2
    assert amounts(tmp_path)["spend_nano"] == 2_000


async def test_events_of_one_series_and_bucket_add_up(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await asyncio.gather(*(here.ledger.settle(an_event(f"a{n}")) for n in range(700)))
        await here.ledger.settle(an_event("late"))
        assert len(await here.all("SELECT * FROM buckets_5m")) == 1
    assert amounts(tmp_path)["requests"] == 701
    assert amounts(tmp_path)["cache_read"] == 701 * 20


async def test_attempts_cost_but_only_the_call_is_a_request(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.settle(an_event("a-1", parent_id="a", state="upstream_failed", usage_source="estimated"))
        await here.ledger.settle(an_event("a", attempt=2))
    found = amounts(tmp_path)
    assert (found["requests"], found["errors"], found["estimated_requests"]) == (1, 0, 0)
    assert (found["output"], found["spend_nano"]) == (100, 2_000)


async def test_failed_estimated_unpriced_default_priced_and_own_login_calls_are_told_apart(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.settle(an_event("a", state="upstream_failed"))
        await here.ledger.settle(an_event("b", state="interrupted", usage_source="estimated"))
        await here.ledger.settle(an_event("c", state="client_left", price_basis="unpriced", spend_nano=0))
        await here.ledger.settle(an_event("d", own_login=True))
        await here.ledger.settle(an_event("e-1", parent_id="e", state="upstream_failed", price_basis="default"))
        await here.ledger.settle(an_event("e", attempt=2, price_basis="default"))
    found = amounts(tmp_path)
    assert (found["requests"], found["errors"]) == (5, 2)
    assert (found["estimated_requests"], found["unpriced_requests"], found["default_priced_requests"]) == (1, 1, 1)
    assert (found["spend_nano"], found["own_login_nano"]) == (5_000, 1_000)


async def test_a_rejected_call_is_a_row_without_a_bucket(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.settle(an_event("a", state="rejected", counts=TokenCounts(), spend_nano=0))
        assert await here.settled() == [("a", "rejected")]
        assert await here.all("SELECT * FROM buckets_5m") == []


async def test_every_field_of_an_event_is_kept(tmp_path: Path) -> None:
    event = an_event(
        "a",
        parent_id="p",
        attempt=3,
        counts=TokenCounts(1, 2, 3, 4, 5, 6, 7, 8, 9),
        service_tier="flex",
        session="s",
        agent="g",
        own_login=True,
        imported=True,
        error="overloaded_error",
    )
    async with home(tmp_path) as here:
        await here.ledger.settle(event)
        rows = await here.store.read(
            lambda c: [
                dict(row)
                for row in c.exec_driver_sql(
                    "SELECT s.*, r.* FROM requests r JOIN series s ON s.id = series_id"
                ).mappings()
            ]
        )
    expected = msgspec.structs.asdict(event)
    assert (expected.pop("response"), expected.pop("usage_of"), expected.pop("stand_in")) == (None, None, False)
    expected |= msgspec.structs.asdict(expected.pop("series")) | msgspec.structs.asdict(expected.pop("counts"))
    assert len(rows) == 1
    assert {name: rows[0][name] for name in expected} == expected
    assert rows[0]["duration_ms"] == 1_000


async def test_a_key_remembers_when_it_was_used_last(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await make_people(here.store)
        await here.ledger.settle(an_event("a", finished_ms=NOON_MS + 5))
        await here.ledger.settle(an_event("b", finished_ms=NOON_MS + 3))
        await here.ledger.settle(an_event("c", finished_ms=NOON_MS + 9, imported=True))
        assert await here.all("SELECT id, last_used_ms FROM keys") == [(1, NOON_MS + 5), (2, None)]


async def test_an_event_that_cannot_be_stored_takes_no_other_with_it(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        good, bad = here.ledger.settle(an_event("a")), here.ledger.settle(an_event("b", dialect="\ud800"))
        other = here.ledger.settle(an_event("c", series=Series(9, 9)))
        with pytest.raises(UnicodeEncodeError):
            await bad
        await asyncio.gather(good, other)
        assert [name for name, _ in await here.settled()] == ["a", "c"]
    assert amounts(tmp_path)["requests"] == 2


async def test_a_series_gets_one_id_for_ever(tmp_path: Path) -> None:
    for number in range(3):
        async with home(tmp_path) as here:
            await here.ledger.settle(an_event(f"a{number}"))
            await here.ledger.settle(an_event(f"b{number}", series=Series(1, 1)))
            assert len(await here.all("SELECT * FROM series")) == 2


async def test_listeners_hear_of_openings_and_settlings_once_they_are_written(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        told: list[object] = []
        end = here.ledger.subscribe(told.append)
        here.ledger.subscribe(lambda _: 1 / 0)  # type: ignore[arg-type,return-value]
        await here.ledger.admit(a_note("a"))
        assert told == [Opened(a_note("a"))]
        assert [so_far.note.id for so_far in here.ledger.open_requests()] == ["a"]
        await here.ledger.settle(an_event("a"))
        assert told[1:] == [Settled(an_event("a"), 1)]
        assert here.ledger.open_requests() == []
        end()
        await here.ledger.settle(an_event("b"))
        assert len(told) == 2


async def test_a_waiter_that_is_cancelled_loses_nothing(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        here.ledger.settle(an_event("a")).cancel()
        await here.ledger.settle(an_event("b"))
        assert [name for name, _ in await here.settled()] == ["a", "b"]


async def test_closing_writes_what_was_taken_in(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        waiting = [here.ledger.settle(an_event(f"a{n}")) for n in range(600)]
    assert all(future.done() and future.exception() is None for future in waiting)
    assert amounts(tmp_path)["requests"] == 600


@pytest.mark.parametrize("durability", ["process", "power"])
async def test_either_durability_writes_the_same(tmp_path: Path, durability: str) -> None:
    async with home(tmp_path, durability=durability) as here:  # type: ignore[arg-type]
        await here.ledger.settle(an_event("a", series=ANA))
        assert await here.settled() == [("a", "complete")]


@pytest.mark.parametrize(("durability", "flushes"), [("process", 1), ("power", 2)])
def test_only_what_shall_survive_a_power_cut_is_flushed_by_every_commit(
    tmp_path: Path, durability: Durability, flushes: int
) -> None:
    with past(tmp_path) as made:
        writer = WriterConnection(made.path, durability=durability, patience_s=1)
        with writer.transaction() as connection:
            # 1 is NORMAL, 2 is FULL (https://sqlite.org/pragma.html#pragma_synchronous).
            assert connection.execute("PRAGMA synchronous").fetchone() == (flushes,)
        writer.close()
