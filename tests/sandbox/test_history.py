"""The demo's past."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from codevector_daemon.ledger.event import UsageEvent
from codevector_daemon.sandbox.history import history
from codevector_daemon.sandbox.sitting import Holder
from codevector_daemon.sandbox.team import DEMO_KEYS, DEMO_MODELS, DEMO_USERS

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 19, 15, 20, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOLDERS = {
    key.name: Holder(user_id=1 if key.user is None else 2, key_id=number) for number, key in enumerate(DEMO_KEYS, 10)
}


@pytest.fixture(scope="module")
def events() -> list[UsageEvent]:
    return list(history(NOW_MS, ZONE, HOLDERS))


def by_day(events: list[UsageEvent]) -> dict[date, list[UsageEvent]]:
    days = defaultdict(list)
    for event in events:
        days[datetime.fromtimestamp(event.started_ms / 1000, ZONE).date()].append(event)
    return days


def test_the_same_moment_has_the_same_past_and_another_seed_another(events: list[UsageEvent]) -> None:
    assert list(history(NOW_MS, ZONE, HOLDERS)) == events
    assert list(history(NOW_MS, ZONE, HOLDERS, seed=21)) != events


def test_it_is_in_order_and_ends_now(events: list[UsageEvent]) -> None:
    ends = [event.finished_ms for event in events]
    assert ends == sorted(ends)
    assert NOW_MS - 10 * 60_000 < ends[-1] <= NOW_MS
    assert all(event.started_ms <= event.finished_ms for event in events)
    assert len({event.id for event in events}) == len(events)


@pytest.mark.parametrize("hour", [0, 3, 12, 23])
def test_the_last_hour_is_busy_at_any_hour(hour: int) -> None:
    now_ms = int(datetime(2026, 11, 22, hour, 1, tzinfo=ZONE).timestamp() * 1000)
    latest = [event for event in history(now_ms, ZONE, HOLDERS, days=1) if event.finished_ms > now_ms - 3_600_000]
    assert len(latest) > 15


def test_it_covers_ninety_days_of_every_key_and_model(events: list[UsageEvent]) -> None:
    days = by_day(events)
    assert set(days) >= {NOW.date() - timedelta(days=ago) for ago in range(91)}
    assert {event.series.key_id for event in events} == {holder.key_id for holder in HOLDERS.values()}
    assert {event.series.model for event in events} == {model.name for model in DEMO_MODELS}
    assert 10_000 < len(events) < 30_000


def test_working_days_are_busy_and_weekends_are_not(events: list[UsageEvent]) -> None:
    days = by_day(events)
    work = [len(each) for day, each in days.items() if day.weekday() < 5]
    weekend = [len(each) for day, each in days.items() if day.weekday() >= 5]
    assert sum(weekend) / len(weekend) < 0.5 * sum(work) / len(work)


@pytest.mark.parametrize(
    ("today", "spike"), [(date(2026, 11, 19), date(2026, 10, 26)), (date(2026, 11, 18), date(2026, 10, 23))]
)
def test_one_working_day_stands_out(today: date, spike: date) -> None:
    now_ms = int(datetime(today.year, today.month, today.day, 12, tzinfo=ZONE).timestamp() * 1000)
    days = by_day(list(history(now_ms, ZONE, HOLDERS)))
    (first, most), (_, second) = Counter({day: len(each) for day, each in days.items()}).most_common(2)
    assert first == spike
    assert most > 1.5 * second


def test_people_work_by_day_and_robots_round_the_clock(events: list[UsageEvent]) -> None:
    robots = {HOLDERS[key.name].key_id for key in DEMO_KEYS if key.round_the_clock}
    hours: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for event in events:
        hours[event.series.key_id in robots][datetime.fromtimestamp(event.started_ms / 1000, ZONE).hour] += 1
    assert hours[False][10] > 20 * hours[False][4]
    assert min(hours[True][hour] for hour in range(24)) > 0


def test_a_holiday_is_empty(events: list[UsageEvent]) -> None:
    jonas = next(key for key in DEMO_KEYS if key.name == "jonas-desk")
    mine = [event for event in events if event.series.key_id == HOLDERS[jonas.name].key_id]
    ago = {(NOW.date() - day).days for day in by_day(mine)}
    assert not ago & set(list(jonas.away)[:-1])
    assert ago & set(range(jonas.away.stop, jonas.away.stop + 5))


def test_counts_and_money_fit_each_other(events: list[UsageEvent]) -> None:
    models = {model.name: model for model in DEMO_MODELS}
    for event in events:
        assert event.spend_nano == models[event.series.model].spend_nano(event.counts)
        assert event.counts.reasoning <= event.counts.output
        used = event.counts.input > 0
        assert used == (event.state in {"complete", "client_left", "interrupted"})
        assert used == (event.usage_source != "none")
        assert used == (event.price_basis is not None)
        assert min(event.counts.uncached_input, event.counts.cache_read, event.counts.output) >= 0


def test_a_known_rate_gives_a_known_amount() -> None:
    opus = DEMO_MODELS[0]
    event = next(event for event in history(NOW_MS, ZONE, HOLDERS, days=3) if event.series.model == opus.name)
    counts = event.counts
    assert event.spend_nano == (
        counts.uncached_input * 5_000
        + counts.cache_read * 500
        + counts.cache_write_5m * 6_250
        + counts.cache_write_1h * 10_000
        + counts.output * 25_000
    )


def test_some_calls_fail_are_repeated_or_left(events: list[UsageEvent]) -> None:
    states = Counter(event.state for event in events)
    assert set(states) == {"complete", "upstream_failed", "client_left", "rejected", "interrupted"}
    assert 0.9 < states["complete"] / len(events) < 0.99
    names = {event.id: event for event in events}
    earlier = [event for event in events if event.parent_id is not None]
    assert earlier
    assert all(names[event.parent_id or ""].attempt == 2 for event in earlier if event.parent_id in names)


def test_most_input_comes_from_a_cache(events: list[UsageEvent]) -> None:
    assert 0.6 < sum(event.counts.cache_read for event in events) / sum(event.counts.input for event in events) < 0.95


def test_the_team_has_users_beside_the_owner() -> None:
    assert len(DEMO_USERS) >= 4
    assert sum(key.user is None for key in DEMO_KEYS) >= 1
    assert len({key.name for key in DEMO_KEYS}) == len(DEMO_KEYS)
