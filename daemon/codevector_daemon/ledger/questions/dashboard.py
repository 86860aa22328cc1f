"""Everything the dashboard draws, read in one consistent moment."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from codevector_daemon.ledger.questions.listing import read_requests
from codevector_daemon.ledger.questions.pace import read_pace
from codevector_daemon.ledger.questions.reading import Books, Slot
from codevector_daemon.ledger.questions.tally import Tally
from codevector_daemon.ledger.questions.usage import breakdown, previous_totals, rows
from codevector_daemon.ledger.selection import Only
from codevector_shared.money import usd
from codevector_shared.periods import Window, edges, iso, month_start
from codevector_shared.protocol import Bucket, Dashboard, Granularity, Totals

_TOP = 8
_LATEST = 20
_SLOTS: dict[Granularity, Slot] = {"5m": "5m", "hour": "hour", "day": "day", "week": "day", "month": "month"}
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def read_dashboard(connection: sa.Connection, window: Window, granularity: Granularity, only: Only) -> Dashboard:
    """Return the whole dashboard of a window."""
    books = Books(connection)
    counted = books.beginning(window)
    buckets, total = _buckets(books, counted, granularity, only)
    pace = read_pace(connection, counted, only)
    return Dashboard(
        period=books.period(counted),
        granularity=granularity,
        totals=Totals(**total.shown()),
        previous=previous_totals(books, window, only),
        buckets=buckets,
        models=rows(connection, counted, ("model",), breakdown(books, counted, ("model",), only), _TOP),
        projects=rows(connection, counted, ("project",), breakdown(books, counted, ("project",), only), _TOP),
        latest=read_requests(connection, window.zone, last=_LATEST, before=None, state=None, only=only),
        p50_ms=pace.p50_ms,
        output_tokens_per_s=pace.output_tokens_per_s,
        spend_usd_per_hour=usd(_spend(books, window, window.now - _HOUR, window.now, only)),
        month_end_usd=_month_end(books, window, only),
    )


def _buckets(books: Books, window: Window, granularity: Granularity, only: Only) -> tuple[list[Bucket], Tally]:
    """Return every bar of the chart, empty ones too, and the sum of all."""
    total = Tally()
    if window.start is None:
        return [], total
    bars = [int(edge.timestamp()) for edge in edges(window, granularity)]
    tallies = [Tally() for _ in bars[:-1]]
    for found in books.sums(window, (), _SLOTS[granularity], only):
        tallies[max(bisect_right(bars, found.at_s) - 1, 0)].add(found.amounts)
        total.add(found.amounts)
    return [
        Bucket(start=iso(start * 1000, window.zone), end=iso(end * 1000, window.zone), **tally.shown())
        for start, end, tally in zip(bars[:-1], bars[1:], tallies, strict=True)
    ], total


def _spend(books: Books, window: Window, start: datetime, end: datetime, only: Only) -> int:
    span = Window("custom", start, end, window.zone, window.now)
    return sum(tally.spend_nano for tally in breakdown(books, span, (), only).values())


def _month_end(books: Books, window: Window, only: Only) -> str | None:
    """Return what the month will have cost if it goes on like the last seven days; None before the first count.

    Where counts are younger than seven days their own span is the measure, but never less than one day.
    """
    ever = books.beginning(Window("all", None, window.now, window.zone, window.now))
    if ever.start is None:
        return None
    now = window.now
    month = datetime.fromtimestamp(month_start(int(now.timestamp()), window.zone), UTC)
    following = datetime.fromtimestamp(month_start(int((month + 32 * _DAY).timestamp()), window.zone), UTC)
    measured = max(min(now - ever.start, _WEEK), _DAY)
    recent = _spend(books, window, now - measured, now, only)
    ahead = recent * int((following - now).total_seconds()) // int(measured.total_seconds())
    return usd(_spend(books, window, month, now, only) + ahead)
