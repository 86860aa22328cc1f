"""What nobody may overlook: counts that are not in the database, and what happened to it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from codevector_shared.formats import clean, whole
from codevector_shared.protocol import Period, Status
from codevector_tui.viewmodel.spans import Row, Span, fit, width_of, wrapped
from codevector_tui.viewmodel.times import day, day_and_clock, milliseconds, moment

RECOVERED_SHOWN_MS = 7 * 24 * 3600 * 1000
"""How long a replaced database is spoken of where nobody acknowledges it."""
_MOST_LINES, _FEW_LINES = 4, 3
_LOW = 34
"""Rows of a screen below which alarms leave more of it to what they stand above."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing to say at the top of every screen; ``identity`` is what is acknowledged, empty where it cannot be."""

    title: str
    text: str
    identity: str = ""
    loud: bool = True


def alarms(
    status: Status, period: Period | None, seen: Collection[str], now_ms: int, zone: ZoneInfo
) -> tuple[Alarm, ...]:
    """Return what is to be said now; ``period`` is the one on screen, ``seen`` what was acknowledged."""
    found = (
        *_spooling(status),
        *_recovered(status, now_ms, zone),
        *_damaged(status),
        *_folded(status),
        *_recut(period),
    )
    return tuple(alarm for alarm in found if alarm.identity not in seen or not alarm.identity)


def _spooling(status: Status) -> Iterable[Alarm]:
    if not status.degraded:
        return
    waiting = f"{whole(status.spooled_events)} finished call{'s' * (status.spooled_events != 1)}"
    if status.trouble is None:
        yield Alarm("COUNTING AFTER A FAILURE", f"{waiting} from the spool are still being counted.")
    else:
        safe = f"Calls go on; {waiting} wait safely in the spool and are not in the figures yet."
        yield Alarm("DATABASE NOT WRITTEN", f"{clean(status.trouble, 300)}. {safe}")


def _recovered(status: Status, now_ms: int, zone: ZoneInfo) -> Iterable[Alarm]:
    if status.recovered is None:
        return
    at = status.recovered_at
    if at is None or now_ms - milliseconds(at) < RECOVERED_SHOWN_MS:
        when = f" {day_and_clock(at, zone)}" if at is not None else ""
        yield Alarm(f"DATABASE REPLACED{when}", f"{clean(status.recovered, 400)}.", f"recovered {at}")


def _damaged(status: Status) -> Iterable[Alarm]:
    if status.damaged_spool_files:
        files = f"{whole(status.damaged_spool_files)} file{'s' * (status.damaged_spool_files != 1)}"
        text = (
            f"{files} of the spool could not be read in full, so some calls may be missing: codevector doctor --ledger"
        )
        yield Alarm("SPOOL DAMAGED", text, f"spool {status.damaged_spool_files}")


def _folded(status: Status) -> Iterable[Alarm]:
    if status.folded_names:
        text = f"{whole(status.folded_names)} names are counted as other, because their day had too many."
        yield Alarm("Names folded", text, "folded", loud=False)


def _recut(period: Period | None) -> Iterable[Alarm]:
    """Say that older days of the period on screen were cut in another zone."""
    if period is not None and period.recut_since is not None:
        since = moment(period.recut_since)
        text = f"those before {day(since)} {since.year} keep the midnight of {clean(period.older_timezone or '?', 60)}."
        yield Alarm("Days", text, f"recut {period.recut_since}", loud=False)


def alarm_rows(found: Sequence[Alarm], width: int, height: int) -> tuple[Row, ...]:
    """Return the alarms as rows of exactly ``width`` cells: loud ones on a ground of their own."""
    most = _FEW_LINES if height < _LOW else _MOST_LINES
    return tuple(row for alarm in found for row in _rows(alarm, width, most))


def _rows(alarm: Alarm, width: int, most: int) -> Iterable[Row]:
    title = f"{'!' if alarm.loud else '·'} {alarm.title}: "
    away = "a hides this " if alarm.identity else ""
    lines = [f" {line}" for line in wrapped(f"{title}{alarm.text}", width - 2, "  ")]
    if len(lines) > most:
        lines = [*lines[: most - 1], fit(" ".join(lines[most - 1 :]), width - len(away) - 2)]
    tone = "alarm" if alarm.loud else "warn"
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        if last and width_of((Span(line),)) + len(away) <= width:
            yield (Span(fit(line, width - len(away)), tone), Span(away, tone, "app.acknowledge"))
        else:
            yield (Span(fit(line, width), tone),)
            if last and away:
                yield (Span(fit(away, width, "right"), tone, "app.acknowledge"),)
