"""Everything the dashboard draws, read in one consistent moment."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median_low

import sqlalchemy as sa

from codevector_daemon.ledger.listing import read_requests
from codevector_daemon.ledger.reading import Slot, beginning, sums
from codevector_daemon.ledger.selection import Only, conditions
from codevector_daemon.ledger.tally import Tally
from codevector_daemon.ledger.usage import breakdown, previous_totals, rows
from codevector_daemon.store.schema import requests, series
from codevector_shared.money import usd
from codevector_shared.periods import Window, edges, iso, month_start
from codevector_shared.protocol import Bucket, Dashboard, Granularity, Totals

_TOP = 8
_LATEST = 20
_SAMPLE = 1_000
"""Complete calls that the median duration is taken from: the latest of the window."""

_SLOTS: dict[Granularity, Slot] = {"5m": "5m", "hour": "hour", "day": "day", "week": "day", "month": "day"}
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast calls were answered: the median duration, and output tokens per second between first and last byte."""

    p50_ms: int | None
    output_tokens_per_s: float | None


def read_dashboard(connection: sa.Connection, window: Window, granularity: Granularity, only: Only) -> Dashboard:
    """Return the whole dashboard of a window."""
    counted = beginning(connection, window)
    buckets, total = _buckets(connection, counted, granularity, only)
    pace = _pace(connection, counted, only)
    return Dashboard(
        period=counted.period(),
        granularity=granularity,
        totals=Totals(**total.shown()),
        previous=previous_totals(connection, window, only),
        buckets=buckets,
        models=rows(connection, counted, ("model",), breakdown(connection, counted, ("model",), only), _TOP),
        projects=rows(connection, counted, ("project",), breakdown(connection, counted, ("project",), only), _TOP),
        latest=read_requests(connection, window.zone, last=_LATEST, before=None, state=None, only=only),
        p50_ms=pace.p50_ms,
        output_tokens_per_s=pace.output_tokens_per_s,
        spend_usd_per_hour=usd(_spend(connection, window, window.now - _HOUR, window.now, only)),
        month_end_usd=_month_end(connection, window, only),
    )


def _buckets(
    connection: sa.Connection, window: Window, granularity: Granularity, only: Only
) -> tuple[list[Bucket], Tally]:
    """Return every bar of the chart, empty ones too, and the sum of all."""
    total = Tally()
    if window.start is None:
        return [], total
    bars = [int(edge.timestamp()) for edge in edges(window, granularity)]
    tallies = [Tally() for _ in bars[:-1]]
    for found in sums(connection, window, (), _SLOTS[granularity], only):
        tallies[max(bisect_right(bars, found.at_s) - 1, 0)].add(found.amounts)
        total.add(found.amounts)
    return [
        Bucket(start=iso(start * 1000, window.zone), end=iso(end * 1000, window.zone), **tally.shown())
        for start, end, tally in zip(bars[:-1], bars[1:], tallies, strict=True)
    ], total


def _pace(connection: sa.Connection, window: Window, only: Only) -> Pace:
    if window.start is None:
        return Pace(None, None)
    first, until = (int(moment.timestamp() * 1000) for moment in (window.start, window.end))
    query = (
        sa.select(requests.c.duration_ms, requests.c.ttft_ms, requests.c.output)
        .where(
            requests.c.state == "complete",
            requests.c.parent_id.is_(None),
            requests.c.started_ms >= first,
            requests.c.started_ms < until,
        )
        .order_by(requests.c.started_ms.desc())
        .limit(_SAMPLE)
    )
    narrowed = conditions(only)
    if narrowed:
        query = query.join(series, requests.c.series_id == series.c.id).where(*narrowed)
    calls = connection.execute(query).all()
    if not calls:
        return Pace(None, None)
    return Pace(median_low([call.duration_ms for call in calls]), _output_per_second(calls))


def _output_per_second(calls: Sequence[sa.Row[int, int | None, int]]) -> float | None:
    writing = [(output, duration - (ttft or 0)) for duration, ttft, output in calls if output > 0]
    elapsed_ms = sum(max(duration, 0) for _, duration in writing)
    return round(sum(output for output, _ in writing) * 1000 / elapsed_ms, 1) if elapsed_ms else None


def _spend(connection: sa.Connection, window: Window, start: datetime, end: datetime, only: Only) -> int:
    span = Window("custom", start, end, window.zone, window.now)
    return sum(tally.spend_nano for tally in breakdown(connection, span, (), only).values())


def _month_end(connection: sa.Connection, window: Window, only: Only) -> str | None:
    """Return what the month will have cost if it goes on like the last seven days; None before the first count.

    Where counts are younger than seven days their own span is the measure, but never less than one day.
    """
    ever = beginning(connection, Window("all", None, window.now, window.zone, window.now))
    if ever.start is None:
        return None
    now = window.now
    month = datetime.fromtimestamp(month_start(int(now.timestamp()), window.zone), UTC)
    following = datetime.fromtimestamp(month_start(int((month + 32 * _DAY).timestamp()), window.zone), UTC)
    measured = max(min(now - ever.start, _WEEK), _DAY)
    recent = _spend(connection, window, now - measured, now, only)
    ahead = recent * int((following - now).total_seconds()) // int(measured.total_seconds())
    return usd(_spend(connection, window, month, now, only) + ahead)
