"""Numbers and foreign text as people read them, the same on the command line and in the monitor."""

import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal

UNKNOWN = "–"  # noqa: RUF001 — a typographer's dash, not a minus
"""Stands where a value is absent, so that empty is never mistaken for zero."""

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SCALES = ((1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K"))
_MARKS = 3


def dollars(amount: str, places: int | None = None) -> str:
    """Return a USD decimal string as ``$0.0042``, ``$12.34`` or ``$1,234``; ``places`` fixes one unit for a column."""
    value = Decimal(amount)
    if places is None:
        places = _places(abs(value))
    rounded = _round(value, places)
    if value and not rounded:
        floor = Decimal(1).scaleb(-places)
        return f"<${floor}" if value > 0 else f"-<${floor}"
    return f"{'-' if rounded < 0 else ''}${abs(rounded):,}"


def column_places(amounts: list[str]) -> int:
    """Return the decimal places that suit a column of USD amounts, so that all its cells share one unit."""
    return _places(max((abs(Decimal(amount)) for amount in amounts), default=Decimal(0)))


def rate(price: str | None) -> str:
    """Return a price in USD per million tokens as ``$3.00`` or ``$0.075``: two places, or as many as it has."""
    if price is None:
        return UNKNOWN
    value = Decimal(price).normalize()
    exponent = value.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"${_round(value, places):,}"


def whole(number: int) -> str:
    """Return an exact count with groups of three digits: ``1,234,567``."""
    return f"{number:,}"


def compact(number: int) -> str:
    """Return a count in at most six characters: exact below 10,000 (``9,876``), then three digits (``12.4M``)."""
    size = abs(number)
    if size < 10_000:  # noqa: PLR2004 — four digits still read at a glance
        return whole(number)
    scale, unit = next(pair for pair in _SCALES if 2 * size >= 2 * pair[0] - pair[0] // 1_000)
    return f"{_three_digits(Decimal(number) / scale)}{unit}"


def storage(size: int) -> str:
    """Return a size in bytes as ``340 KB`` or ``72.8 GB``: in files a thousand million is a giga, not a billion."""
    number = compact(size)
    return f"{number} B" if number[-1].isdigit() else f"{number[:-1]} {number[-1].replace('B', 'G')}B"


def percent(part: float, total: float) -> str:
    """Return a share as ``12 %``, one place below ten (``3.4 %``), and a dash where there is nothing to share."""
    if not total:
        return UNKNOWN
    share = 100 * part / total
    return f"{share:.1f} %" if 0 < abs(share) < 9.95 else f"{share:.0f} %"  # noqa: PLR2004 — 9.95 would round to 10.0


def duration(milliseconds: int | None) -> str:
    """Return a span of time as ``340 ms``, ``1.2 s``, ``42 s``, ``3 m 05 s``, ``2 h 03 m`` or ``3 d 04 h``."""
    if milliseconds is None:
        return UNKNOWN
    span = max(0, milliseconds)
    if span < _SECOND:
        return f"{span} ms"
    if span < 10 * _SECOND:
        return f"{span // 100 / 10:.1f} s"
    if span < _MINUTE:
        return f"{span // _SECOND} s"
    if span < _HOUR:
        return f"{span // _MINUTE} m {span % _MINUTE // _SECOND:02d} s"
    if span < _DAY:
        return f"{span // _HOUR} h {span % _HOUR // _MINUTE:02d} m"
    return f"{span // _DAY} d {span % _DAY // _HOUR:02d} h"


def age(then_ms: int | None, now_ms: int) -> str:
    """Return how long ago something was, in one unit: ``now``, ``3 s ago``, ``5 m ago``, ``2 h ago``, ``9 d ago``."""
    if then_ms is None:
        return UNKNOWN
    span = now_ms - then_ms
    if span < _SECOND:
        return "now"
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if span >= unit:
            return f"{span // unit} {name} ago"
    return f"{span // _SECOND} s ago"


def clean(text: str, limit: int = 200) -> str:
    """Return foreign text safe for a terminal: no control or formatting characters, one line, at most ``limit`` long.

    Escape sequences lose their escape character; marks stacked on one letter are cut, since they draw over other lines.
    """
    kept: list[str] = []
    marks = 0
    for character in text:
        if len(kept) > limit:
            break
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if character in "\t\n\r":
            kept.append(" ")
        elif category not in _INVISIBLE and marks <= _MARKS:
            kept.append(character)
    if len(kept) > limit:
        kept = [*kept[: limit - 1], "…"]
    return "".join(kept)


def _places(size: Decimal) -> int:
    """Return how many decimal places an amount of this size needs to be told apart from its neighbours."""
    if size >= Decimal("999.995"):
        return 0
    if size == 0 or size >= Decimal("0.09995"):
        return 2
    return 4


def _round(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def _three_digits(value: Decimal) -> str:
    for places in (2, 1, 0):
        rounded = _round(value, places)
        if len(str(abs(rounded)).replace(".", "")) <= 3:  # noqa: PLR2004 — the digits the name says
            return str(rounded)
    return str(_round(value, 0))
