"""What a chart shows, as plain data: the viewmodel makes it, ``charts.picture`` draws it."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["usd", "count"]


@dataclass(frozen=True, slots=True)
class Series:
    """One row of values, one per bucket; ``tone`` names its colour in the theme."""

    name: str
    tone: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """Stacked bars against the left axis and, optionally, a line against the right one.

    ``labels`` has one text per bucket for the time axis (``""``: never a tick there), ``exact`` one text per bucket
    for the cursor.
    """

    bars: tuple[Series, ...]
    labels: tuple[str, ...]
    exact: tuple[str, ...]
    unit: Unit = "usd"
    line: Series | None = None
    line_unit: Unit = "count"

    @property
    def buckets(self) -> int:
        """How many bars there are."""
        return len(self.labels)

    def totals(self) -> tuple[float, ...]:
        """Return the height of each stacked bar."""
        return tuple(sum(column) for column in zip(*(series.values for series in self.bars), strict=True))
