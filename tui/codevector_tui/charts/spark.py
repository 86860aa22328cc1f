"""Sparklines: the shape of a few numbers in a few cells."""

from collections.abc import Sequence
from itertools import pairwise

from codevector_tui.charts.blocks import eighth
from codevector_tui.viewmodel.spans import Row, Span

LEVELS = 8
"""Steps of the colour ramp a tone such as ``spend.3`` is taken from."""


def spark(values: Sequence[float], width: int, height: int, tone: str) -> tuple[Row, ...]:
    """Return ``height`` rows of ``width`` cells, one column per value where they fit, else the mean of neighbours."""
    if not values or width <= 0 or height <= 0:
        return tuple(() for _ in range(height))
    columns = _spread(values, width)
    top = max(columns)
    eighths = [_level(value, top, height) for value in columns]
    return tuple(_row(eighths, row, height, tone) for row in reversed(range(height)))


def _level(value: float, top: float, height: int) -> int:
    if value <= 0 or top <= 0:
        return 0
    return max(1, round(value / top * height * 8))


def _row(eighths: Sequence[int], row: int, height: int, tone: str) -> Row:
    text = "".join(eighth(level - row * 8) for level in eighths)
    if row == 0:
        text = text.replace(" ", "▁")
    return (Span(text, f"{tone}.{min(LEVELS - 1, (row + 1) * LEVELS // (height + 1))}"),)


def _spread(values: Sequence[float], width: int) -> list[float]:
    """Return one value per cell: values repeated to fill the width evenly, or averaged to fit into it."""
    count = len(values)
    if count <= width:
        each = width // count
        return [value for value in values for _ in range(each)]
    edges = [index * count // width for index in range(width + 1)]
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(edges)]
