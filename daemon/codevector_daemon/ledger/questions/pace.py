"""How fast calls were answered, from a sample of the latest ones: its cost does not depend on how many there were."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any

import sqlalchemy as sa

from codevector_daemon.ledger.questions.finding import AFTER_ALL, MEASURED, RUN, beginnings, heads
from codevector_daemon.ledger.selection import Only, conditions
from codevector_daemon.store.schema import requests
from codevector_shared.periods import Window

SAMPLE = 500
"""Complete calls that the figures are taken from: about the latest of the window."""

_RUNS = 25
"""Where a question is narrowed, the series used last that the sample is spread over."""

_NEIGHBOURS = 64
"""Calls settle out of the order they started in; so many of the last ones are asked for the newest."""


Rows = Sequence[Sequence[Any]]
"""Values of the columns ``MEASURED``."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The median duration, and output tokens per second between first and last byte."""

    p50_ms: int | None
    output_tokens_per_s: float | None


def read_pace(connection: sa.Connection, window: Window, only: Only) -> Pace:
    """Return the pace of a window's latest calls."""
    if window.start is None:
        return Pace(None, None)
    first_ms, until_ms = (int(moment.timestamp() * 1000) for moment in (window.start, window.end))
    before = _before(connection, until_ms, window)
    rows = _narrowed(connection, before, only) if conditions(only) else _of_all(connection, before)
    calls = [
        (duration, ttft or 0, output)
        for started, duration, ttft, output, parent in rows
        if parent is None and first_ms <= started < until_ms
    ]
    if not calls:
        return Pace(None, None)
    return Pace(median_low([duration for duration, _, _ in calls]), _output_per_second(calls))


def _before(connection: sa.Connection, until_ms: int, window: Window) -> int:
    """Return a ``seq`` that the window's rows lie below."""
    if window.end >= window.now:
        return AFTER_ALL
    last = (
        sa.select(requests.c.seq)
        .where(requests.c.started_ms < until_ms)
        .order_by(requests.c.started_ms.desc())
        .limit(_NEIGHBOURS)
        .subquery()
    )
    return (connection.execute(sa.select(sa.func.max(last.c.seq))).scalar() or 0) + 1


def _narrowed(connection: sa.Connection, before: int, only: Only) -> Rows:
    runs = heads(connection, state="complete", before=before, only=only, most=_RUNS)
    # Without the columns that say which run a row is of.
    return [row[RUN:] for row in beginnings(connection, runs, most=SAMPLE // max(len(runs), 1))]


def _of_all(connection: sa.Connection, before: int) -> Rows:
    return connection.execute(_OF_ALL, {"before": before}).all()


def _output_per_second(calls: Sequence[tuple[int, int, int]]) -> float | None:
    writing = [(output, duration - ttft) for duration, ttft, output in calls if output > 0]
    elapsed_ms = sum(max(duration, 0) for _, duration in writing)
    return round(sum(output for output, _ in writing) * 1000 / elapsed_ms, 1) if elapsed_ms else None


_OF_ALL = (
    sa.select(*(requests.c[name] for name in MEASURED))
    .where(requests.c.state == "complete", requests.c.seq < sa.bindparam("before"))
    .order_by(requests.c.seq.desc())
    .limit(SAMPLE)
)
