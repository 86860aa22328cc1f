"""Ninety made-up days for the demo: the same for the same moment, zone and seed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from random import Random

from codevector_daemon.ledger.event import UsageEvent
from codevector_daemon.sandbox.sitting import Holder, Sitting
from codevector_daemon.sandbox.team import DEMO_KEYS, LAPTOP, MIRA, REVIEWS, DemoKey

DAYS = 90
SPIKE_DAYS_AGO = 24
_SPIKE = 3.2
_FIRST_DAY_SHARE = 0.55
"""How busy the team was at the beginning, compared with the end."""
_WEEKEND = 0.12
_SATURDAY = 5
_HOURS = (0, 0, 0, 0, 0, 0, 1, 3, 8, 14, 15, 13, 6, 11, 15, 14, 12, 9, 4, 2, 3, 3, 2, 1)
"""How likely a person sits down in each hour of the day."""
_ANY_HOUR = (1,) * 24
_LATEST_S = (600, 2400)
"""The last minutes are never empty, whatever the hour, so that the demo opens on a busy team."""
_HOUR_S = 3600


def history(
    now_ms: int, zone: tzinfo, holders: Mapping[str, Holder], *, days: int = DAYS, seed: int = 20
) -> Iterator[UsageEvent]:
    """Yield what the team did, in the order in which it was over, none of it after ``now_ms``.

    ``holders`` names the ids of every key in DEMO_KEYS by the key's name.
    """
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    spike = _workday(today - timedelta(days=SPIKE_DAYS_AGO))
    later: list[UsageEvent] = []
    for ago in range(days, -1, -1):
        day = today - timedelta(days=ago)
        team = 1 - (1 - _FIRST_DAY_SHARE) * ago / max(days, 1)
        for key in DEMO_KEYS:
            if ago not in key.away:
                busy = team * (_SPIKE if day == spike else 1)
                random = Random(f"{seed} {day} {key.name}")  # noqa: S311 - invented figures, no secret
                later += _one_day(random, key, holders[key.name], _midnight_ms(day, zone), _workload(key, day) * busy)
        end_ms = _midnight_ms(day + timedelta(days=1), zone)
        if ago == 0:
            later += _latest(Random(f"{seed} latest"), now_ms, holders)  # noqa: S311 - as above
            end_ms = now_ms + 1
        over = [event for event in later if event.finished_ms < end_ms]
        later = [event for event in later if event.finished_ms >= end_ms]
        yield from sorted(over, key=lambda event: event.finished_ms)


def _one_day(random: Random, key: DemoKey, holder: Holder, midnight_ms: int, sessions: float) -> Iterator[UsageEvent]:
    weights = _ANY_HOUR if key.round_the_clock else _HOURS
    for _ in range(_about(random, sessions)):
        hour = random.choices(range(24), weights)[0]
        start_ms = midnight_ms + int((hour + random.random()) * _HOUR_S * 1000)
        yield from Sitting(random, key, holder, start_ms).calls(max(1, _about(random, key.calls)))


def _latest(random: Random, now_ms: int, holders: Mapping[str, Holder]) -> Iterator[UsageEvent]:
    for key in (LAPTOP, MIRA, REVIEWS):
        start_ms = now_ms - random.randint(*_LATEST_S) * 1000
        yield from Sitting(random, key, holders[key.name], start_ms).calls(key.calls * 3)


def _workload(key: DemoKey, day: date) -> float:
    return key.sessions if key.round_the_clock or day.weekday() < _SATURDAY else key.sessions * _WEEKEND


def _about(random: Random, mean: float) -> int:
    """Return a whole number near the mean, right on average also below one."""
    wanted = mean * random.uniform(0.5, 1.5)
    return int(wanted) + (random.random() < wanted % 1)


def _workday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - _SATURDAY + 1))


def _midnight_ms(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000
