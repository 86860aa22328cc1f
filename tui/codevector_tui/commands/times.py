"""Moments and windows of time as people read them."""

import time
from datetime import datetime, timedelta

from codevector_shared.protocol import Period

_NAMES = {
    "today": "Today",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "all": "All time",
    "custom": "",
}


def now_ms() -> int:
    """Return the time in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def short(moment: str) -> str:
    """Return an ISO 8601 moment to the second, in the zone it is told in."""
    return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M:%S")


def window(period: Period) -> str:
    """Return a window's name and days, the last one included: ``Last 7 days, 2026-03-01 to 2026-03-07 (UTC)``."""
    last = datetime.fromisoformat(period.end) - timedelta(microseconds=1)
    days = f"to {last:%Y-%m-%d}"
    if period.start is not None:
        first = f"{datetime.fromisoformat(period.start):%Y-%m-%d}"
        days = first if first == f"{last:%Y-%m-%d}" else f"{first} {days}"
    return ", ".join(part for part in (_NAMES[period.name], days) if part) + f" ({period.timezone})"
