"""The real screens on an invented daemon, drawn without a terminal and compared as text."""

import pytest

from support.monitor_pilot import SIZES, loaded, monitor, same, shows, text, until
from support.monitor_source import FakeDaemon

PLACES = ("dashboard", "activity", "models", "keys", "leaderboard", "connect", "usage")
UNABBREVIATED = ("Spend", "Requests", "Input tokens", "Output tokens", "Last 7 days")


@pytest.mark.parametrize("size", SIZES)
async def test_the_dashboard_looks_as_it_did(size: str) -> None:
    async with monitor(size=SIZES[size]) as (app, pilot):
        await shows(pilot, "claude-sonnet-5")
        same(f"dashboard-{size}", text(app))


@pytest.mark.parametrize("place", PLACES[1:])
async def test_every_other_screen_looks_as_it_did(place: str) -> None:
    async with monitor(first=place) as (app, pilot):
        await until(pilot, lambda: loaded(app))
        same(f"{place}-120x40", text(app))


@pytest.mark.parametrize("place", PLACES[1:])
async def test_every_other_screen_fits_the_smallest_terminal(place: str) -> None:
    async with monitor(first=place, size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: loaded(app))
        same(f"{place}-80x24", text(app))


@pytest.mark.parametrize("size", SIZES)
async def test_the_five_words_are_never_abbreviated(size: str) -> None:
    async with monitor(size=SIZES[size]) as (app, _):
        shown = text(app)
        assert [words for words in UNABBREVIATED if words not in shown] == []


async def test_an_empty_ledger_says_what_to_do_next() -> None:
    async with monitor(FakeDaemon(empty=True)) as (app, _):
        same("dashboard-empty", text(app))
        assert "7 connects an editor or agent" in text(app)


async def test_huge_numbers_keep_the_cards_in_shape() -> None:
    async with monitor(FakeDaemon(busy=9_000.0), size=(80, 24)) as (app, _):
        same("dashboard-huge-80x24", text(app))
    async with monitor(FakeDaemon(busy=9_000.0)) as (app, _):
        same("dashboard-huge-120x40", text(app))


async def test_without_a_daemon_the_screen_names_the_key_that_helps() -> None:
    daemon = FakeDaemon(silent=True)
    async with monitor(daemon, wait=False) as (app, pilot):
        await shows(pilot, "No connection to the daemon")
        assert "codevector up" in text(app)
        daemon.silent = False
        await pilot.press("r")
        await until(pilot, lambda: loaded(app))
        await shows(pilot, "claude-sonnet-5")


async def test_the_demo_is_marked() -> None:
    async with monitor(FakeDaemon(demo=True)) as (app, _):
        assert "DEMO" in text(app).splitlines()[0]


async def test_the_digits_open_the_screens_and_come_back_without_loading_anew_from_nothing() -> None:
    async with monitor() as (app, pilot):
        for digit, words in (("2", "Everyone"), ("4", "USD per million"), ("6", "Leaderboard"), ("7", "Gateway")):
            await pilot.press(digit)
            await until(pilot, lambda: loaded(app))
            await shows(pilot, words)
        await pilot.press("1")
        await shows(pilot, "Activity Trend")


async def test_escape_never_quits() -> None:
    async with monitor() as (app, pilot):
        await pilot.press("escape", "escape", "escape")
        assert app.is_running
        assert app.place == "dashboard"
