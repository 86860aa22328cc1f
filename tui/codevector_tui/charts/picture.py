"""A chart from its spec: scales, layers, and the result as rows of spans, remembered by what it depends on."""

from functools import lru_cache

from codevector_tui.charts import plot
from codevector_tui.charts.bars import Bars
from codevector_tui.charts.cells import rows
from codevector_tui.charts.scale import Scale, pair
from codevector_tui.charts.slots import Slots, place
from codevector_tui.viewmodel.chartspec import ChartSpec
from codevector_tui.viewmodel.spans import Row

_CELLS_PER_LABEL = 9
_SHORT = 3
"""Letters of a label that may stand closer: a week-day or an hour."""
_SMALLEST = (16, 3)


@lru_cache(maxsize=64)
def picture(spec: ChartSpec, width: int, height: int, *, chosen: int | None = None) -> tuple[Row, ...]:
    """Return a chart of exactly this size as rows of spans; nothing when there is no bucket or no room for all."""
    if width < _SMALLEST[0] or height < _SMALLEST[1] or not spec.buckets:
        return ()
    left, right = _scales(spec, height - 1)
    slots = slots_of(spec, width, height)
    if spec.buckets > slots.cells:
        return ()
    grid = plot.draw(_frame(spec, (width, height), (left, right), slots))
    offset = _ruler(left).width
    canvas = [line[offset : offset + slots.cells] for line in grid[:-1]]
    Bars(spec.bars, left.top, slots, chosen=chosen).paint(canvas)
    return rows(grid)


def slots_of(spec: ChartSpec, width: int, height: int) -> Slots:
    """Return where the bars of a chart of this size stand, counted from the canvas's left edge."""
    left, right = _scales(spec, height - 1)
    taken = _ruler(left).width + (_ruler(right).width if right else 0)
    return place(spec.buckets, max(1, width - taken))


def canvas_offset(spec: ChartSpec, height: int) -> int:
    """Return how many cells the left axis takes."""
    return _ruler(_scales(spec, height - 1)[0]).width


def _scales(spec: ChartSpec, canvas_rows: int) -> tuple[Scale, Scale | None]:
    line = (max(spec.line.values, default=0.0), spec.line_unit) if spec.line is not None else None
    return pair((max(spec.totals(), default=0.0), spec.unit), line, canvas_rows)


def _ruler(scale: Scale) -> plot.Ruler:
    """Return the axis with one space between its labels and the canvas."""
    widest = max(map(len, scale.labels))
    return plot.Ruler(scale.top, scale.ticks, tuple(f"{label:>{widest}} " for label in scale.labels))


def _right_ruler(scale: Scale) -> plot.Ruler:
    widest = max(map(len, scale.labels))
    return plot.Ruler(scale.top, scale.ticks, tuple(f" {label:<{widest}}" for label in scale.labels))


def _frame(spec: ChartSpec, size: tuple[int, int], scales: tuple[Scale, Scale | None], slots: Slots) -> plot.Frame:
    left, right = scales
    points = [(slots.centre(i), value) for i, value in enumerate(spec.line.values)] if spec.line and right else []
    return plot.Frame(
        width=size[0],
        height=size[1],
        left=_ruler(left),
        right=_right_ruler(right) if right else None,
        below=_times(spec, slots),
        line=points,
    )


def _times(spec: ChartSpec, slots: Slots) -> plot.Ruler:
    """Choose the ticks of the time axis: never closer than nine cells, never over the edge."""
    positions, labels = [], []
    free = 0.0
    for index, label in enumerate(spec.labels):
        centre = slots.centre(index)
        start = centre - len(label) / 2
        if not label or start < free - 0.5 or centre + len(label) / 2 > slots.cells + 0.5:
            continue
        positions.append(centre)
        labels.append(label)
        free = start + (_CELLS_PER_LABEL if len(label) > _SHORT else len(label) + 2)
    return plot.Ruler(slots.cells, positions, labels)
