"""The first screen: four numbers, two charts, where the money goes, and what is happening now."""

from collections.abc import Iterable, Sequence
from functools import partial

from textual.containers import Horizontal
from textual.widget import Widget

from codevector_shared.protocol import Dashboard, Granularity, PeriodName, Usage
from codevector_tui.keymap import DASHBOARD_KEYS
from codevector_tui.screens.page import Page
from codevector_tui.viewmodel import times
from codevector_tui.viewmodel.breakdown import Share, share_rows, shares
from codevector_tui.viewmodel.calls import Moment, now_rows
from codevector_tui.viewmodel.hours import by_hour
from codevector_tui.viewmodel.kpi import cards
from codevector_tui.viewmodel.link import Link
from codevector_tui.viewmodel.periods import PERIODS, granularities, step, suited, title
from codevector_tui.viewmodel.spans import Row, Span
from codevector_tui.viewmodel.trend import Measure, activity, consumption
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
_NOTHING = ("No requests in this period.", "Press 7 for what to paste into your editor or agent.")


class DashboardScreen(Page):
    """The dashboard of the caller's own requests."""

    BINDINGS = [*DASHBOARD_KEYS]  # noqa: RUF012 — as in Textual
    EVERYONE = False

    def __init__(self) -> None:
        super().__init__()
        self.period: PeriodName = "7d"
        self.granularity: Granularity | None = None
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
        yield Horizontal(
            Lines("Top models", id="models"),
            Lines("Top projects", id="projects"),
            Lines("Now", id="now"),
            id="below",
        )

    def on_mount(self) -> None:
        """Show one chart where only one fits."""
        self.query_one("#charts").set_class(True, "-trend")
        self._show_period()

    async def fetch(self) -> None:
        """Ask for the dashboard in the bars that fit, and for the hours where they are shown."""
        trend = self.query_one("#trend", Chart)
        cut = self.granularity or suited(self.period, trend.capacity)
        source = self.monitor.source
        data = await source.dashboard(period=self.period, granularity=cut, everyone=self.EVERYONE)
        if self.query_one("#hours").display and self.has_class("-broad"):
            self.hours = await source.usage(period=self.period, by="hour", everyone=self.EVERYONE)
        self.data = data
        self.monitor.totals = data.totals

    def present(self) -> None:
        """Draw cards, charts and rankings."""
        data = self.data
        if data is None:
            return
        self._show_period()
        for card, (key, _) in zip(cards(data), _CARDS, strict=True):
            self.query_one(f"#card-{key}", KpiCard).show(card)
        self._present_charts(data)
        for dimension, rows in (("model", data.models), ("project", data.projects)):
            ranked = shares(rows, dimension)
            self.query_one(f"#{dimension}s", Lines).show(
                partial(_ranking, ranked),
                ("No spend yet.",),
            )

    def _present_charts(self, data: Dashboard) -> None:
        trend, tokens = self.query_one("#trend", Chart), self.query_one("#tokens", Chart)
        if not data.totals.requests:
            for chart in (trend, tokens, self.query_one("#hours", Chart)):
                chart.show(None, empty=_NOTHING)
            return
        what = "$" if self.measure == "spend" else "tokens"
        trend.show(activity(data, trend.capacity, self.measure), f"[$cv-spend]▉[/] {what}  [$cv-line]━[/] requests")
        tokens.show(
            consumption(data, tokens.capacity),
            "[$cv-input]▉[/] input [$cv-cached]▉[/] cached [$cv-writes]▉[/] writes [$cv-output]▉[/] output",
        )
        if self.hours is not None:
            self.query_one("#hours", Chart).show(by_hour(self.hours), "[$cv-spend]▉[/] $")

    def _show_period(self) -> None:
        note: Row = ()
        if self.data is not None:
            period = self.data.period
            note = (
                Span(times.span(period), "text"),
                Span(f"   {times.previous_span(period)} ", "muted"),
            )
        self.query_one(Tabs).show(self.period, note)
        self.query_one(NavLine).show_period(title(self.period))

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
        self.query_one("#now", Lines).show(
            lambda width, height: _inset(now_rows(live.open, live.latest, moment, width - 2, height)),
            ("Nothing yet.", "Press 7 to connect a client."),
        )

    def on_resize(self) -> None:
        """Ask again when another number of bars fits."""
        if self.loaded:
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self.present()
        self.reload()

    def action_earlier(self) -> None:
        """Show the shorter period."""
        self.action_choose("period", step(PERIODS, self.period, -1))

    def action_later(self) -> None:
        """Show the longer period."""
        self.action_choose("period", step(PERIODS, self.period, 1))

    def action_today(self) -> None:
        """Show today."""
        self.action_choose("period", "today")

    def action_choose(self, group: str, name: str) -> None:
        """Choose a tab."""
        del group
        self.period = next(choice.name for choice in PERIODS if choice.name == name)
        self.granularity = None
        self._show_period()
        self.reload()

    def action_granularity(self) -> None:
        """Cut the period into other bars."""
        cuts = granularities(self.period)
        shown = self.data.granularity if self.data is not None else cuts[0]
        index = cuts.index(shown) if shown in cuts else -1
        self.granularity = cuts[(index + 1) % len(cuts)]
        self.reload()

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

    def _chart(self) -> Chart:
        focused = self.focused
        if isinstance(focused, Chart):
            return focused
        trend, tokens = self.query_one("#trend", Chart), self.query_one("#tokens", Chart)
        return trend if trend.region.area else tokens

    def action_back(self) -> None:
        """Take the cursor away, then leave the zoom."""
        chart = self._chart()
        if chart.cursor is not None:
            chart.point(None)
            return
        super().action_back()


def _ranking(ranked: Sequence[Share], width: int, height: int) -> tuple[Row, ...]:
    return _inset(share_rows(ranked, width - 2, height))


def _inset(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return rows with one cell of air at the left."""
    return tuple((Span(" "), *row) for row in rows)
