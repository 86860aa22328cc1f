"""The dashboard's own keys and the mouse."""

import pytest

from codevector_tui.widgets.chart import Chart
from support.monitor_pilot import loaded, monitor, shows, text, until
from support.monitor_source import FakeDaemon


async def test_brackets_change_the_period() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (_, pilot):
        await pilot.press("]")
        await shows(pilot, "[Last 30 days]")
        await shows(pilot, "24 Oct")
        await pilot.press("[", "[")
        await shows(pilot, "[Today]")
        await until(pilot, lambda: "dashboard today hour" in daemon.asked)


async def test_a_click_on_a_tab_changes_the_period() -> None:
    async with monitor() as (app, pilot):
        line = text(app).splitlines()[1]
        await pilot.click(offset=(line.index("Last 90 days") + 3, 1))
        await shows(pilot, "[Last 90 days]")


async def test_ninety_days_on_a_narrow_screen_are_weekly_bars() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon, size=(80, 24)) as (_, pilot):
        await pilot.press("]", "]")
        await until(pilot, lambda: daemon.asked[-1] == "dashboard 90d week")


async def test_the_cursor_says_the_exact_numbers_and_enter_opens_that_day() -> None:
    async with monitor() as (_, pilot):
        await pilot.press("left", "left", "left")
        await shows(pilot, "Thu 20 Nov   $4.00   385 requests")
        await pilot.press("enter")
        await shows(pilot, "vs Wed 19 Nov")
        await pilot.press("escape")
        await shows(pilot, "[Last 7 days]")


async def test_the_mouse_moves_the_cursor() -> None:
    async with monitor() as (app, pilot):
        chart = app.screen.query_one("#trend", Chart)
        await pilot.hover(chart, offset=(30, 8))
        await until(pilot, lambda: chart.cursor is not None)
        assert "requests" in chart.said


async def test_v_shows_the_other_chart_where_one_fits() -> None:
    async with monitor(size=(80, 24)) as (app, pilot):
        assert "Token Consumption" not in text(app)
        await pilot.press("v")
        await shows(pilot, "Token Consumption")
        assert "Activity Trend" not in text(app)


async def test_g_cuts_other_bars_and_c_changes_the_unit() -> None:
    daemon = FakeDaemon()
    async with monitor(daemon) as (_, pilot):
        await pilot.press("g")
        await until(pilot, lambda: daemon.asked[-1] == "dashboard 7d hour")
        await pilot.press("c")
        await shows(pilot, "tokens  ━ requests")


async def test_z_gives_the_chart_the_whole_screen_and_takes_it_back() -> None:
    async with monitor() as (app, pilot):
        await pilot.press("z")
        await until(pilot, lambda: "Top models" not in text(app))
        await pilot.press("z")
        await shows(pilot, "Top models")


async def test_y_copies_the_four_numbers() -> None:
    async with monitor() as (app, pilot):
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("Spend $18.62≈   Requests 1,835   Input tokens 15.2M"))


async def test_help_explains_keys_and_signs() -> None:
    async with monitor() as (_, pilot):
        await pilot.press("question_mark")
        await shows(pilot, "Cut the period into other bars")
        await pilot.press("escape")
        await shows(pilot, "Activity Trend")


async def test_the_palette_reaches_every_screen() -> None:
    async with monitor() as (app, pilot):
        await pilot.press("ctrl+p")
        await shows(pilot, "Open Leaderboard (6)")
        await pilot.press(*"Leader")
        await until(pilot, lambda: "Open Activity" not in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.place == "leaderboard" and loaded(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_resizing_keeps_the_figures(size: tuple[int, int]) -> None:
    async with monitor(size=(100, 30)) as (_, pilot):
        await pilot.resize_terminal(*size)
        await shows(pilot, "Last 7 days")
        await shows(pilot, "Activity Trend")
