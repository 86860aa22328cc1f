"""A grid of styled characters on which the layers of a chart are put one above the other."""

from dataclasses import dataclass
from itertools import groupby

from codevector_tui.viewmodel.spans import Row, Span

BEHIND = "/"
"""Between the two halves of a tone: ``line/spend.4`` is the line's colour on a bar's."""


@dataclass(slots=True)
class Cell:
    """One character; ``tone`` colours it and ``behind`` the rest of its cell."""

    text: str = " "
    tone: str = ""
    behind: str = ""

    @property
    def style(self) -> str:
        """The tone as spans carry it."""
        return f"{self.tone}{BEHIND}{self.behind}" if self.behind else self.tone


Grid = list[list[Cell]]


def blank(width: int, height: int) -> Grid:
    """Return an empty grid."""
    return [[Cell() for _ in range(width)] for _ in range(height)]


def rows(grid: Grid) -> tuple[Row, ...]:
    """Return the grid as rows of spans, neighbours of one style joined."""
    return tuple(
        tuple(
            Span("".join(cell.text for cell in run), style) for style, run in groupby(line, key=lambda cell: cell.style)
        )
        for line in grid
    )
