"""Where bars stand: all of one width, with a gap between them, measured in half cells."""

from dataclasses import dataclass

HALVES = 2
_WIDEST = 18
"""Half cells. A wider bar reads as a block, not as a bar."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Equal places for ``count`` bars; lengths are half cells from the left edge of the canvas."""

    count: int
    cells: int
    pitch: int
    bar: int
    margin: int

    @property
    def whole(self) -> bool:
        """Whether every bar starts and ends on a cell, so that heights can be drawn in eighths."""
        return self.pitch % HALVES == 0 and self.bar % HALVES == 0 and self.margin % HALVES == 0

    def start(self, index: int) -> int:
        """Return the first half cell of a bar."""
        return self.margin + index * self.pitch + (self.pitch - self.bar) // 2

    def centre(self, index: int) -> float:
        """Return the middle of a bar in cells."""
        return (self.start(index) + self.bar / 2) / HALVES

    def at(self, cell: int) -> int | None:
        """Return which bar's place a cell belongs to."""
        index = (cell * HALVES + 1 - self.margin) // self.pitch
        return index if 0 <= index < self.count else None


def capacity(cells: int) -> int:
    """Return how many bars fit with a gap each: one half cell of bar and one of gap."""
    return max(1, cells)


def place(count: int, cells: int) -> Slots:
    """Spread ``count`` bars over ``cells`` columns; whole cells as soon as a bar and its gap can have one each."""
    halves = cells * HALVES
    pitch = max(1, halves // max(1, count))
    if pitch >= 2 * HALVES:
        pitch -= pitch % HALVES
    bar = min(_WIDEST, max(1, pitch - _gap(pitch)))
    margin = (halves - pitch * count) // 2
    if pitch % HALVES == 0 and bar % HALVES == 0:
        margin -= margin % HALVES
    return Slots(count, cells, pitch, bar, max(0, margin))


def _gap(pitch: int) -> int:
    """Return the gap that suits a pitch: a half cell, then a cell, then about a quarter, keeping both sides even."""
    if pitch < 2 * HALVES:
        return min(1, pitch - 1)
    if pitch <= 5 * HALVES:
        return HALVES
    quarter = pitch // 4
    gap = max(HALVES, quarter - quarter % HALVES)
    return gap if (pitch - gap) % HALVES == 0 else gap + 1
