"""Windows of time and the edges of bars, cut in a time zone.

Instants are seconds since 1970, UTC, unless they are named ``_ms``. A day begins at the first instant that the zone
calls by its date, whatever the clocks do around midnight. Hours are those of the zone's clock face, so that in India
they begin at half past the hour of UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from codevector_shared.protocol import Granularity, Period, PeriodName

BUCKET_S = 300
"""The finest unit that counts are kept in."""

HOUR_S = 3600
DAY_S = 86_400

_DAYS: dict[PeriodName, int] = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: ``start`` is None for all time, ``end`` is exclusive, ``now`` is when it was asked for."""

    name: PeriodName
    start: datetime | None
    end: datetime
    zone: ZoneInfo
    now: datetime

    @property
    def elapsed_until(self) -> datetime:
        """The end of what can have counts: now, for a window that reaches into the future."""
        return min(self.end, max(self.now, self.start or self.now))

    def previous(self) -> "Window | None":
        """Return the same elapsed span just before this one; None for all time."""
        if self.start is None:
            return None
        span = self.elapsed_until - self.start
        return Window("custom", self.start - span, self.start, self.zone, self.now)

    def starting(self, at: datetime) -> "Window":
        """Return this window with a start: what all time becomes once the first count is known."""
        return replace(self, start=at.astimezone(UTC))

    def period(self) -> Period:
        """Return the window as the control API shows it."""
        start = None if self.start is None else self.start.astimezone(self.zone).isoformat()
        return Period(self.name, start, self.end.astimezone(self.zone).isoformat(), self.zone.key)


def named(name: PeriodName, now: datetime, zone: ZoneInfo) -> Window:
    """Return a period of whole calendar days in the zone, today included."""
    today = now.astimezone(zone).date()
    end = _midnight(today + _ONE_DAY, zone)
    if name == "all":
        return Window(name, None, end, zone, now.astimezone(UTC))
    if name not in _DAYS:
        raise ValueError(f"{name!r} is no period of its own: give its first and last day")
    start = _midnight(today - timedelta(days=_DAYS[name] - 1), zone)
    return Window(name, start, end, zone, now.astimezone(UTC))


def between(first: date, last: date, now: datetime, zone: ZoneInfo) -> Window:
    """Return the window from the start of ``first`` to the end of ``last``; ValueError when they are out of order."""
    if last < first:
        raise ValueError(f"the period ends ({last}) before it starts ({first})")
    if not date(1970, 1, 2) <= first or not last <= date(9990, 1, 1):
        raise ValueError("the period lies outside of the years 1970 to 9990")
    return Window("custom", _midnight(first, zone), _midnight(last + _ONE_DAY, zone), zone, now.astimezone(UTC))


def edges(window: Window, granularity: Granularity) -> list[datetime]:
    """Return where the bars of a chart begin, and last where the last one ends; weeks begin on Mondays.

    Bars at the window's borders may be shorter than the others. ValueError for all time: give it a start first.
    """
    if window.start is None:
        raise ValueError("all time has no bars before its first count is known")
    first, last = int(window.start.timestamp()), int(window.end.timestamp())
    inner = (at for at in _cuts(first, last, window.zone, granularity) if first < at < last)
    return [datetime.fromtimestamp(at, UTC) for at in [first, *sorted(set(inner)), last]]


def bucket_start(at_s: int) -> int:
    """Return the start of the 5-minute bucket that an instant falls into."""
    return at_s - at_s % BUCKET_S


def hour_start(at_s: int, zone: ZoneInfo) -> int:
    """Return the start of the zone's clock hour that an instant falls into."""
    floor = at_s - (at_s + utc_offset(at_s, zone)) % HOUR_S
    # Clocks that move by half an hour cut an hour short: what follows is an hour of its own.
    return floor if utc_offset(floor, zone) == utc_offset(at_s, zone) else _change(floor, at_s, zone)


def day_start(at_s: int, zone: ZoneInfo) -> int:
    """Return the start of the calendar day that an instant falls into."""
    day = _local(at_s, zone).date()
    following = int(_midnight(day + _ONE_DAY, zone).timestamp())
    # Where clocks go back across midnight, an instant may be called by a date that ended before it.
    return following if at_s >= following else int(_midnight(day, zone).timestamp())


def month_start(at_s: int, zone: ZoneInfo) -> int:
    """Return the start of the calendar month that an instant falls into."""
    first = calendar_day(at_s, zone).replace(day=1)
    return int(_midnight(first, zone).timestamp())


def hour_end(at_s: int, zone: ZoneInfo) -> int:
    """Return the end of the clock hour that an instant falls into: the next face hour, or where clocks are changed."""
    face = at_s - (at_s + utc_offset(at_s, zone)) % HOUR_S + HOUR_S
    return face if utc_offset(face - 1, zone) == utc_offset(at_s, zone) else _change(at_s, face - 1, zone)


def day_end(at_s: int, zone: ZoneInfo) -> int:
    """Return the end of the calendar day that an instant falls into: the start of the next."""
    start, day = day_start(at_s, zone), calendar_day(at_s, zone)
    following = start
    while following <= start:
        # A date that the zone never had (Samoa skipped one) begins with the one after it.
        day += _ONE_DAY
        following = int(_midnight(day, zone).timestamp())
    return following


def month_end(at_s: int, zone: ZoneInfo) -> int:
    """Return the end of the calendar month that an instant falls into: the start of the next."""
    first = calendar_day(at_s, zone).replace(day=1)
    return int(_midnight((first + timedelta(days=32)).replace(day=1), zone).timestamp())


def calendar_day(at_s: int, zone: ZoneInfo) -> date:
    """Return the date of the calendar day that an instant falls into."""
    return _local(day_start(at_s, zone), zone).date()


def utc_offset(at_s: int, zone: ZoneInfo) -> int:
    """Return by how many seconds the zone's clocks are ahead of UTC at an instant."""
    offset = _local(at_s, zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def offset_changes(first_s: int, last_s: int, zone: ZoneInfo) -> list[int]:
    """Return the instants within a stretch at which the zone's clocks are changed."""
    changes: list[int] = []
    at, offset = first_s, utc_offset(first_s, zone)
    while at < last_s:
        later = min(at + DAY_S, last_s)
        if utc_offset(later, zone) != offset:
            later = _change(at, later, zone)
            offset = utc_offset(later, zone)
            if later < last_s:
                changes.append(later)
        at = later
    return changes


def iso(at_ms: int, zone: ZoneInfo) -> str:
    """Return an instant as ISO 8601 in the zone, with milliseconds and offset."""
    seconds, milliseconds = divmod(at_ms, 1000)
    return (_local(seconds, zone) + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")


def _local(at_s: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_s, zone)


@lru_cache(maxsize=4096)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a date, in UTC, where instants can be subtracted and compared.

    Within a gap Python reads a wall time with the offset before it, which is the instant the clocks were changed: the
    first one of the day; of an ambiguous midnight it takes the earlier one.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _change(before_s: int, after_s: int, zone: ZoneInfo) -> int:
    """Find the instant at which the offset changes between two that differ."""
    offset = utc_offset(before_s, zone)
    while after_s - before_s > 1:
        middle = (before_s + after_s) // 2
        if utc_offset(middle, zone) == offset:
            before_s = middle
        else:
            after_s = middle
    return after_s


def _cuts(first: int, last: int, zone: ZoneInfo, granularity: Granularity) -> Iterator[int]:
    if granularity == "5m":
        yield from range(bucket_start(first), last, BUCKET_S)
    elif granularity == "hour":
        yield from _hours(first, last, zone)
    else:
        for day in _dates(first, last, zone):
            if granularity == "day" or (day.weekday() == 0 if granularity == "week" else day.day == 1):
                yield int(_midnight(day, zone).timestamp())


def _hours(first: int, last: int, zone: ZoneInfo) -> Iterator[int]:
    """Yield every start of a clock hour; where clocks move by half an hour, the rhythm moves with them."""
    changes = offset_changes(first, last, zone)
    for since, until in zip([first, *changes], [*changes, last], strict=True):
        face = since - (since + utc_offset(since, zone)) % HOUR_S
        yield from (max(at, since) for at in range(face, until, HOUR_S))


def _dates(first: int, last: int, zone: ZoneInfo) -> Iterator[date]:
    day, end = calendar_day(first, zone), calendar_day(last, zone)
    while day <= end:
        yield day
        day += _ONE_DAY
