"""The first screen: four numbers, two charts, where the money goes, and what is happening now."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from textual.containers import Container, Horizontal
from textual.widget import Widget

from codevector_shared.protocol import Dashboard, Period, Request, Usage
from codevector_tui.keymap import DASHBOARD_KEYS
from codevector_tui.query import DashboardQuery
from codevector_tui.screens.page import Page
from codevector_tui.viewmodel import times
from codevector_tui.viewmodel.breakdown import Share, share_rows, shares
from codevector_tui.viewmodel.calls import Moment, now_rows
from codevector_tui.viewmodel.drill import days_of
from codevector_tui.viewmodel.hours import by_hour
from codevector_tui.viewmodel.kpi import cards
from codevector_tui.viewmodel.link import Link
from codevector_tui.viewmodel.periods import PERIODS, step, title
from codevector_tui.viewmodel.spans import Row, Span, inset
from codevector_tui.viewmodel.trend import Measure, activity, consumption, fold
from codevector_tui.widgets.chart import Chart
from codevector_tui.widgets.kpi_card import KpiCard
from codevector_tui.widgets.lines import Lines
from codevector_tui.widgets.nav_line import NavLine
from codevector_tui.widgets.tabs import Tabs

_CARDS = (
    ("spend", "Spend"),
    ("requests", "Requests"),
    ("input", "Input tokens"),
    ("output", "Output tokens"),
)
_NOTHING = ("No requests in this period.", "7 connects an editor or agent, ] looks further back.")


class DashboardScreen(Page):
    """The dashboard of the caller's own requests."""

    BINDINGS = [*DASHBOARD_KEYS]  # noqa: RUF012 — as in Textual
    EVERYONE = False

    def __init__(self) -> None:
        super().__init__()
        self.query_now = DashboardQuery(everyone=self.EVERYONE)
        self.measure: Measure = "spend"
        self.data: Dashboard | None = None
        self.hours: Usage | None = None

    def body(self) -> Iterable[Widget]:
        """Return tabs, cards, charts and lists."""
        yield Tabs("period", [(choice.name, choice.title) for choice in PERIODS])
        yield Horizontal(*(KpiCard(name, id=f"card-{key}") for key, name in _CARDS), id="cards")
        yield Horizontal(
            Chart("Activity Trend", id="trend"),
            Chart("Token Consumption", id="tokens"),
            Chart("By hour of day", id="hours"),
            id="charts",
        )
        yield self.lists()

    def lists(self) -> Widget:
        """Return the row of lists: where the money goes, and what happens now."""
        return Horizontal(
            Container(Lines("Top models", id="models"), Lines("Top projects", id="projects"), id="rankings"),
            Lines("Now", id="now"),
            id="below",
        )

    def on_mount(self) -> None:
        """Show one chart where only one fits."""
        self.query_one("#charts").set_class(True, "-trend")
        self._show_period()

    async def fetch(self) -> None:
        """Ask for the dashboard in the bars that fit, and for the hours where they are shown."""
        asked, source = self.query_now, self.monitor.source
        data = await asked.ask(source, self._capacity())
        hours = None
        if self.has_class("-broad") and asked.days is None:
            hours = await source.usage(period=asked.period, by="hour", everyone=self.EVERYONE)
        self.data, self.hours = data, hours
        self.monitor.totals = data.totals

    @property
    def shown(self) -> Period | None:
        """The period on screen."""
        return self.data.period if self.data is not None else None

    def _capacity(self) -> int:
        """Return how many bars fit into the widest chart on screen."""
        return max(chart.capacity for chart in self.query(Chart) if chart.id in ("trend", "tokens"))

    def present(self) -> None:
        """Draw cards, charts and rankings."""
        data = self.data
        if data is None:
            return
        self._show_period()
        for card, (key, _) in zip(cards(data, self._now()), _CARDS, strict=True):
            self.query_one(f"#card-{key}", KpiCard).show(card)
        self._present_charts(data)
        self.present_lists()

    def present_lists(self) -> None:
        """Draw the rankings."""
        if self.data is None:
            return
        for dimension, rows in (("model", self.data.models), ("project", self.data.projects)):
            ranked = shares(rows, dimension)
            self.query_one(f"#{dimension}s", Lines).show(partial(ranking, ranked), ("No spend yet.",))

    def _present_charts(self, data: Dashboard) -> None:
        trend, tokens = self.query_one("#trend", Chart), self.query_one("#tokens", Chart)
        if not data.totals.requests:
            for chart in (trend, tokens, self.query_one("#hours", Chart)):
                chart.show(None, empty=_NOTHING)
            return
        what = "$" if self.measure == "spend" else "tokens"
        trend.show(
            activity(data, trend.capacity, self._now(), self.measure),
            f"[$cv-spend]▉[/] {what}  [$cv-line]━[/] requests",
        )
        tokens.show(
            consumption(data, tokens.capacity),
            "[$cv-input]▉[/] input [$cv-cached]▉[/] cached [$cv-writes]▉[/] writes [$cv-output]▉[/] output",
        )
        hours = self.query_one("#hours", Chart)
        hours.show(by_hour(self.hours) if self.hours is not None else None, "[$cv-spend]▉[/] $")

    def _now(self) -> datetime:
        return times.at(self.monitor.now_ms(), self.monitor.zone)

    def _show_period(self) -> None:
        note: Row = ()
        if self.data is not None:
            period = self.data.period
            note = (
                Span(times.span(period), "text"),
                Span(f"   {times.previous_span(period)} ", "muted"),
            )
        chosen = "" if self.query_now.days else self.query_now.period
        self.query_one(Tabs).show(chosen, note)
        words = times.span(self.data.period) if self.query_now.days and self.data is not None else ""
        self.query_one(NavLine).show_period(words or title(self.query_now.period))

    def link_changed(self, link: Link) -> None:
        """Show what is open and what finished last."""
        del link
        self.tick()

    def requests_settled(self) -> None:
        """Read the totals again."""
        self.reload()

    def tick(self) -> None:
        """Move the clocks of the open requests."""
        live = self.monitor.link.live
        if live is None:
            return
        moment = Moment(self.monitor.now_ms(), self.monitor.zone)
        running, latest = self._wanted(live.open), self._wanted(live.latest)
        self.query_one("#now", Lines).show(
            lambda width, height: inset(now_rows(running, latest, moment, width - 2, height)),
            ("Nothing yet.", "Press 7 to connect a client."),
        )

    def _wanted(self, requests: Sequence[Request]) -> Sequence[Request]:
        """Return those of the caller, or all where everyone is shown."""
        me = self.monitor.me
        if self.EVERYONE or me is None:
            return requests
        return [request for request in requests if request.user_id == me.user_id]

    def on_resize(self) -> None:
        """Ask again when another number of bars fits."""
        if self.loaded:
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self.present()
        self.reload()

    def action_earlier(self) -> None:
        """Show the shorter period."""
        self.action_choose("period", step(PERIODS, self.query_now.period, -1))

    def action_later(self) -> None:
        """Show the longer period."""
        self.action_choose("period", step(PERIODS, self.query_now.period, 1))

    def action_today(self) -> None:
        """Show today."""
        self.action_choose("period", "today")

    def action_choose(self, group: str, name: str) -> None:
        """Choose a tab."""
        del group
        self._ask(self.query_now.of(next(choice.name for choice in PERIODS if choice.name == name)))

    def _ask(self, query: DashboardQuery) -> None:
        self.query_now = query
        for chart in self.query(Chart):
            chart.point(None)
        self._show_period()
        self.reload()

    def action_granularity(self) -> None:
        """Cut the period into other bars."""
        if self.query_now.days is None:
            self._ask(self.query_now.cut_otherwise(self.data.granularity if self.data is not None else None))

    def action_drill(self) -> None:
        """Look closely at the days of the bar under the cursor."""
        chart = self._chart()
        if self.data is None or chart.cursor is None:
            return
        days = days_of(fold(self.data.buckets, chart.capacity)[chart.cursor])
        if days is None:
            self.monitor.action_go("activity")
        else:
            self._ask(replace(self.query_now, days=days))

    def on_chart_cursor_moved(self) -> None:
        """Offer to open the bar only while the cursor is on one."""
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what would do nothing now."""
        if action == "drill":
            return self.is_mounted and self._chart().cursor is not None
        if action == "view":
            return self.has_class("-narrow") or self.has_class("-slim")
        return super().check_action(action, parameters)

    def action_measure(self) -> None:
        """Show dollars or tokens."""
        self.measure = "tokens" if self.measure == "spend" else "spend"
        self.present()

    def action_view(self) -> None:
        """Show the other chart where only one fits."""
        charts = self.query_one("#charts")
        charts.toggle_class("-trend")
        charts.toggle_class("-tokens")

    def action_zoom(self) -> None:
        """Give one panel the whole screen, or take it back."""
        if self.maximized is not None:
            self.minimize()
            return
        self.maximize(self._chart())

    def action_cursor(self, by: int) -> None:
        """Move the cursor of the chart."""
        self._chart().move(by)

    def action_copy(self) -> None:
        """Copy the numbers under the cursor, or the four of the period."""
        said = self._chart().said
        if not said and self.data is not None:
            said = "   ".join(f"{card.title} {card.value}{card.mark}" for card in cards(self.data, self._now()))
        if said:
            self.monitor.copy_to_clipboard(said)
            self.notify(said, title="Copied", markup=False, timeout=2)

    def _chart(self) -> Chart:
        focused = self.focused
        if isinstance(focused, Chart):
            return focused
        trend, tokens = self.query_one("#trend", Chart), self.query_one("#tokens", Chart)
        return trend if trend.region.area else tokens

    def action_back(self) -> None:
        """Take the cursor away, then leave the zoom, then the days looked at closely."""
        chart = self._chart()
        if chart.cursor is not None:
            chart.point(None)
        elif self.maximized is None and self.query_now.days is not None:
            self._ask(replace(self.query_now, days=None))
        else:
            super().action_back()


def ranking(ranked: Sequence[Share], width: int, height: int) -> tuple[Row, ...]:
    """Return shares as the lines of a panel."""
    return inset(share_rows(ranked, width - 2, height))
