"""Stacked bars in eighths (or sixths) of a cell: finer than plotext's markers, all of one width, under its line."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

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
        """Return where each series of a stack ends, in steps from the bottom.

        The stack is as high as its sum; within it, whatever is not zero takes a step from what has more.
        """
        least = list(accumulate(value > 0 for value in column))
        wished = [round(total / self._top * steps) for total in accumulate(column)]
        top = min(steps, max(least[-1], wished[-1]))
        ends, end = [], 0
        for value, wish, below in zip(column, wished, least, strict=True):
            end = max(end + (value > 0), min(wish, top - (least[-1] - below)))
            ends.append(end)
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
        layers = _seen(ends, floor, 8, 2)
        tone = self._tone(layers[0], row, rows, index)
        if len(layers) == 1:
            return Cell(eighth(ends[layers[0]] - floor), tone)
        return Cell(eighth(ends[layers[0]] - floor), tone, self._tone(layers[1], row, rows, index))

    def _paint_halves(self, canvas: Grid, index: int, ends: Sequence[int]) -> None:
        """Draw a bar narrower than its cells; where the line crosses it, a fainter whole cell is behind it."""
        start, rows = self._slots.start(index), len(canvas)
        for row in range(-(-ends[-1] // 3)):
            filled = min(3, ends[-1] - row * 3)
            (layer,) = _seen(ends, row * 3, 3, 1)
            tone = self._tone(layer, row, rows, index)
            for column in {half // HALVES for half in range(start, start + self._slots.bar)}:
                left = filled if start <= column * HALVES < start + self._slots.bar else 0
                right = filled if start <= column * HALVES + 1 < start + self._slots.bar else 0
                place = canvas[rows - 1 - row][column]
                if place.tone == "line" and filled == 3:  # noqa: PLR2004 — thirds
                    place.behind = f"{self._series[layer].tone}.0"
                else:
                    place.text, place.tone, place.behind = sixth(left, right), tone, ""


def _seen(ends: Sequence[int], floor: int, steps: int, most: int) -> list[int]:
    """Return the layers that a cell shows, from below: those that no other cell shows first, then the larger ones."""
    parts = {}
    for layer, (start, end) in enumerate(pairwise((0, *ends))):
        inside = min(end, floor + steps) - max(start, floor)
        if inside > 0:
            parts[layer] = (inside == end - start, inside)
    return sorted(sorted(parts, key=lambda layer: parts[layer], reverse=True)[:most])


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
