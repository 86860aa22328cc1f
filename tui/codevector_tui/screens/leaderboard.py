"""Who used most: ranked by tokens, spend or requests, in a window."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from codevector_shared.protocol import Leaderboard, Metric, Period, PeriodName
from codevector_tui.keymap import BOARD_KEYS
from codevector_tui.screens.page import Page
from codevector_tui.viewmodel import times
from codevector_tui.viewmodel.periods import RANKED, step, title
from codevector_tui.viewmodel.ranking import METRICS, leaderboard
from codevector_tui.viewmodel.spans import Row, Span
from codevector_tui.widgets.grid import Grid
from codevector_tui.widgets.nav_line import NavLine
from codevector_tui.widgets.tabs import Tabs


class LeaderboardScreen(Page):
    """The ranking."""

    BINDINGS: ClassVar[list[BindingType]] = [*BOARD_KEYS]

    def __init__(self) -> None:
        super().__init__()
        self.metric: Metric = "spend"
        self.period: PeriodName = "30d"
        self.board: Leaderboard | None = None

    def body(self) -> Iterable[Widget]:
        """Return both rows of tabs and the table."""
        yield Tabs("metric", METRICS)
        yield Tabs("period", [(choice.name, choice.title) for choice in RANKED])
        yield Grid("Leaderboard", id="list")

    def on_mount(self) -> None:
        """Mark the first choices."""
        self._say_tabs()

    async def fetch(self) -> None:
        """Ask for the ranking."""
        self.board = await self.monitor.source.leaderboard(metric=self.metric, period=self.period)

    @property
    def shown(self) -> Period | None:
        """The window on screen."""
        return self.board.period if self.board is not None else None

    def present(self) -> None:
        """Draw the ranking."""
        if self.board is not None:
            self._say_tabs()
            self.query_one("#list", Grid).show(leaderboard(self.board))

    def _say_tabs(self) -> None:
        note: Row = ()
        if self.board is not None:
            note = (Span(f"{times.span(self.board.period)} ", "muted"),)
        self.query_one("#metric-tabs", Tabs).show(self.metric, note)
        self.query_one("#period-tabs", Tabs).show(self.period)
        self.query_one(NavLine).show_period(title(self.period))

    def requests_settled(self) -> None:
        """Rank again."""
        self.reload()

    def action_choose(self, group: str, name: str) -> None:
        """Choose a tab."""
        if group == "metric":
            self.metric = next(metric for metric, _ in METRICS if metric == name)
        else:
            self.period = next(choice.name for choice in RANKED if choice.name == name)
        self._say_tabs()
        self.reload()

    def action_metric(self) -> None:
        """Choose the next metric."""
        names = [metric for metric, _ in METRICS]
        self.action_choose("metric", names[(names.index(self.metric) + 1) % len(names)])

    def action_earlier(self) -> None:
        """Show the shorter window."""
        self.action_choose("period", step(RANKED, self.period, -1))

    def action_later(self) -> None:
        """Show the longer window."""
        self.action_choose("period", step(RANKED, self.period, 1))
