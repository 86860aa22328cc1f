"""What nobody may overlook is on every screen, and gone when it is over."""

import msgspec
import pytest

from codevector_shared.protocol import Status
from support.monitor_pilot import monitor, shows, text, until
from support.monitor_source import NOW, FakeDaemon

PLACES = ("dashboard", "activity", "models", "keys", "leaderboard", "connect", "usage")
FULL = {"degraded": True, "spooled_events": 1_312, "trouble": "the disk is full"}
REPLACED = {"recovered": "the damaged file is kept as codevector.db.damaged-1", "recovered_at": NOW.isoformat()}


async def standing(daemon: FakeDaemon, **state: object) -> Status:
    """Let the daemon be in another state, and return it as the stream tells it."""
    daemon.state = state
    return await daemon.status()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("place", PLACES)
async def test_every_screen_says_that_counts_are_not_in_the_database(place: str, size: tuple[int, int]) -> None:
    async with monitor(FakeDaemon(state=FULL), first=place, size=size) as (app, pilot):
        await shows(pilot, "DATABASE NOT WRITTEN")
        await shows(pilot, "the disk is full")
        lines = text(app).splitlines()
        assert "DATABASE NOT WRITTEN" in lines[1]
        assert "? Help" in lines[-1]


async def test_an_alarm_comes_and_goes_with_the_stream() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (app, pilot):
        assert "DATABASE" not in text(app)
        daemon.say(status=await standing(daemon, **FULL))
        await shows(pilot, "1,312 finished calls")
        await shows(pilot, "1,312 not counted yet")
        daemon.say(status=await standing(daemon))
        await until(pilot, lambda: "DATABASE" not in text(app))
        await until(pilot, lambda: "● live" in text(app))


async def test_a_replaced_database_stays_on_screen_until_it_was_seen() -> None:
    async with monitor(FakeDaemon(state=REPLACED)) as (app, pilot):
        await shows(pilot, "DATABASE REPLACED")
        await pilot.press("2")
        await shows(pilot, "codevector.db.damaged-1")
        await pilot.press("a")
        await until(pilot, lambda: "DATABASE REPLACED" not in text(app))
        await pilot.press("1")
        await shows(pilot, "Activity Trend")
        assert "DATABASE REPLACED" not in text(app)


async def test_what_goes_on_cannot_be_hidden() -> None:
    async with monitor(FakeDaemon(state=FULL)) as (app, pilot):
        await pilot.press("a")
        await pilot.pause()
        assert "DATABASE NOT WRITTEN" in text(app)


async def test_a_change_of_the_state_keeps_the_open_calls() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (app, pilot):
        before = app.link.live
        assert before is not None
        daemon.say(status=msgspec.structs.replace(await daemon.status(), folded_names=7))
        await shows(pilot, "7 names are counted as other")
        assert app.link.live is not None
        assert app.link.live.open == before.open
