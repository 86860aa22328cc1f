"""The only file that knows plotext: ticks, grid and the line of a chart, on an unpainted canvas."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codevector_tui.charts.cells import Cell, Grid, blank

_CODE = re.compile(r"\x1b\[([0-9;]*)m")
_TONES = {1: "grid", 2: "axis", 3: "line"}
_GRID, _AXIS, _LINE = _TONES
_UP = 1 + 3e-4
"""Puts a tick that lies between two rows always into the upper one, past plotext's own tolerance of 1e-4."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """The ticks of one axis, from zero to ``top``."""

    top: float
    ticks: Sequence[float]
    labels: Sequence[str]

    @property
    def width(self) -> int:
        """How many cells the labels take."""
        return max(map(len, self.labels), default=0)


@dataclass(frozen=True, slots=True)
class Frame:
    """What plotext draws: two value axes, ticks below at cell positions, and points joined by a line."""

    width: int
    height: int
    left: Ruler
    right: Ruler | None
    below: Ruler
    line: Sequence[tuple[float, float]]


def draw(frame: Frame) -> Grid:
    """Return the frame as cells toned ``grid``, ``axis`` and ``line``; what is empty has no tone."""
    import plotext  # noqa: PLC0415 — 0.2 s of import that the first paint does not wait for

    plotext.terminal.limit(False, False)
    figure: Any = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(frame.width, frame.height)
    figure.axes(False)
    figure.legend(False)
    axis, grid = plotext.pixel(foreground=_AXIS), plotext.pixel(foreground=_GRID)
    _rule(figure.ruler("y", "left"), frame.left, axis)
    figure.ruler("y", "left").grid(True, "dotted", grid)
    _rule(figure.ruler("x", "lower"), frame.below, axis)
    right = frame.right or Ruler(frame.left.top, (), ())
    _rule(figure.ruler("y", "right"), right, axis)
    _join(plotext, figure, frame.line)
    return _cells(figure.build().string(), frame.width, frame.height)


def _rule(ruler: Any, axis: Ruler, pixel: Any) -> None:  # noqa: ANN401 — plotext carries no types
    ruler.lim(0, axis.top)
    ruler.alignment("edge")
    ruler.ticks([tick * _UP if tick < axis.top else tick for tick in axis.ticks], labels=list(axis.labels))
    ruler.pixel(pixel)


def _join(plotext: Any, figure: Any, points: Sequence[tuple[float, float]]) -> None:  # noqa: ANN401 — as above
    """Put the line on the right axis; without one a single unseen point keeps plotext's canvas."""
    marker = plotext.marker("braille" if points else " ", plotext.pixel(foreground=_LINE))
    across, up = zip(*(points or [(0.0, 0.0)]), strict=True)
    signal = figure.signal(list(across), list(up), marker=marker, yside="right" if points else "left")
    figure.draw(signal.lines(len(points) > 1))


def _cells(text: str, width: int, height: int) -> Grid:
    grid = blank(width, height)
    for line, cells in zip(text.split("\n"), grid, strict=False):
        tone, column = "", 0
        for index, part in enumerate(_CODE.split(line)):
            if index % 2:
                tone = _tone(part)
                continue
            for character in part[: width - column]:
                cells[column] = Cell(character, tone)
                column += 1
    return grid


def _tone(code: str) -> str:
    parts = code.split(";")
    return _TONES.get(int(parts[-1]), "") if parts[:2] == ["38", "5"] else ""
