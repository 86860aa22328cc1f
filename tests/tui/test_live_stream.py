"""What the monitor does with the live stream: growing calls, settled ones, gaps, losses."""

import asyncio

import msgspec

from codevector_shared.protocol import Progress
from codevector_tui.feed import FIRST_REST_S, LONGEST_REST_S, Feed
from codevector_tui.viewmodel.link import Link
from support.monitor_pilot import loaded, monitor, shows, text, until
from support.monitor_source import NOW, FakeDaemon

NOW_MS = round(NOW.timestamp() * 1000)


async def test_a_request_appears_grows_and_settles() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (app, pilot):
        request = daemon.request(state="open", model="gemini-3-pro")
        request = msgspec.structs.replace(request, output_tokens=11)
        daemon.say(opened=[request])
        await shows(pilot, "11 ⇢")
        daemon.say(progress=[Progress(id=request.id, output_tokens=7_654, ttft_ms=310)])
        await shows(pilot, "7,654 ⇢")
        asked = len(daemon.asked)
        daemon.say(settled=[daemon.settle(msgspec.structs.replace(request, output_tokens=7_654))])
        await until(pilot, lambda: "7,654 ⇢" not in text(app))
        await until(pilot, lambda: len(daemon.asked) > asked)


async def test_many_settled_requests_cost_few_questions() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (app, pilot):
        asked = len(daemon.asked)
        for _ in range(100):
            request = daemon.request(state="open")
            daemon.say(opened=[request], settled=[daemon.settle(request)])
        await until(pilot, lambda: app.link.live is not None and app.link.live.settled == 100)
        await until(pilot, lambda: len(daemon.asked) > asked)
        assert len(daemon.asked) - asked <= 4


async def test_the_rail_counts_the_open_calls() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (_, pilot):
        daemon.say(opened=[daemon.request(state="open")])
        await shows(pilot, "2 Activity  3")


async def test_a_lost_connection_keeps_the_old_figures_and_says_how_old_they_are() -> None:
    daemon, clock = FakeDaemon(), [NOW_MS]
    async with monitor(daemon, now_ms=lambda: clock[0]) as (app, pilot):
        await shows(pilot, "claude-sonnet-5")
        daemon.silent = True
        daemon.hang_up()
        await shows(pilot, "reconnecting")
        clock[0] += 65_000
        await shows(pilot, "1 m ago")
        assert "claude-sonnet-5" in text(app)
        assert app.screen.query_one("#body").has_class("-stale")
        daemon.silent = False
        await pilot.press("r")
        await until(pilot, lambda: loaded(app))
        assert not app.screen.query_one("#body").has_class("-stale")


async def test_a_missing_delta_asks_for_a_new_snapshot() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (_, pilot):
        request = msgspec.structs.replace(daemon.request(state="open"), output_tokens=4_321)
        daemon.say(opened=[request], skip=3)
        await shows(pilot, "4,321 ⇢")


async def test_prices_that_were_put_right_are_shown_at_once_though_no_call_finished() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (app, pilot):
        asked = len(daemon.asked)
        daemon.finished = [msgspec.structs.replace(one, spend_usd="77.123456789") for one in daemon.finished]
        daemon.repricings += 1
        daemon.say()
        await until(pilot, lambda: app.link.live is not None and app.link.live.repricings == 1)
        await until(pilot, lambda: len(daemon.asked) > asked)
        assert app.link.live is not None
        assert {one.spend_usd for one in app.link.live.latest} == {"77.123456789"}
        await pilot.press("2")
        await shows(pilot, "77.12")


async def test_pauses_grow_to_half_a_minute_and_start_small_again_after_a_connection() -> None:
    daemon = FakeDaemon(silent=True)
    rests: list[float] = []
    links: list[Link] = []
    enough = asyncio.Event()

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 9:
            daemon.silent = False
        if len(rests) == 11:
            enough.set()
        await asyncio.sleep(0)

    def publish(link: Link) -> None:
        links.append(link)
        if link.phase == "live":
            daemon.silent = True
            daemon.hang_up()

    async with asyncio.timeout(10):
        feed = asyncio.create_task(Feed(daemon, publish, lambda: NOW_MS, rest).run())
        await enough.wait()
        feed.cancel()
    assert rests[:3] == [FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S]
    assert rests[8] == LONGEST_REST_S
    assert rests[9] == FIRST_REST_S
    assert links[0].phase == "lost"
    assert links[0].trouble is not None
    assert links[0].trouble.hint == "Start it with: codevector up"
