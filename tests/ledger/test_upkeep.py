"""Roll-ups and retention: whatever happens in whatever order, every window holds the naive sum over its events."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_daemon.ledger import Series, UsageEvent
from codevector_daemon.ledger.questions.reading import Books
from codevector_daemon.ledger.questions.usage import breakdown, total
from codevector_daemon.ledger.selection import Only
from codevector_daemon.ledger.state import BEGINNING, calendar_of, read_facts
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_shared.periods import DAY_S, Window, between, bucket_start, calendar_day
from codevector_shared.protocol import By
from support.ledgers import NOON_MS, an_event
from support.past import Past, past

NOON_S = NOON_MS // 1000
UTC_ZONE = ZoneInfo("UTC")
SHORT = Keep(requests=3, five_minutes=2, hours=5)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Past]:
    with past(tmp_path) as made:
        yield made


def rows(home: Past, tier: str) -> list[tuple[object, ...]]:
    return home.all(f"SELECT start, series_id, requests, spend_nano FROM {tier} ORDER BY 1, 2")


def window(zone: ZoneInfo, first: date, last: date, now_s: int = NOON_S) -> Window:
    return between(first, last, datetime.fromtimestamp(now_s, UTC), zone)


def used(home: Past, asked: Window) -> list[Tier]:
    with home.reading() as connection:
        return [stretch.tier for stretch in Books(connection).stretches(asked, None)]


def spent(home: Past, asked: Window, **only: object) -> int:
    with home.reading() as connection:
        return total(breakdown(Books(connection), asked, (), Only(**only)).values()).spend_nano  # type: ignore[typeddict-item]


def test_closed_hours_days_and_months_are_rolled_up_and_open_ones_are_not(home: Past) -> None:
    home.count([an_event("a", started_ms=NOON_MS - 40 * DAY_S * 1000), an_event("b"), an_event("c", spend_nano=5)])
    home.upkeep(NOON_S + 60)
    december, day = int(datetime(2025, 11, 1, tzinfo=UTC).timestamp()), NOON_S - 40 * DAY_S
    assert rows(home, "buckets_hour") == [(day, 1, 1, 1_000)]
    assert rows(home, "buckets_day") == [(day - 12 * 3600, 1, 1, 1_000)]
    assert rows(home, "buckets_month") == [(december, 1, 1, 1_000)]
    home.upkeep(NOON_S + 3600 + 20)
    assert rows(home, "buckets_hour")[1:] == [(NOON_S, 1, 2, 1_005)]
    assert rows(home, "buckets_day") == [(day - 12 * 3600, 1, 1, 1_000)]


def test_rolling_up_twice_changes_nothing(home: Past) -> None:
    home.count([an_event("a"), an_event("b")])
    home.upkeep(NOON_S + 90 * DAY_S)
    before = [rows(home, tier) for tier in ("buckets_hour", "buckets_day", "buckets_month", "margins")[:3]]
    home.upkeep(NOON_S + 90 * DAY_S)
    assert [rows(home, tier) for tier in ("buckets_hour", "buckets_day", "buckets_month")] == before
    assert home.all("SELECT * FROM marks") == []


def test_a_late_event_marks_its_bucket_and_the_next_run_recomputes(home: Past) -> None:
    home.count([an_event("a")])
    home.upkeep(NOON_S + 90 * DAY_S)
    home.count([an_event("b", spend_nano=7)])
    assert len(home.all("SELECT * FROM marks")) == 1
    assert spent(home, window(UTC_ZONE, date(2026, 1, 1), date(2026, 1, 31))) == 1_007
    home.upkeep(NOON_S + 90 * DAY_S)
    assert [row[3] for row in rows(home, "buckets_month")] == [1_007]
    assert home.all("SELECT * FROM marks") == []


def test_a_window_is_read_from_the_coarsest_tiers_that_fit(home: Past) -> None:
    home.count([an_event(f"e{n}", started_ms=NOON_MS - n * 3_600_000 * 7) for n in range(400)])
    home.upkeep(NOON_S + 1800)
    assert used(home, window(UTC_ZONE, date(2025, 9, 20), date(2026, 1, 9))) == [
        Tier.DAY,
        Tier.MONTH,
        Tier.DAY,
        Tier.HOUR,
        Tier.FIVE_MINUTES,
        Tier.HOUR,
    ]


def test_an_event_later_than_its_5_minute_bucket_is_kept_for_goes_into_the_finest_tier_there_is(home: Past) -> None:
    home.count([an_event("a")])
    for days, expected in ((3, Tier.HOUR), (30, Tier.DAY)):
        home.upkeep(NOON_S + days * DAY_S, SHORT)
        home.count([an_event(f"late {days}", spend_nano=days)])
        place = "buckets_5m", "buckets_hour", "buckets_day"
        assert [len(rows(home, tier)) for tier in place] == [int(tier >= expected) for tier in list(Tier)[:3]]
        assert spent(home, window(UTC_ZONE, date(2026, 1, 9), date(2026, 1, 9))) == 1_000 + sum({3, days})
        home.upkeep(NOON_S + days * DAY_S, SHORT)
    asked = window(UTC_ZONE, date(2026, 1, 1), date(2026, 1, 31))
    assert spent(home, asked) == 1_033 == spent(home, asked, user_id=1) == spent(home, asked, model="m", project="api")


def test_retention_deletes_nothing_that_is_not_rolled_up(home: Past) -> None:
    home.count([an_event("a"), an_event("b", started_ms=NOON_MS + DAY_S * 1000)])
    home.upkeep(NOON_S + 400 * DAY_S, SHORT, transactions=3)
    kept = len(rows(home, "buckets_5m"))
    home.upkeep(NOON_S + 400 * DAY_S, SHORT)
    assert (kept, rows(home, "buckets_5m"), rows(home, "buckets_hour")) == (2, [], [])
    assert [row[3] for row in rows(home, "buckets_day")] == [1_000, 1_000]
    assert home.all("SELECT count(*) FROM requests") == [(0,)]


# -- any order of things ----------------------------------------------------------------------------------------------

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Apia",
    "Pacific/Chatham",
]
AROUND_S = int(datetime(2025, 10, 26, tzinfo=UTC).timestamp())
SPAN_S = 12 * DAY_S

moments = st.integers(AROUND_S - SPAN_S, AROUND_S + SPAN_S)
series = st.builds(
    Series,
    user_id=st.integers(1, 2),
    key_id=st.integers(0, 2),
    project=st.sampled_from(["", "api"]),
    model=st.sampled_from(["m", "n"]),
)
events = st.builds(lambda at, whose, spend: (at, whose, spend), moments, series, st.integers(0, 1 << 50))
counting = st.tuples(st.just("count"), st.lists(events, min_size=1, max_size=6))
upkeeping = st.tuples(
    st.just("upkeep"),
    st.tuples(
        st.integers(AROUND_S - SPAN_S, AROUND_S + SPAN_S + 30 * DAY_S),
        st.sampled_from([Keep(), SHORT, Keep(5, 5, 5)]),
        st.none() | st.integers(1, 40),
    ),
)
moving = st.tuples(st.just("zone"), st.tuples(st.sampled_from(ZONES), moments))
histories = st.lists(counting | upkeeping, min_size=1, max_size=10)
travels = st.lists(counting | upkeeping | moving, min_size=1, max_size=10)


def play(home: Past, history: list[tuple[str, object]]) -> list[UsageEvent]:
    counted: list[UsageEvent] = []
    for what, how in history:
        if what == "count":
            made = [
                an_event(f"r{len(counted) + n}", started_ms=at * 1000, series=whose, spend_nano=spend)
                for n, (at, whose, spend) in enumerate(how)  # type: ignore[var-annotated, arg-type]
            ]
            home.count(made)
            counted += made
        elif what == "zone":
            home.set_zone(*how)  # type: ignore[misc]
        else:
            now_s, keep, transactions = how  # type: ignore[misc]
            home.upkeep(now_s, keep, transactions=transactions)
    return counted


FILTERS: list[tuple[Only, Callable[[Series], bool]]] = [
    (Only(), lambda _: True),
    (Only(user_id=1), lambda series: series.user_id == 1),
    (Only(model="m"), lambda series: series.model == "m"),
    (Only(user_id=2, project=""), lambda series: (series.user_id, series.project) == (2, "")),
    (Only(model="n", project="api"), lambda series: (series.model, series.project) == ("n", "api")),
]
VALUES: dict[By, Callable[[UsageEvent, date, ZoneInfo], object]] = {
    "day": lambda event, first, zone: (day_of(event, zone) - first).days,
    "model": lambda event, *_: event.series.model,
    "user": lambda event, *_: event.series.user_id,
    "key": lambda event, *_: event.series.key_id,
}


def day_of(event: UsageEvent, zone: ZoneInfo) -> date:
    return calendar_day(bucket_start(event.started_ms // 1000), zone)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), histories, st.integers(-14, 14), st.integers(0, 30))
def test_every_window_is_the_naive_sum_after_any_history(
    name: str, history: list[tuple[str, object]], offset: int, days: int
) -> None:
    zone = ZoneInfo(name)
    first = date(2025, 10, 26) + timedelta(days=offset)
    asked = window(zone, first, first + timedelta(days=days))
    with TemporaryDirectory() as folder, past(Path(folder), zone=name) as home:
        counted = play(home, history)
        inside = [event for event in counted if 0 <= (day_of(event, zone) - first).days <= days]
        for only, wanted in FILTERS:
            assert spent(home, asked, **only) == sum(e.spend_nano for e in inside if wanted(e.series))
        for by, value in VALUES.items():
            expected = Counter[object]()
            for event in inside:
                expected[value(event, first, zone)] += event.spend_nano
            with home.reading() as connection:
                found = breakdown(Books(connection), asked, (by,), Only())
            assert +Counter({key[0]: tally.spend_nano for key, tally in found.items()}) == +expected


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), travels, st.integers(-14, 14), st.integers(0, 30))
def test_after_a_change_of_zone_days_are_cut_anew_as_far_back_as_counts_allow(
    name: str, history: list[tuple[str, object]], offset: int, days: int
) -> None:
    with TemporaryDirectory() as folder, past(Path(folder), zone=name) as home:
        counted = play(home, history)
        home.upkeep(AROUND_S + SPAN_S + 30 * DAY_S)
        with home.reading() as connection:
            cut = calendar_of(read_facts(connection)).cuts[-1]
        everything = window(cut.zone, date(2025, 9, 1), date(2026, 1, 31))
        assert spent(home, everything) == sum(event.spend_nano for event in counted)
        first = date(2025, 10, 26) + timedelta(days=offset)
        if cut.since_s > BEGINNING:
            first = max(first, calendar_day(cut.since_s, cut.zone))
        last = first + timedelta(days=days)
        inside = [event for event in counted if first <= day_of(event, cut.zone) <= last]
        for only, wanted in FILTERS:
            expected = sum(event.spend_nano for event in inside if wanted(event.series))
            assert spent(home, window(cut.zone, first, last), **only) == expected
        assert home.all("SELECT * FROM marks WHERE tier < 2") == []


def test_sums_stay_at_the_largest_number_instead_of_failing(home: Past) -> None:
    huge = (1 << 62) - 1
    home.count([an_event(f"e{n}", spend_nano=huge, started_ms=NOON_MS + n * 300_000) for n in range(9)])
    asked = window(UTC_ZONE, date(2026, 1, 1), date(2026, 1, 31))
    with home.reading() as connection:
        found = breakdown(Books(connection), asked, ("model",), Only())
    assert found[("m",)].spend_nano == 1 << 62
    assert found[("m",)].requests == 9
    home.upkeep(NOON_S + 90 * DAY_S)
    assert rows(home, "buckets_month") == [(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), 1, 9, 1 << 62)]


def test_deleted_rows_give_their_space_back(home: Past) -> None:
    home.count([an_event(f"e{n}" * 20, started_ms=NOON_MS + n * 300_000) for n in range(6_000)])
    pages = int(str(home.all("PRAGMA page_count")[0][0]))
    home.upkeep(NOON_S + 800 * DAY_S, SHORT)
    assert int(str(home.all("PRAGMA page_count")[0][0])) < pages / 2


def test_what_is_remembered_of_closed_time_is_forgotten_when_it_changes(home: Past) -> None:
    asked = window(UTC_ZONE, date(2026, 1, 1), date(2026, 1, 31))
    home.count([an_event("a")])
    home.upkeep(NOON_S + 90 * DAY_S)
    assert [spent(home, asked) for _ in range(2)] == [1_000, 1_000]
    home.count([an_event("b", spend_nano=7)])
    assert spent(home, asked) == 1_007
    home.upkeep(NOON_S + 90 * DAY_S)
    assert spent(home, asked) == 1_007
    home.upkeep(NOON_S + 90 * DAY_S, SHORT)
    home.count([an_event("c", spend_nano=11)])
    assert spent(home, asked) == 1_018


def test_days_that_keep_the_cut_of_a_former_zone_say_so(home: Past) -> None:
    home.count([an_event(f"e{n}", started_ms=NOON_MS - n * DAY_S * 1000) for n in range(30)])
    home.upkeep(NOON_S + DAY_S, Keep(requests=90, five_minutes=4, hours=90))
    home.set_zone("Asia/Kolkata", NOON_S + DAY_S)
    zone = ZoneInfo("Asia/Kolkata")
    with home.reading() as connection:
        books = Books(connection)
        older = books.period(window(zone, date(2025, 12, 20), date(2026, 1, 9)))
        newer = books.period(window(zone, date(2026, 1, 8), date(2026, 1, 9)))
    assert (older.recut_since, older.older_timezone) == ("2026-01-07T00:00:00.000+05:30", "UTC")
    assert (newer.recut_since, newer.older_timezone) == (None, None)
