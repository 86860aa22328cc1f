"""The dashboard of the whole installation, with the money by any dimension."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.widget import Widget

from codevector_shared.protocol import By, Usage
from codevector_tui.keymap import DASHBOARD_KEYS, USAGE_KEYS
from codevector_tui.screens.dashboard import DashboardScreen, ranking
from codevector_tui.viewmodel.breakdown import shares
from codevector_tui.widgets.lines import Lines

DIMENSIONS: tuple[tuple[By, str], ...] = (
    ("user", "By user"),
    ("model", "By model"),
    ("project", "By project"),
    ("key", "By key"),
    ("provider", "By provider"),
    ("client_app", "By client app"),
)


class UsageScreen(DashboardScreen):
    """Everyone's usage."""

    BINDINGS: ClassVar[list[BindingType]] = [*DASHBOARD_KEYS, *USAGE_KEYS]
    EVERYONE = True

    def __init__(self) -> None:
        super().__init__()
        self.dimension = 0
        self.rows: list[Usage] = []

    def lists(self) -> Widget:
        """Return the row of lists: one dimension, where there is room the next one, and what happens now."""
        return Horizontal(
            Container(Lines(DIMENSIONS[0][1], id="models"), Lines(DIMENSIONS[1][1], id="projects"), id="rankings"),
            Lines("Now", id="now"),
            id="below",
        )

    async def fetch(self) -> None:
        """Ask for the dashboard, then for the dimensions shown."""
        await super().fetch()
        source = self.monitor.source
        days = self.query_now.days
        first, last = days or (None, None)
        period = None if days else self.query_now.period
        self.rows = [
            await source.usage(period=period, first=first, last=last, by=dimension, everyone=True)
            for dimension, _ in self._shown()
        ]

    def _shown(self) -> Iterable[tuple[By, str]]:
        return (DIMENSIONS[self.dimension], DIMENSIONS[(self.dimension + 1) % len(DIMENSIONS)])

    def present_lists(self) -> None:
        """Draw the dimensions."""
        for panel, (dimension, title), usage in zip(("models", "projects"), self._shown(), self.rows, strict=False):
            lines = self.query_one(f"#{panel}", Lines)
            lines.border_title = title
            lines.show(partial(ranking, shares(usage.rows, dimension)), ("No spend yet.",))

    def action_dimension(self) -> None:
        """Show the next dimension."""
        self.dimension = (self.dimension + 1) % len(DIMENSIONS)
        self.reload()
