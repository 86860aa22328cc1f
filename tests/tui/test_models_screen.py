"""The models, and how their backends serve."""

from codevector_shared.periods import iso
from codevector_shared.protocol import Health
from support.monitor_pilot import NOW_MS, monitor, shows, text, until
from support.monitor_source import ZONE, FakeDaemon


def resting(in_s: int) -> Health:
    return Health("resting", 4, iso(NOW_MS - 90_000, ZONE), iso(NOW_MS + in_s * 1000, ZONE), "http_529")


def row_of(shown: str, slug: str) -> str:
    return next(line for line in shown.splitlines() if slug in line)


async def test_a_resting_backend_is_seen_at_a_glance_in_the_smallest_terminal_too() -> None:
    daemon = FakeDaemon(health={"gpt-6-codex": (resting(42), None)}, state={"resting_backends": 1})
    async with monitor(daemon, first="models", size=(80, 24)) as (app, _):
        row = row_of(text(app), "gpt-6-codex")
        assert "◑" in row
        assert "1 of 2 rests 42 s" in row
        assert "well" in row_of(text(app), "claude-sonnet-5")
        assert "1 backend rests" in text(app).splitlines()[0]


async def test_the_seconds_to_the_next_try_count_down_and_end() -> None:
    clock = [NOW_MS]
    daemon = FakeDaemon(health={"gpt-6-codex": (resting(3), None)})
    async with monitor(daemon, first="models", now_ms=lambda: clock[0]) as (app, pilot):
        assert "rests 3 s" in text(app)
        clock[0] += 1_000
        await shows(pilot, "rests 2 s")
        clock[0] += 2_001
        await shows(pilot, "1 of 2 failing")


async def test_a_change_of_health_is_read_at_once() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="models") as (app, pilot):
        assert "rest" not in row_of(text(app), "gpt-6-codex")
        daemon.health = {"gpt-6-codex": (resting(42), None)}
        daemon.say(healthy=1)
        await shows(pilot, "rests 42 s")
        daemon.health = {}
        daemon.say(healthy=2)
        await until(pilot, lambda: "rests" not in text(app))


async def test_the_panel_says_of_each_backend_how_it_is() -> None:
    daemon = FakeDaemon(health={"claude-sonnet-5": (resting(42), None)})
    async with monitor(daemon, first="models", size=(80, 24)) as (app, pilot):
        await pilot.press("enter")
        await shows(pilot, "resting after 4 failures in a row (http_529)")
        assert "fallback / claude-sonnet-5   well" in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "fallback" not in text(app))


async def test_a_lone_backend_that_fails_is_a_cross() -> None:
    daemon = FakeDaemon(health={"gpt-6-codex": (resting(42),)})
    async with monitor(daemon, first="models") as (app, _):
        row = row_of(text(app), "gpt-6-codex")
        assert "✗" in row
        assert "failing ×4" in row  # noqa: RUF001 — times
