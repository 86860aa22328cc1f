"""Totals of a window and its breakdown by one dimension, or by two at once."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from codevector_daemon.ledger.questions.names import key_names, user_names
from codevector_daemon.ledger.questions.reading import Books, Slot, Sum
from codevector_daemon.ledger.questions.tally import Tally
from codevector_daemon.ledger.selection import Only
from codevector_shared.periods import Window, edges
from codevector_shared.protocol import By, Totals, Usage, UsageRow

OTHER = "other"
"""What the rest is called where only the greatest are shown."""

_COLUMNS: dict[By, str] = {
    "model": "model",
    "provider": "provider",
    "project": "project",
    "client_app": "client_app",
    "key": "key_id",
    "user": "user_id",
}
_TIMES: dict[By, Slot] = {"day": "day", "hour": "hour"}

Values = tuple[int | str, ...]
Label = Callable[[int | str], dict[str, int | str | None]]


def read_usage(connection: sa.Connection, window: Window, by: Sequence[By], only: Only, top: int | None) -> Usage:
    """Return totals, the previous period's, and rows by the dimensions asked for (none, one or two)."""
    books = Books(connection)
    counted = books.beginning(window)
    tallies = breakdown(books, counted, by, only)
    return Usage(
        period=books.period(counted),
        totals=Totals(**total(tallies.values()).shown()),
        previous=previous_totals(books, window, only),
        rows=rows(connection, counted, by, tallies, top) if by and tallies else [],
    )


def breakdown(books: Books, window: Window, by: Sequence[By], only: Only) -> dict[Values, Tally]:
    """Return the sum per combination of the dimensions' values; of time, the number of the bar."""
    if window.start is None:
        return {}
    slot, columns = _split(by)
    place = _placed(window, by)
    tallies: defaultdict[Values, Tally] = defaultdict(Tally)
    for found in books.sums(window, columns, slot, only):
        tallies[place(found)].add(found.amounts)
    return tallies


def previous_totals(books: Books, window: Window, only: Only) -> Totals | None:
    """Return the sum of the same elapsed span just before a window; None for all time."""
    previous = window.previous()
    return None if previous is None else Totals(**total(breakdown(books, previous, (), only).values()).shown())


def rows(
    connection: sa.Connection, window: Window, by: Sequence[By], tallies: dict[Values, Tally], top: int | None
) -> list[UsageRow]:
    """Return the breakdown as shown: by time in its order, else the greatest spend first, past ``top`` as one row."""
    ordered = sorted(tallies.items(), key=lambda item: _rank(by, *item))
    if top is not None and len(ordered) > top and len(by) == 1 and _COLUMNS.get(by[0]) is not None:
        rest = ordered[top:]
        ordered = [*ordered[:top], ((OTHER,), total(tally for _, tally in rest))]
    labels = [
        _label(connection, window, dimension, [values[i] for values, _ in ordered]) for i, dimension in enumerate(by)
    ]
    return [
        UsageRow(**_merged(label(value) for label, value in zip(labels, values, strict=True)), **tally.shown())
        for values, tally in ordered
    ]


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of sums."""
    everything = Tally()
    for tally in tallies:
        everything.include(tally)
    return everything


def hour_text(at: datetime, zone: ZoneInfo) -> str:
    """Return how an hour is named: its start in the zone."""
    return at.astimezone(zone).isoformat()


def _split(by: Sequence[By]) -> tuple[Slot | None, list[str]]:
    times = [_TIMES[dimension] for dimension in by if dimension in _TIMES]
    slot: Slot | None = None if not times else ("hour" if "hour" in times else "day")
    return slot, [_COLUMNS[dimension] for dimension in by if dimension in _COLUMNS]


def _placed(window: Window, by: Sequence[By]) -> Callable[[Sum], Values]:
    """Return what turns a sum into the values of ``by``, in their order."""
    bars = {d: [int(edge.timestamp()) for edge in edges(window, _TIMES[d])] for d in by if d in _TIMES}
    if not bars:
        return attrgetter("values")
    columns = [dimension for dimension in by if dimension in _COLUMNS]

    def place(found: Sum) -> Values:
        known = dict(zip(columns, found.values, strict=True))
        # The first bucket of the window may begin before it.
        return tuple(max(bisect_right(bars[d], found.at_s) - 1, 0) if d in bars else known[d] for d in by)

    return place


def _rank(by: Sequence[By], values: Values, tally: Tally) -> tuple[Any, ...]:
    """Sort time by itself, everything else by spend, then tokens, then name."""
    times = [value for dimension, value in zip(by, values, strict=True) if dimension in _TIMES]
    return (*times, -tally.spend_nano, -tally.tokens, values)


def _label(connection: sa.Connection, window: Window, dimension: By, values: list[int | str]) -> Label:
    if dimension in _TIMES:
        bars = edges(window, _TIMES[dimension])
        if dimension == "hour":
            return lambda value: {"hour": hour_text(bars[int(value)], window.zone)}
        return lambda value: {"day": bars[int(value)].astimezone(window.zone).date().isoformat()}
    if dimension in {"user", "key"}:
        find = user_names if dimension == "user" else key_names
        names = find(connection, (value for value in values if isinstance(value, int)))
        return lambda value: _named(dimension, value, names)
    return lambda value: {dimension: value or None}


def _named(dimension: By, value: int | str, names: dict[int, str]) -> dict[str, int | str | None]:
    if isinstance(value, str):
        return {dimension: value, f"{dimension}_id": None}
    return {dimension: names.get(value), f"{dimension}_id": value or None}


def _merged(parts: Any) -> dict[str, Any]:  # noqa: ANN401  # the keys are the row's own fields
    return {key: value for part in parts for key, value in part.items()}
