"""Stacked bars in eighths (or sixths) of a cell: finer than plotext's markers, all of one width, under its line."""

from collections.abc import Sequence

from codevector_tui.charts.blocks import eighth, sixth
from codevector_tui.charts.cells import Cell, Grid
from codevector_tui.charts.slots import HALVES, Slots
from codevector_tui.charts.spark import LEVELS
from codevector_tui.viewmodel.chartspec import Series

_LINE_FLOOR = 4
"""Eighths of a cell from which a bar's last row counts as full where the line runs along it."""


class Bars:
    """Paints the bars of one chart into its canvas."""

    def __init__(self, series: Sequence[Series], top: float, slots: Slots, *, chosen: int | None) -> None:
        self._series = series
        self._top = top
        self._slots = slots
        self._chosen = chosen

    def paint(self, canvas: Grid) -> None:
        """Draw every bar; glyphs of the line stay on top."""
        for index in range(self._slots.count):
            column = [series.values[index] for series in self._series]
            if self._slots.whole:
                self._paint_whole(canvas, index, self._levels(column, len(canvas) * 8))
            else:
                self._paint_halves(canvas, index, self._levels(column, len(canvas) * 3))

    def _levels(self, column: Sequence[float], steps: int) -> list[int]:
        """Return where each series of a stack ends, in steps from the bottom; what is not zero stays visible."""
        ends, total = [], 0.0
        for value in column:
            total += value
            least = 1 if total > 0 else 0
            ends.append(min(steps, max(least, round(total / self._top * steps))))
        return ends

    def _tone(self, layer: int, row: int, rows: int, index: int) -> str:
        tone = self._series[layer].tone
        if index == self._chosen:
            return f"{tone}.chosen"
        if len(self._series) > 1:
            return tone
        return f"{tone}.{min(LEVELS - 1, row * LEVELS // max(1, rows - 1))}"

    def _paint_whole(self, canvas: Grid, index: int, ends: Sequence[int]) -> None:
        first = self._slots.start(index) // HALVES
        rows = len(canvas)
        for row in range(-(-ends[-1] // 8)):
            places = canvas[rows - 1 - row][first : first + self._slots.bar // HALVES]
            _lay(places, self._cell(row, rows, index, ends), filled=ends[-1] - row * 8)

    def _cell(self, row: int, rows: int, index: int, ends: Sequence[int]) -> Cell:
        """Return a bar's cell: one series, or the border of two with the upper one behind the lower."""
        floor = row * 8
        layers = [layer for layer, end in enumerate(ends) if end > floor and end > (ends[layer - 1] if layer else 0)]
        lower = layers[0]
        tone = self._tone(lower, row, rows, index)
        filled = ends[lower] - floor
        if filled >= 8 or len(layers) == 1:  # noqa: PLR2004 — eighths
            return Cell(eighth(filled), tone)
        return Cell(eighth(filled), tone, self._tone(layers[1], row, rows, index))

    def _paint_halves(self, canvas: Grid, index: int, ends: Sequence[int]) -> None:
        """Draw a bar narrower than its cells; where the line crosses it, a fainter whole cell is behind it."""
        start, rows = self._slots.start(index), len(canvas)
        for row in range(-(-ends[-1] // 3)):
            filled = min(3, ends[-1] - row * 3)
            layer = next(layer for layer, end in enumerate(ends) if end > row * 3 + filled // 2)
            tone = self._tone(layer, row, rows, index)
            for column in {half // HALVES for half in range(start, start + self._slots.bar)}:
                left = filled if start <= column * HALVES < start + self._slots.bar else 0
                right = filled if start <= column * HALVES + 1 < start + self._slots.bar else 0
                place = canvas[rows - 1 - row][column]
                if place.tone == "line" and filled == 3:  # noqa: PLR2004 — thirds
                    place.behind = f"{self._series[layer].tone}.0"
                else:
                    place.text, place.tone, place.behind = sixth(left, right), tone, ""


def _lay(places: Sequence[Cell], bar: Cell, *, filled: int) -> None:
    """Put one row of a bar under the line.

    A line can only run on the bar's colour in a full cell. In the bar's last, partly filled row the bar wins, unless
    the line runs along all of it: then the row counts as full or as empty, whichever is nearer.
    """
    whole = filled >= 8  # noqa: PLR2004 — eighths
    along = all(place.tone == "line" for place in places)
    for place in places:
        if place.tone != "line" or not (whole or along):
            place.text, place.tone, place.behind = bar.text, bar.tone, bar.behind
        elif whole or filled >= _LINE_FLOOR:
            place.behind = bar.behind or bar.tone
