from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_shared import periods
from codevector_shared.periods import Window, between, edges, named
from codevector_shared.protocol import Granularity

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "America/Goose_Bay",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Africa/Casablanca",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Chatham",
    )
]
BERLIN = ZoneInfo("Europe/Berlin")

instants = st.integers(
    int(datetime(1995, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2035, 1, 1, tzinfo=UTC).timestamp())
)
zones = st.sampled_from(ZONES)


def at(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def second(text: str, zone: ZoneInfo) -> int:
    return int(at(text, zone).timestamp())


def local(moments: list[datetime], zone: ZoneInfo) -> list[str]:
    return [moment.astimezone(zone).strftime("%d %H:%M") for moment in moments]


def test_today_is_the_whole_calendar_day_of_the_zone() -> None:
    window = named("today", at("2026-03-29T15:00", BERLIN), BERLIN)
    assert window.period().start == "2026-03-29T00:00:00+01:00"
    assert window.period().end == "2026-03-30T00:00:00+02:00"
    assert window.period().timezone == "Europe/Berlin"


def test_seven_days_include_today() -> None:
    window = named("7d", at("2026-01-10T00:00", BERLIN), BERLIN)
    assert window.period().start == "2026-01-04T00:00:00+01:00"
    assert window.period().end == "2026-01-11T00:00:00+01:00"


def test_all_time_has_no_start_and_no_previous() -> None:
    window = named("all", at("2026-01-10T00:00", BERLIN), BERLIN)
    assert window.period().start is None
    assert window.previous() is None


def test_the_previous_period_is_the_span_elapsed_so_far_just_before() -> None:
    previous = named("today", at("2026-01-10T15:00", BERLIN), BERLIN).previous()
    assert previous is not None
    assert previous.period().start == "2026-01-09T09:00:00+01:00"
    assert previous.period().end == "2026-01-10T00:00:00+01:00"


def test_the_previous_of_a_past_window_has_its_whole_length() -> None:
    window = between(date(2026, 1, 5), date(2026, 1, 6), at("2026-01-10T15:00", BERLIN), BERLIN)
    previous = window.previous()
    assert previous is not None
    assert previous.period().start == "2026-01-03T00:00:00+01:00"


def test_a_window_in_the_future_has_an_empty_previous() -> None:
    window = between(date(2026, 2, 5), date(2026, 2, 6), at("2026-01-10T15:00", BERLIN), BERLIN)
    previous = window.previous()
    assert previous is not None
    assert previous.start == previous.end


def test_the_last_day_of_a_custom_window_is_included() -> None:
    window = between(date(2026, 1, 5), date(2026, 1, 5), at("2026-01-10T15:00", BERLIN), BERLIN)
    assert window.period().end == "2026-01-06T00:00:00+01:00"


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2026, 1, 6), date(2026, 1, 5)), (date.min, date(2026, 1, 5)), (date(2026, 1, 5), date.max)],
)
def test_days_out_of_order_or_out_of_reach_are_refused(first: date, last: date) -> None:
    with pytest.raises(ValueError, match="period"):
        between(first, last, at("2026-01-10T15:00", BERLIN), BERLIN)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_has_as_many_hours_as_the_clocks_give_it(day: str, hours: int) -> None:
    window = named("today", at(f"{day}T12:00", BERLIN), BERLIN)
    assert len(edges(window, "hour")) == hours + 1


def test_hours_in_half_hour_zones_begin_on_the_clock_face() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    assert periods.hour_start(second("2026-01-10T10:20", zone), zone) == second("2026-01-10T10:00", zone)
    assert local(edges(named("today", at("2026-01-10T12:00", zone), zone), "hour"), zone)[:2] == [
        "10 00:00",
        "10 01:00",
    ]


def test_clocks_that_move_by_half_an_hour_cut_one_hour_short() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    window = named("today", at("2026-04-05T12:00", zone), zone)
    assert local(edges(window, "hour"), zone)[:5] == ["05 00:00", "05 01:00", "05 01:30", "05 02:00", "05 03:00"]


def test_a_day_without_a_midnight_begins_when_the_clocks_jumped() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    assert periods.day_start(second("2018-11-04T10:00", zone), zone) == second("2018-11-04T01:00", zone)


def test_weeks_begin_on_mondays_and_months_on_the_first() -> None:
    window = between(date(2026, 1, 28), date(2026, 2, 10), at("2026-03-01T00:00", BERLIN), BERLIN)
    assert local(edges(window, "week"), BERLIN) == ["28 00:00", "02 00:00", "09 00:00", "11 00:00"]
    assert local(edges(window, "month"), BERLIN) == ["28 00:00", "01 00:00", "11 00:00"]


def test_a_date_that_a_zone_skipped_has_no_bar() -> None:
    zone = ZoneInfo("Pacific/Apia")
    window = between(date(2011, 12, 29), date(2011, 12, 31), at("2026-03-01T00:00", zone), zone)
    assert local(edges(window, "day"), zone) == ["29 00:00", "31 00:00", "01 00:00"]


def test_all_time_has_bars_once_it_has_a_start() -> None:
    window = named("all", at("2026-01-10T12:00", BERLIN), BERLIN)
    with pytest.raises(ValueError, match="first count"):
        edges(window, "day")
    assert len(edges(window.starting(at("2026-01-09T00:00", BERLIN)), "day")) == 3


def test_an_instant_is_shown_in_the_zone_with_milliseconds() -> None:
    assert periods.iso(1_767_225_599_007, BERLIN) == "2026-01-01T00:59:59.007+01:00"


@given(instants, zones)
def test_a_day_starts_with_its_date_and_holds_its_instant(instant: int, zone: ZoneInfo) -> None:
    start = periods.day_start(instant, zone)
    assert start <= instant < start + 26 * 3600
    day = datetime.fromtimestamp(start, zone).date()
    assert datetime.fromtimestamp(start - 1, zone).date() < day
    assert periods.calendar_day(instant, zone) == day


@given(instants, instants, zones)
def test_starts_never_go_back(one: int, two: int, zone: ZoneInfo) -> None:
    earlier, later = sorted((one, one + two % 200_000))
    for start in (periods.hour_start, periods.day_start, periods.month_start):
        assert start(earlier, zone) <= start(later, zone)
        assert start(start(later, zone), zone) == start(later, zone)


@given(instants, zones, st.sampled_from(["5m", "hour", "day", "week", "month"]), st.integers(0, 400_000))
def test_bars_cover_a_window_without_gap_or_overlap(
    instant: int, zone: ZoneInfo, granularity: Granularity, inside: int
) -> None:
    start = datetime.fromtimestamp(periods.day_start(instant, zone), UTC)
    window = Window("custom", start, start + timedelta(days=5, hours=3), zone, start)
    bars = [int(edge.timestamp()) for edge in edges(window, granularity)]
    assert bars == sorted(set(bars))
    assert (bars[0], bars[-1]) == (int(start.timestamp()), int(window.end.timestamp()))
    moment = bars[0] + inside
    named_start = {"5m": lambda s, _z: periods.bucket_start(s), "hour": periods.hour_start, "day": periods.day_start}
    if granularity in named_start and moment < bars[-1]:
        assert bars[bisect_right(bars, moment) - 1] == max(bars[0], named_start[granularity](moment, zone))


@given(instants, zones)
def test_every_change_of_the_clocks_is_found(instant: int, zone: ZoneInfo) -> None:
    last = instant + 400 * 86_400
    found = periods.offset_changes(instant, last, zone)
    for change in found:
        assert periods.utc_offset(change, zone) != periods.utc_offset(change - 1, zone)
    hours = range(instant, last, 6 * 3600)
    jumps = sum(periods.utc_offset(a, zone) != periods.utc_offset(a + 6 * 3600, zone) for a in hours[:-1])
    assert len(found) >= jumps
