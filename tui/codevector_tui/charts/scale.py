"""Axis steps a person can read: 1, 2, 2.5 or 5 times a power of ten."""

import math
from dataclasses import dataclass

from codevector_tui.viewmodel.chartspec import Unit

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_ROWS_PER_TICK = 2
_UNEVEN = 0.3
"""How much empty room above the values a grid that divides the rows evenly is worth."""
_OFF = 0.12
"""The same for each step more or less than about one in four rows."""
_SMALLEST: dict[Unit, float] = {"usd": 1e-6, "count": 1.0}


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from zero to ``top`` with a tick at every multiple of ``step``."""

    top: float
    step: float
    unit: Unit

    @property
    def ticks(self) -> tuple[float, ...]:
        """The ticks from zero to the top."""
        return tuple(self.step * index for index in range(round(self.top / self.step) + 1))

    @property
    def labels(self) -> tuple[str, ...]:
        """The ticks' texts, all with the same places."""
        return tuple(_label(tick, self) for tick in self.ticks)


def pair(left: tuple[float, Unit], right: tuple[float, Unit] | None, rows: int) -> tuple[Scale, Scale | None]:
    """Return the scales of both axes with equally many steps, so that they share their grid.

    Steps that divide the rows evenly are preferred, then those that leave the least room above the values.
    """
    most = max(1, min(6, rows // _ROWS_PER_TICK))
    wanted = max(2, min(5, rows // 4))

    def waste(steps: int) -> float:
        used = (stepped(*axis, steps).top / max(axis[0], _SMALLEST[axis[1]]) for axis in (left, right) if axis)
        return sum(used) + (_UNEVEN if rows % steps else 0.0) + _OFF * abs(steps - wanted)

    steps = min(range(min(2, most), most + 1), key=lambda each: (round(waste(each), 1), -each))
    return stepped(*left, steps), stepped(*right, steps) if right else None


def stepped(largest: float, unit: Unit, steps: int) -> Scale:
    """Return the smallest scale of exactly so many steps that holds ``largest``."""
    largest = max(largest, _SMALLEST[unit])
    exponent = math.floor(math.log10(largest / steps))
    for power in (exponent, exponent + 1):
        for factor in _STEPS:
            step = factor * 10.0**power
            if unit == "count" and not step.is_integer():
                continue
            if step * steps >= largest * (1 - 1e-9):
                return Scale(step * steps, step, unit)
    return Scale(steps * 10.0 ** (exponent + 2), 10.0 ** (exponent + 2), unit)


def _label(tick: float, scale: Scale) -> str:
    sign = "$" if scale.unit == "usd" else ""
    if tick == 0:
        return f"{sign}0"
    for size, letter in _UNITS:
        if scale.top >= size * (10 if letter == "K" else 1):
            return f"{sign}{_short(tick / size, scale.step / size)}{letter}"
    if scale.unit == "usd" and not scale.step.is_integer():
        return f"${tick:.{max(2, _places(scale.step))}f}"
    return f"{sign}{tick:,.0f}"


def _short(value: float, step: float) -> str:
    return f"{value:.{_places(step)}f}"


def _places(step: float) -> int:
    places = 0
    while places < 9 and abs(step * 10**places - round(step * 10**places)) > 1e-9:  # noqa: PLR2004 — nano-dollars
        places += 1
    return places
