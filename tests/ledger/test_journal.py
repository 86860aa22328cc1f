"""What is under way is written down, and what a dead process left open is settled."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codevector_daemon.errors import SettingsError
from codevector_daemon.ledger import Orphan, UsageEvent
from codevector_daemon.ledger.journal import Journal
from codevector_daemon.ledger.orphans import unpriced
from codevector_daemon.metering.counts import Extras, TokenCounts
from support.ledgers import NOON_MS, a_note, amounts, an_event, home, wall_ms

SO_FAR = TokenCounts(uncached_input=40, output=9)

DIE = """
import asyncio, sys
from pathlib import Path
from support.ledgers import a_note, an_event, home
from codevector_daemon.metering.counts import Extras, TokenCounts

async def main():
    async with home(Path(sys.argv[1])) as here:
        await here.ledger.admit(a_note("done"))
        await here.ledger.settle(an_event("done"))
        await here.ledger.admit(a_note("left", session="s", agent="g", own_login=True, parent_id="p", attempt=2))
        here.ledger.progress("left", TokenCounts(uncached_input=40, output=9), 123, "flex", Extras(file_searches=2))
        here.ledger.refine_input("left", 41)
        here.ledger._journal._refresh()
        await here.ledger.admit(a_note("left-too", service_tier="priority"))
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def files(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def die_with_open_calls(folder: Path) -> None:
    """Run a process that is killed while two calls are under way."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", DIE, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


async def test_an_admitted_call_is_noted_until_it_is_settled(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.admit(a_note("a"))
        assert await here.all("SELECT id, started_ms FROM open_requests") == [("a", NOON_MS)]
        await here.ledger.settle(an_event("a"))
        assert await here.all("SELECT id FROM open_requests") == []


async def test_a_call_settled_at_once_needs_no_note(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await asyncio.gather(here.ledger.admit(a_note("a")), here.ledger.settle(an_event("a")))
        assert await here.all("SELECT id FROM open_requests") == []
        assert here.ledger.open_count == 0


async def test_progress_is_seen_at_once_and_written_with_the_refresh(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.ledger.admit(a_note("a"))
        here.ledger.progress("a", SO_FAR, 123)
        here.ledger.progress("unknown", SO_FAR, 1)
        (so_far,) = here.ledger.open_requests()
        assert (so_far.counts, so_far.ttft_ms, so_far.estimated_input) == (SO_FAR, 123, 7)
        here.ledger._journal._refresh()
        await here.ledger.admit(a_note("b"))
        ((noted,),) = await here.all("SELECT noted FROM open_requests WHERE id = 'a'")
        assert '"output":9' in noted


async def test_the_refresh_runs_by_itself_and_only_after_a_change() -> None:
    posted: list[object] = []
    written = asyncio.Event()

    def post(entry: object) -> None:
        posted.append(entry)
        written.set()

    journal = Journal(post, wall_ms, refresh_s=0.01)
    journal.opened(a_note("a"))
    assert journal._timer is None
    journal.progress("a", SO_FAR, None)
    await asyncio.wait_for(written.wait(), 5)
    assert len(posted) == 1
    assert journal._timer is None


async def test_what_a_killed_process_left_open_is_settled_with_what_was_noted(tmp_path: Path) -> None:
    await asyncio.to_thread(die_with_open_calls, tmp_path)
    orphans: list[Orphan] = []

    def settle(orphan: Orphan) -> UsageEvent:
        orphans.append(orphan)
        return unpriced(orphan)

    async with home(tmp_path, settle_orphan=settle) as here:
        assert sorted(await here.settled()) == [
            ("done", "complete"),
            ("left", "interrupted"),
            ("left-too", "interrupted"),
        ]
        assert await here.all("SELECT * FROM open_requests") == []
    by_id = {orphan.note.id: orphan for orphan in orphans}
    noted = a_note(
        "left",
        session="s",
        agent="g",
        own_login=True,
        parent_id="p",
        attempt=2,
        estimated_input=41,
        service_tier="flex",
    )
    assert by_id["left"].note == noted
    assert (by_id["left"].service_tier, by_id["left"].extras) == ("flex", Extras(file_searches=2))
    assert (by_id["left-too"].service_tier, by_id["left-too"].extras) == ("priority", Extras())
    assert (by_id["left"].counts, by_id["left"].ttft_ms) == (SO_FAR, 123)
    assert by_id["left"].seen_ms > NOON_MS
    assert by_id["left-too"].note.estimated_input == 7
    assert amounts(tmp_path)["output"] == 50 + 9


async def test_a_third_start_settles_nothing_again(tmp_path: Path) -> None:
    await asyncio.to_thread(die_with_open_calls, tmp_path)
    for _ in range(2):
        async with home(tmp_path) as here:
            assert len(await here.settled()) == 3
    assert amounts(tmp_path)["requests"] == 2


async def test_an_orphan_that_cannot_be_priced_is_settled_all_the_same(tmp_path: Path) -> None:
    def fail(_: Orphan) -> UsageEvent:
        raise KeyError("no such model")

    await asyncio.to_thread(die_with_open_calls, tmp_path)
    async with home(tmp_path, settle_orphan=fail) as here:
        assert ("left", "interrupted") in await here.settled()
    assert amounts(tmp_path)["unpriced_requests"] == 1


async def test_calls_of_a_living_sibling_are_left_alone(tmp_path: Path) -> None:
    async with home(tmp_path) as one:
        await one.ledger.admit(a_note("mine"))
        async with home(tmp_path) as two:
            assert await two.settled() == []
            assert await two.all("SELECT id FROM open_requests") == [("mine",)]


async def test_a_sibling_that_dies_later_is_swept_up(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await asyncio.to_thread(die_with_open_calls, tmp_path)
        assert here.ledger._orphanage is not None
        await here.ledger._orphanage._sweep()
        assert ("left", "interrupted") in await here.settled()


async def test_a_clean_end_leaves_nothing_in_the_spools_folder(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        spool = here.spool
        await here.ledger.settle(an_event("a"))
    assert files(spool) == []


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../../etc/passwd", ""])
async def test_a_time_zone_that_does_not_exist_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="time zone"):
        async with home(tmp_path, timezone=name):
            pass


async def test_the_time_zone_is_kept_until_it_is_set(tmp_path: Path) -> None:
    async with home(tmp_path, timezone="Asia/Kolkata") as here:
        assert here.ledger.zone.key == "Asia/Kolkata"
    async with home(tmp_path, timezone=None) as here:
        assert here.ledger.zone.key == "Asia/Kolkata"
    async with home(tmp_path, timezone="Europe/Berlin") as here:
        assert here.ledger.zone.key == "Europe/Berlin"
