"""The request feed: filter, pause, detail, paging."""

import time

from codevector_tui.widgets.grid import Grid
from support.monitor_pilot import monitor, shows, text, until
from support.monitor_source import FakeDaemon


async def test_the_filter_shows_what_has_all_words() -> None:
    async with monitor(first="activity") as (app, pilot):
        await pilot.press("slash", *"deepseek aider")
        await until(pilot, lambda: "gpt-6-codex" not in text(app))
        assert "deepseek-v4" in text(app)
        await pilot.press("escape")
        await shows(pilot, "gpt-6-codex")


async def test_a_paused_feed_stands_still() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="activity") as (app, pilot):
        await pilot.press("space")
        await shows(pilot, "paused")
        request = daemon.request(state="open", model="gemini-3-pro")
        daemon.say(opened=[request], settled=[daemon.settle(request)])
        await until(pilot, lambda: app.link.live is not None and app.link.live.settled == 1)
        assert "$0.0214" not in text(app)
        await pilot.press("space")
        await shows(pilot, "$0.0214")


async def test_the_detail_shows_the_daemons_arithmetic_line_by_line() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="activity") as (app, pilot):
        await pilot.press("down", "down", "down", "enter")
        price = await daemon.request_price(app.screen.query_one("#feed", Grid).item.id)
        assert len(price.lines) == 3
        for line in price.lines:
            await shows(pilot, f"= ${line.amount_usd}")
        await shows(pilot, f"${price.spend_usd}")
        await shows(pilot, "catalogue price")
        await pilot.press("escape")
        assert "charged" not in text(app)


async def test_a_request_that_has_no_price_yet_still_shows_its_counts() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="activity") as (_, pilot):
        await pilot.press("enter")
        await shows(pilot, "priced when it ends")


async def test_a_cursor_that_runs_asks_for_the_price_where_it_stops() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="activity") as (app, pilot):
        await pilot.press("enter", *["down"] * 12)
        last = app.screen.query_one("#feed", Grid).item.id
        await until(pilot, lambda: f"price {last}" in daemon.asked)
        await shows(pilot, "charged")


async def test_opening_the_detail_keeps_the_chosen_row_in_sight() -> None:
    async with monitor(first="activity", size=(80, 24)) as (app, pilot):
        await pilot.press(*["down"] * 12, "enter")
        await shows(pilot, "charged")
        await until(pilot, lambda: any("▌" in line and "$" in line for line in text(app).splitlines()))
        row = next(line for line in text(app).splitlines() if "▌" in line and "$" in line)
        assert app.screen.query_one("#feed", Grid).item.started_at[11:19] in row


async def test_mine_leaves_out_the_calls_of_others() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, first="activity") as (_, pilot):
        await pilot.press("w")
        await shows(pilot, "[Me]")


async def test_ten_thousand_rows_cost_a_key_no_more_than_a_hundred() -> None:
    daemon = FakeDaemon(stock=10_000)
    async with monitor(daemon, first="activity") as (app, pilot):
        page = app.screen
        grid = page.query_one("#feed", Grid)
        spent: dict[int, float] = {}
        for rows in (100, 10_000, 100, 10_000):
            page.history = daemon.finished[:rows]  # type: ignore[attr-defined]
            page.present()  # type: ignore[attr-defined]
            grid.action_jump(0)
            await pilot.pause()
            began = time.process_time()
            for _ in range(4):
                grid.action_page(1)
                await pilot.pause()
            spent[rows] = time.process_time() - began
        assert spent[10_000] < 3 * spent[100]


async def test_the_end_of_the_list_fetches_the_next_page() -> None:
    daemon = FakeDaemon(stock=500)
    async with monitor(daemon, first="activity") as (app, pilot):
        grid = app.screen.query_one("#feed", Grid)
        await pilot.press("end")
        await until(pilot, lambda: len(app.screen.history) == 400)  # type: ignore[attr-defined]
        await pilot.press("end")
        await until(pilot, lambda: len(app.screen.history) == 500)  # type: ignore[attr-defined]
        await pilot.press("end")
        await until(pilot, lambda: grid.item.id == daemon.finished[-1].id)
