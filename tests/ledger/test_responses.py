"""Responses that providers keep: known to their maker alone, at once and after anything, and counted once."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from codevector_daemon.ledger import Awaited, KeptResponse, Series, UsageEvent
from codevector_daemon.ledger.journal import still_open
from codevector_daemon.ledger.responses import REMEMBERED, Responses, late_row
from codevector_daemon.ledger.upkeep.integrity import check_ledger
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_daemon.metering.counts import TokenCounts
from codevector_shared.periods import DAY_S
from support.ledgers import ANA, IMPATIENT_S, NOON_MS, a_note, amounts, an_event, home
from support.past import past

BEN = Series(user_id=2, key_id=2, model="m", provider="p", upstream_model="m-1")


def kept(response_id: str = "resp_1", request_id: str = "a", **changes: Any) -> KeptResponse:
    made = KeptResponse(response_id, 7, request_id, ANA, NOON_MS, session="s", agent="g", service_tier="flex")
    return replace(made, **changes)


def begun(request_id: str = "a", response: KeptResponse | None = None) -> UsageEvent:
    """Make the event of a call whose response runs on in the background."""
    run = response or kept(request_id=request_id, counted=False)
    return an_event(
        request_id, response=run, counts=TokenCounts(), spend_nano=0, usage_source="none", session="s", agent="g"
    )


def retrieved(response: KeptResponse, **changes: Any) -> UsageEvent:
    known = {"parent_id": response.request_id, "usage_of": response.id, "series": response.series}
    return an_event(late_row(response.request_id), **known | changes)


async def test_a_response_is_found_by_its_maker_alone_at_once_and_by_the_next_process(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        done = here.ledger.settle(an_event("a", response=kept(), session="s", agent="g"))
        assert await here.ledger.response("resp_1", ANA.user_id) == kept()
        await done
    async with home(tmp_path) as here:
        assert await here.ledger.response("resp_1", ANA.user_id) == kept()
        assert await here.ledger.response("resp_1", BEN.user_id) is None
        assert await here.ledger.response("resp_2", ANA.user_id) is None


async def test_a_response_written_to_the_spool_is_found_meanwhile_and_after_a_replay(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=IMPATIENT_S) as here:
        lock = sqlite3.connect(here.database)
        lock.execute("BEGIN IMMEDIATE")
        await here.ledger.settle(begun())
        run = await here.ledger.response("resp_1", ANA.user_id)
        assert run is not None
        await here.ledger.settle_retrieved(retrieved(run), run)
        assert await here.all("SELECT * FROM responses") == []
        lock.close()
    async with home(tmp_path) as here:
        found = await here.ledger.response("resp_1", ANA.user_id)
        assert found == kept(counted=True)
        assert await here.settled() == [("a", "complete"), ("a.late", "complete")]
    assert (amounts(tmp_path)["requests"], amounts(tmp_path)["spend_nano"]) == (1, 1_000)


async def test_a_background_run_is_counted_once_however_often_it_is_retrieved(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.settle(begun())
        run = kept(counted=False)
        for spend in (1_000, 5):
            await here.ledger.settle_retrieved(retrieved(run, spend_nano=spend), run)
        await here.ledger.settle(retrieved(run, id="another row", spend_nano=9))
    async with home(tmp_path) as here:
        await here.ledger.settle_retrieved(retrieved(run, spend_nano=7), run)
        assert await here.settled() == [("a", "complete"), ("a.late", "complete")]
        assert await here.all("SELECT counted FROM responses") == [(1,)]
    assert (amounts(tmp_path)["requests"], amounts(tmp_path)["spend_nano"]) == (1, 1_000)


async def test_a_call_whose_usage_a_retrieval_told_first_is_counted_without_it(tmp_path: Path) -> None:
    run = kept(counted=False)
    async with home(tmp_path) as here:
        await here.ledger.settle_retrieved(retrieved(run), run)
        await here.ledger.settle(an_event("a", response=kept(), spend_nano=1_000))
        assert await here.all("SELECT id, spend_nano, usage_source FROM requests ORDER BY id") == [
            ("a", 0, "none"),
            ("a.late", 1_000, "reported"),
        ]
        await here.ledger.settle(retrieved(run, id="b"))
        assert len(await here.settled()) == 2
    assert (amounts(tmp_path)["requests"], amounts(tmp_path)["spend_nano"]) == (1, 1_000)


async def test_a_run_left_open_by_a_dead_process_is_found_and_its_usage_is_still_to_come(tmp_path: Path) -> None:
    run = kept(counted=False, session=None, agent=None)
    async with home(tmp_path) as here:
        await here.ledger.admit(a_note("a"))
        await here.ledger.named(run)
        assert await here.ledger.response("resp_1", ANA.user_id) == run
        here.ledger.progress("a", TokenCounts(uncached_input=9, output=9), 5)
    async with home(tmp_path) as here:
        assert await here.settled() == [("a", "interrupted")]
        assert await here.all("SELECT usage_source, output, price_basis FROM requests") == [("none", 0, None)]
        assert await here.ledger.response("resp_1", ANA.user_id) == run
        await here.ledger.settle_retrieved(retrieved(run), run)
    assert (amounts(tmp_path)["requests"], amounts(tmp_path)["spend_nano"]) == (1, 1_000)


async def test_an_id_given_anew_belongs_to_the_newest_call_of_each_user(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.settle(an_event("a", response=kept()))
        await here.ledger.settle(an_event("b", response=kept(request_id="b", provider_id=8)))
        await here.ledger.settle(an_event("c", series=BEN, response=kept(request_id="c", series=BEN)))
        rows = await here.all("SELECT user_id, request_id, provider_id FROM responses ORDER BY user_id")
        assert rows == [(1, "b", 8), (2, "c", 7)]


async def test_memory_holds_the_newest_responses_only(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        responses = Responses(here.store)
        for number in range(REMEMBERED + 1):
            responses.note(kept(f"resp_{number}"))
        assert await responses.find("resp_0", 1) is None
        assert await responses.find("resp_1", 1) == kept("resp_1")


@pytest.mark.parametrize(("days", "left"), [(2, 1), (4, 0)])
def test_a_response_is_kept_as_long_as_the_row_of_its_call(tmp_path: Path, days: int, left: int) -> None:
    with past(tmp_path) as here:
        here.count([an_event("a", response=kept()), an_event("b")])
        here.upkeep(NOON_MS // 1000 + days * DAY_S, Keep(requests=3, five_minutes=2, hours=5))
        assert here.all("SELECT count(*) FROM responses") == [(left,)]
        assert here.all("SELECT count(*) FROM requests") == [(left * 2,)]


def stand_in(response: KeptResponse, **changes: Any) -> UsageEvent:
    """Make the event that stands for what a run used and nobody was told."""
    guess = {"counts": TokenCounts(uncached_input=40), "spend_nano": 400, "usage_source": "estimated"}
    return retrieved(response, **(guess | {"stand_in": True} | changes))


async def test_a_run_is_awaited_from_the_end_of_its_call_until_it_is_told(tmp_path: Path) -> None:
    run = kept(counted=False, estimated_input=7)
    async with home(tmp_path) as here:
        await here.ledger.settle(begun(response=run))
        await here.ledger.settle(an_event("b", response=kept("resp_2", "b")))
        assert await here.ledger.awaited() == [Awaited(run, NOON_MS + 1_000)]
    for _ in range(2):  # it is nobody's orphan
        async with home(tmp_path) as here:
            assert await here.ledger.awaited() == [Awaited(run, NOON_MS + 1_000)]
            assert await here.store.read(still_open) == []
            assert await here.settled() == [("a", "complete"), ("b", "complete")]
    async with home(tmp_path) as here:
        await here.ledger.settle_retrieved(retrieved(run), run)
        assert await here.ledger.awaited() == []


async def test_when_a_run_was_last_asked_for_outlives_a_restart(tmp_path: Path) -> None:
    run = kept(counted=False, estimated_input=7)
    later = NOON_MS + 99_000
    async with home(tmp_path, now_ms=lambda: later) as here:
        await here.ledger.settle(begun(response=run))
        await here.ledger.looked_at((await here.ledger.awaited())[0])
    async with home(tmp_path) as here:
        assert await here.ledger.awaited() == [Awaited(run, later)]


async def test_a_run_left_open_by_a_dead_process_is_awaited_too(tmp_path: Path) -> None:
    run = kept(counted=False, session=None, agent=None, estimated_input=7)
    async with home(tmp_path) as here:
        await here.ledger.admit(a_note("a"))
        await here.ledger.named(run)
        assert await here.ledger.awaited() == []
    async with home(tmp_path) as here:
        assert [one.response for one in await here.ledger.awaited()] == [run]


async def test_what_was_never_told_is_counted_once_by_an_estimate_and_says_so(tmp_path: Path) -> None:
    run = kept(counted=False)
    async with home(tmp_path) as here:
        await here.ledger.settle(begun())
        for spend in (400, 5):
            await here.ledger.settle(stand_in(run, spend_nano=spend))
        assert await here.ledger.awaited() == []
        assert await here.all("SELECT id, spend_nano, usage_source FROM requests ORDER BY id") == [
            ("a", 0, "none"),
            ("a.late", 400, "estimated"),
        ]
    found = amounts(tmp_path)
    assert (found["requests"], found["estimated_requests"], found["spend_nano"]) == (1, 1, 400)
    assert [check.problems for check in check_ledger(tmp_path / "codevector.db", patience_s=1) if check.problems] == []


async def test_a_late_usage_without_a_price_is_told_of_its_call(tmp_path: Path) -> None:
    run = kept(counted=False)
    async with home(tmp_path) as here:
        await here.ledger.settle(begun())
        await here.ledger.settle_retrieved(retrieved(run, spend_nano=0, price_basis="unpriced"), run)
    assert (amounts(tmp_path)["requests"], amounts(tmp_path)["unpriced_requests"]) == (1, 1)
    assert [check.problems for check in check_ledger(tmp_path / "codevector.db", patience_s=1) if check.problems] == []


@pytest.mark.parametrize("together", [True, False])
async def test_the_providers_own_word_replaces_an_estimate_and_never_the_other_way(
    tmp_path: Path, *, together: bool
) -> None:
    run = kept(counted=False)
    async with home(tmp_path) as here:
        await here.ledger.settle(begun())
        guessed = here.ledger.settle(stand_in(run, price_basis="unpriced"))
        if not together:
            await guessed
        await here.ledger.settle_retrieved(retrieved(run), run)
        await here.ledger.settle(stand_in(run))
        rows = await here.all("SELECT id, spend_nano, usage_source, output FROM requests ORDER BY id")
        assert rows == [("a", 0, "none", 0), ("a.late", 1_000, "reported", 50)]
    found = amounts(tmp_path)
    assert (found["requests"], found["spend_nano"], found["uncached_input"], found["output"]) == (1, 1_000, 10, 50)
    assert (found["estimated_requests"], found["unpriced_requests"], found["duration_ms"]) == (0, 0, 2_000)
    assert [check.problems for check in check_ledger(tmp_path / "codevector.db", patience_s=1) if check.problems] == []


def test_an_estimate_whose_finer_buckets_are_gone_is_replaced_in_the_coarser_ones(tmp_path: Path) -> None:
    run = kept(counted=False)
    with past(tmp_path) as here:
        here.count([begun()])
        here.count([stand_in(run)])
        here.upkeep(NOON_MS // 1000 + 20 * DAY_S, Keep(requests=90, five_minutes=2, hours=5))
        assert here.all("SELECT count(*) FROM buckets_5m") == [(0,)]
        here.count([retrieved(run)])
        here.upkeep(NOON_MS // 1000 + 20 * DAY_S, Keep(requests=90, five_minutes=2, hours=5))
        assert here.all("SELECT spend_nano, output, estimated_requests FROM buckets_day") == [(1_000, 50, 0)]
        assert [check.problems for check in check_ledger(here.path, patience_s=1) if check.problems] == []
