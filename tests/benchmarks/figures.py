"""The figures a benchmark yields, as a table for people and as JSON."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; ``mark`` is the first goal it is held against, where there is one."""

    name: str
    value: float
    unit: str
    mark: str = ""


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def added(name: str, gateway: Sequence[float], direct: Sequence[float], mark: str = "") -> list[Figure]:
    """Return by how much the gateway's p50 and p99 lie above a direct call's, in milliseconds."""
    return [
        Figure(f"{name}, p50", statistics.median(gateway) - statistics.median(direct), "ms", mark),
        Figure(f"{name}, p99", percentile(gateway, 99) - percentile(direct, 99), "ms"),
    ]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned lines."""
    rows = [(figure.name, shown(figure.value), figure.unit, figure.mark) for figure in figures]
    name, value, unit = (max(len(row[column]) for row in rows) for column in range(3))
    return "\n".join(f"{row[0]:<{name}}  {row[1]:>{value}} {row[2]:<{unit}}  {row[3]}".rstrip() for row in rows)


def shown(value: float) -> str:
    """Return a number with three significant figures, whole above a hundred."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}" if value else "0"
