"""When a key ends: a span from now (``90d``), a day (``2026-12-31``, that day included) or a moment with its offset."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from codevector_daemon.directory.checks import shown
from codevector_daemon.errors import DirectoryError

_SPAN: Final = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


def expires_ms(text: str, *, now_ms: int, zone: tzinfo) -> int:
    """Return the moment in milliseconds since 1970, UTC; days are cut in ``zone``. Raises DirectoryError."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    try:
        end = _moment(text.strip(), now, zone)
    except (ValueError, OverflowError) as bad:
        raise _refused(f"{shown(text)} is no moment in time") from bad
    if end <= now:
        raise _refused(f"{shown(text)} is not in the future")
    if end >= _LAST:
        raise _refused(f"{shown(text)} is too far away")
    return int(end.timestamp() * 1000)


def _moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    if (span := _SPAN.fullmatch(text)) is not None:
        return now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), zone)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment


def _refused(why: str) -> DirectoryError:
    return DirectoryError(
        "invalid_expiry",
        f"expires_at: {why}",
        "Give a span such as 90d, 12h or 2w, a day such as 2026-12-31, or a moment with its offset such as"
        " 2026-12-31T18:00:00+01:00.",
    )
