"""The questions behind the dashboard: a period, or the days of one bar looked at closely."""

from dataclasses import dataclass, replace

from codevector_shared.protocol import By, Dashboard, Granularity, PeriodName
from codevector_tui.source import Source
from codevector_tui.viewmodel.drill import dashboard_of
from codevector_tui.viewmodel.periods import granularities, suited


@dataclass(frozen=True, slots=True)
class DashboardQuery:
    """What the dashboard shows; ``days`` are the first and last day of the bar that was opened."""

    period: PeriodName = "7d"
    granularity: Granularity | None = None
    days: tuple[str, str] | None = None
    everyone: bool = False

    def of(self, period: PeriodName) -> "DashboardQuery":
        """Return the same question about another period."""
        return DashboardQuery(period=period, everyone=self.everyone)

    def cut_otherwise(self, shown: Granularity | None) -> "DashboardQuery":
        """Return the same question in the next kind of bars."""
        cuts = granularities(self.period)
        index = cuts.index(shown) if shown in cuts else -1
        return replace(self, granularity=cuts[(index + 1) % len(cuts)])

    async def ask(self, source: Source, capacity: int) -> Dashboard:
        """Ask for the dashboard in bars of which not more than ``capacity`` are needed, if there are such."""
        if self.days is not None:
            return await self._ask_days(source, *self.days)
        cut = self.granularity or suited(self.period, capacity)
        return await source.dashboard(period=self.period, granularity=cut, everyone=self.everyone)

    async def _ask_days(self, source: Source, first: str, last: str) -> Dashboard:
        over_time: By = "hour" if first == last else "day"
        asked = [
            await source.usage(first=first, last=last, by=by, everyone=self.everyone)
            for by in (over_time, "model", "project")
        ]
        return dashboard_of(asked[0], asked[1], asked[2])
