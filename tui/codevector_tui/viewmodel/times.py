"""Moments as the screen says them, in the ledger's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from codevector_shared.protocol import Granularity, Period

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = 7


def moment(text: str) -> datetime:
    """Read an ISO 8601 time with offset."""
    return datetime.fromisoformat(text)


def milliseconds(text: str) -> int:
    """Return an ISO 8601 time as milliseconds since 1970 UTC."""
    return round(moment(text).timestamp() * 1000)


def zone_of(name: str) -> ZoneInfo:
    """Return a zone by name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def at(now_ms: int, zone: ZoneInfo) -> datetime:
    """Return milliseconds since 1970 as a time in a zone."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)


def clock(text: str, zone: ZoneInfo) -> str:
    """Return the time of day with seconds."""
    return moment(text).astimezone(zone).strftime("%H:%M:%S")


def day(when: datetime) -> str:
    """Return a date as ``22 Nov``."""
    return f"{when.day} {MONTHS[when.month - 1]}"


def day_and_clock(text: str | None, zone: ZoneInfo) -> str:
    """Return a time as ``22 Nov 14:32``, a dash when there is none."""
    if text is None:
        return "–"  # noqa: RUF001 — a typographer's dash
    when = moment(text).astimezone(zone)
    return f"{day(when)} {when:%H:%M}"


def span(period: Period) -> str:
    """Return the days of a window as ``16 - 22 Nov``, one day as ``Sat 22 Nov``."""
    if period.start is None:
        return "all time"
    first, last = moment(period.start), moment(period.end) - timedelta(seconds=1)
    return _span(first, last)


def previous_span(period: Period) -> str:
    """Return the days of the window before, ``vs 9 - 15 Nov``; nothing for all time."""
    if period.start is None:
        return ""
    first, last = moment(period.start), moment(period.end) - timedelta(seconds=1)
    days = (last.date() - first.date()).days + 1
    return f"vs {_span(first - timedelta(days=days), first - timedelta(seconds=1))}"


def _span(first: datetime, last: datetime) -> str:
    if first.date() == last.date():
        return f"{DAYS[first.weekday()]} {day(first)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {day(last)}"  # noqa: RUF001 — from … to
    return f"{day(first)} – {day(last)}"  # noqa: RUF001 — from … to


def tick(start: str, granularity: Granularity, buckets: int) -> str:
    """Return what the time axis says under a bucket."""
    when = moment(start)
    if granularity in ("5m", "hour"):
        return f"{when:%H:%M}" if buckets <= 2 * 24 or when.hour else day(when)
    if granularity == "month":
        return MONTHS[when.month - 1]
    if granularity == "day" and buckets <= _WEEK:
        return DAYS[when.weekday()]
    return day(when)


def exact(start: str, end: str, granularity: Granularity) -> str:
    """Return a bucket's time in full, for the cursor."""
    first, last = moment(start), moment(end)
    if granularity in ("5m", "hour"):
        return f"{DAYS[first.weekday()]} {day(first)} {first:%H:%M}–{last:%H:%M}"  # noqa: RUF001 — from … to
    return _span(first, last - timedelta(seconds=1))
