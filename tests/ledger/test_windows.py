"""What is read back, held against a naive sum over the events."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_daemon.ledger import Series, UsageEvent
from codevector_daemon.ledger.entries import Settle
from codevector_daemon.ledger.questions import windows
from codevector_daemon.ledger.writing.connection import WriterConnection
from codevector_daemon.ledger.writing.posting import Posting, SeriesIds
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.store.engine import Store
from codevector_shared.money import usd
from codevector_shared.periods import Window, between, calendar_day, hour_start, named
from codevector_shared.protocol import UsageRow
from support.ledgers import ANA, NOON_MS, a_note, an_event, home, make_people

UTC_ZONE = ZoneInfo("UTC")
NOON = datetime.fromtimestamp(NOON_MS / 1000, UTC)
BEN = msgspec.structs.replace(ANA, user_id=2, key_id=2, project="")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@asynccontextmanager
async def holding(folder: Path, events: Iterable[UsageEvent]) -> AsyncIterator[Store]:
    """Open a store that has counted these events."""
    store = await Store.open(f"sqlite:///{folder}/codevector.db", patience_s=1)
    await make_people(store)
    connection = WriterConnection(store.path, durability="process", patience_s=1)
    with connection.transaction() as transaction:
        Posting(transaction, SeriesIds(), "node").all([Settle(event) for event in events])
    connection.close()
    try:
        yield store
    finally:
        await store.close()


def today(zone: ZoneInfo = UTC_ZONE) -> Window:
    return named("today", NOON, zone)


def shown(rows: list[UsageRow], *names: str) -> list[tuple[object, ...]]:
    return [tuple(getattr(row, name) for name in names) for row in rows]


async def test_totals_count_what_the_window_holds(tmp_path: Path) -> None:
    events = [
        an_event("a"),
        an_event("b", state="interrupted", usage_source="estimated", own_login=True, price_basis="default"),
        an_event("before", started_ms=NOON_MS - 13 * HOUR_MS),
        an_event("after", started_ms=NOON_MS + 12 * HOUR_MS),
    ]
    async with holding(tmp_path, events) as store:
        found = await windows.usage(store, today())
    assert msgspec.to_builtins(found.totals) == {
        "requests": 2,
        "errors": 1,
        "input_tokens": 74,
        "uncached_input_tokens": 20,
        "cached_tokens": 40,
        "cache_write_tokens": 14,
        "output_tokens": 100,
        "reasoning_tokens": 12,
        "spend_usd": "0.000002000",
        "own_login_usd": "0.000001000",
        "estimated_requests": 1,
        "unpriced_requests": 0,
        "default_priced_requests": 1,
    }
    assert found.rows == []
    assert found.previous is not None
    assert found.previous.requests == 1


async def test_the_previous_period_is_the_elapsed_span_before(tmp_path: Path) -> None:
    events = [
        an_event("in", started_ms=NOON_MS - 13 * HOUR_MS),
        an_event("first", started_ms=NOON_MS - 24 * HOUR_MS),
        an_event("too early", started_ms=NOON_MS - 24 * HOUR_MS - 1),
    ]
    async with holding(tmp_path, events) as store:
        found = await windows.usage(store, today())
    assert found.previous is not None
    assert found.previous.requests == 2


async def test_all_time_starts_with_the_day_of_the_first_count(tmp_path: Path) -> None:
    async with holding(tmp_path, [an_event("a", started_ms=NOON_MS - 40 * DAY_MS)]) as store:
        found = await windows.usage(store, named("all", NOON, UTC_ZONE), "day")
    assert found.period.start == "2025-11-30T00:00:00+00:00"
    assert found.previous is None
    assert shown(found.rows, "day", "requests") == [("2025-11-30", 1)]


async def test_all_time_without_counts_has_no_start(tmp_path: Path) -> None:
    async with holding(tmp_path, []) as store:
        found = await windows.usage(store, named("all", NOON, UTC_ZONE), ("model", "day"))
        empty = await windows.dashboard(store, named("all", NOON, UTC_ZONE))
    assert (found.period.start, found.totals.requests, found.rows) == (None, 0, [])
    assert (empty.buckets, empty.p50_ms, empty.month_end_usd) == ([], None, None)


async def test_days_are_cut_in_the_zone_and_named_by_date(tmp_path: Path) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    edge = int(datetime(2026, 1, 9, tzinfo=zone).timestamp() * 1000)
    async with holding(tmp_path, [an_event("a", started_ms=edge - 1), an_event("b", started_ms=edge)]) as store:
        found = await windows.usage(store, named("7d", NOON, zone), "day")
    assert shown(found.rows, "day", "requests") == [("2026-01-08", 1), ("2026-01-09", 1)]


async def test_the_hour_that_comes_twice_is_two_hours(tmp_path: Path) -> None:
    zone = ZoneInfo("Europe/Berlin")
    first = int(datetime(2025, 10, 26, 0, 30, tzinfo=UTC).timestamp() * 1000)
    now = datetime(2025, 10, 26, 12, tzinfo=UTC)
    async with holding(tmp_path, [an_event("a", started_ms=first), an_event("b", started_ms=first + HOUR_MS)]) as store:
        found = await windows.usage(store, named("today", now, zone), "hour")
    assert shown(found.rows, "hour", "requests") == [("2025-10-26T02:00:00+02:00", 1), ("2025-10-26T02:00:00+01:00", 1)]


async def test_rows_carry_names_and_what_is_unknown_is_null(tmp_path: Path) -> None:
    stranger = Series(user_id=7, key_id=0)
    events = [an_event("a", spend_nano=9), an_event("b", series=BEN, spend_nano=8), an_event("c", series=stranger)]
    async with holding(tmp_path, events) as store:
        users = await windows.usage(store, today(), "user")
        keys = await windows.usage(store, today(), "key")
        projects = await windows.usage(store, today(), "project")
    assert shown(users.rows, "user", "user_id") == [(None, 7), ("ana", 1), ("ben", 2)]
    assert shown(keys.rows, "key", "key_id") == [(None, None), ("ana-key", 1), ("ben-key", 2)]
    assert shown(projects.rows, "project", "requests") == [(None, 2), ("api", 1)]
    assert set(msgspec.to_builtins(users.rows[0])) == {"user", "user_id", *msgspec.to_builtins(users.totals)}


async def test_two_dimensions_at_once(tmp_path: Path) -> None:
    events = [
        an_event("a"),
        an_event("b", series=BEN),
        an_event("c", started_ms=NOON_MS - DAY_MS),
        an_event("d", started_ms=NOON_MS - DAY_MS, spend_nano=5),
    ]
    async with holding(tmp_path, events) as store:
        found = await windows.usage(store, named("7d", NOON, UTC_ZONE), ("user", "day"))
    assert shown(found.rows, "day", "user", "requests") == [
        ("2026-01-08", "ana", 2),
        ("2026-01-09", "ana", 1),
        ("2026-01-09", "ben", 1),
    ]


async def test_past_the_top_the_rest_is_one_row(tmp_path: Path) -> None:
    models = [msgspec.structs.replace(ANA, model=f"m{n}") for n in range(5)]
    events = [an_event(model.model, series=model, spend_nano=n * 10) for n, model in enumerate(models)]
    async with holding(tmp_path, events) as store:
        found = await windows.usage(store, today(), "model", top=2)
    assert shown(found.rows, "model", "spend_usd") == [("m4", usd(40)), ("m3", usd(30)), ("other", usd(30))]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({"user_id": 2}, 1),
        ({"user_id": None}, 2),
        ({"project": "api"}, 1),
        ({"project": ""}, 1),
        ({"project": "api", "user_id": 2}, 0),
        ({"key_id": 1, "model": "m", "provider": "p", "client_app": "codex"}, 1),
    ],
)
async def test_a_question_can_be_narrowed(tmp_path: Path, only: windows.Only, expected: int) -> None:
    async with holding(tmp_path, [an_event("a"), an_event("b", series=BEN)]) as store:
        found = await windows.usage(store, today(), "model", **only)
        listed = await windows.requests(store, zone=UTC_ZONE, last=None, **only)
        drawn = await windows.dashboard(store, today(), **only)
    assert found.totals.requests == expected == len(listed.requests) == drawn.totals.requests


async def test_the_leaderboard_ranks_and_knows_the_ranks_before(tmp_path: Path) -> None:
    big = TokenCounts(output=1_000)
    events = [
        an_event("a", spend_nano=9),
        an_event("b", series=BEN, counts=big, spend_nano=5),
        an_event("c", series=BEN, started_ms=NOON_MS - DAY_MS, spend_nano=50),
    ]
    window = between(date(2026, 1, 9), date(2026, 1, 9), NOON, UTC_ZONE)
    async with holding(tmp_path, events) as store:
        spend = await windows.leaderboard(store, window, "spend", you=2)
        tokens = await windows.leaderboard(store, window, "tokens", show=lambda user_id, _: f"user {user_id}")
    assert [(r.rank, r.previous_rank, r.user, r.you) for r in spend.rows] == [
        (1, None, "ana", False),
        (2, 1, "ben", True),
    ]
    assert [(r.user, r.tokens) for r in tokens.rows] == [("user 2", 1_000), ("user 1", 87)]


async def test_requests_come_newest_first_and_page_by_page(tmp_path: Path) -> None:
    events = [an_event(f"a{n}", state="complete" if n % 2 else "upstream_failed") for n in range(6)]
    async with holding(tmp_path, events) as store:
        page = (await windows.requests(store, zone=UTC_ZONE, last=2)).requests
        following = (await windows.requests(store, zone=UTC_ZONE, last=2, before=page[-1].id)).requests
        failed = (await windows.requests(store, zone=UTC_ZONE, last=None, state="upstream_failed")).requests
        lost = (await windows.requests(store, zone=UTC_ZONE, last=2, before="unknown")).requests
    assert [row.id for row in (*page, *following)] == ["a5", "a4", "a3", "a2"]
    assert [row.id for row in failed] == ["a4", "a2", "a0"]
    assert lost == []


async def test_the_newest_rows_of_some_series_are_found_whatever_lies_between(tmp_path: Path) -> None:
    models = [msgspec.structs.replace(ANA, model=f"m{n}", user_id=1 + n % 2) for n in range(90)]
    states = ("complete", "upstream_failed", "client_left")
    events = [
        an_event(f"e{n:04}", series=models[n * n % 90], state=states[n % 3], started_ms=NOON_MS + n)
        for n in range(1_500)
    ]
    async with holding(tmp_path, events) as store:
        for only, whose in (({"user_id": 2}, 2), ({"user_id": 1}, 1)):
            for state in (None, "complete", "upstream_failed"):
                page = await windows.requests(store, zone=UTC_ZONE, last=120, state=state, before="e1400", **only)  # type: ignore[arg-type]
                wanted = [
                    event.id
                    for event in reversed(events[:1_400])
                    if event.series.user_id == whose and state in (None, event.state)
                ]
                assert [row.id for row in page.requests] == wanted[:120]


async def test_a_request_shows_every_field_of_the_contract(tmp_path: Path) -> None:
    async with holding(tmp_path, [an_event("a", session="s")]) as store:
        (row,) = (await windows.requests(store, zone=ZoneInfo("Europe/Berlin"), last=1)).requests
    assert msgspec.to_builtins(row) == {
        "id": "a",
        "started_at": "2026-01-09T13:00:00.000+01:00",
        "finished_at": "2026-01-09T13:00:01.000+01:00",
        "state": "complete",
        "status": 200,
        "user": "ana",
        "user_id": 1,
        "key": "ana-key",
        "key_id": 1,
        "client_app": "codex",
        "project": "api",
        "session": "s",
        "agent": None,
        "dialect": "chat",
        "model": "m",
        "provider": "p",
        "upstream_model": "m-1",
        "stream": True,
        "attempt": 1,
        "parent_id": None,
        "input_tokens": 37,
        "uncached_input_tokens": 10,
        "cached_tokens": 20,
        "cache_write_5m_tokens": 3,
        "cache_write_1h_tokens": 4,
        "output_tokens": 50,
        "reasoning_tokens": 6,
        "spend_usd": "0.000001000",
        "usage_source": "reported",
        "price_basis": "catalogue",
        "price_version": "v1",
        "service_tier": None,
        "own_login": False,
        "imported": False,
        "ttft_ms": 200,
        "duration_ms": 1000,
        "error": None,
    }


async def test_open_requests_are_listed_only_when_asked_for_with_the_freshest_counts(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await make_people(here.store)
        await here.ledger.admit(a_note("a", started_ms=NOON_MS))
        await here.ledger.admit(a_note("b", started_ms=NOON_MS + 1, series=BEN))
        here.ledger.progress("a", TokenCounts(uncached_input=4, output=9), 80)
        assert (await windows.requests(here.store, zone=UTC_ZONE, last=None)).requests == []
        now = here.ledger.open_requests()
        both = (await windows.requests(here.store, zone=UTC_ZONE, last=None, state="open", here=now)).requests
        bens = (await windows.requests(here.store, zone=UTC_ZONE, last=None, state="open", user_id=2)).requests
    assert [(row.id, row.user, row.key, row.output_tokens, row.input_tokens) for row in both] == [
        ("b", "ben", "ben-key", 0, 7),
        ("a", "ana", "ana-key", 9, 4),
    ]
    assert {(row.state, row.finished_at, row.duration_ms) for row in both} == {("open", None, None)}
    assert [row.usage_source for row in both] == ["estimated", "reported"]
    assert [row.id for row in bens] == ["b"]


async def test_the_dashboard_draws_every_bar_and_its_sums(tmp_path: Path) -> None:
    events = [
        an_event("a", finished_ms=NOON_MS + 1_200, ttft_ms=200, spend_nano=2_000),
        an_event("b", series=BEN, started_ms=NOON_MS - 5 * HOUR_MS, finished_ms=NOON_MS - 5 * HOUR_MS + 3_200),
        an_event("c", started_ms=NOON_MS - DAY_MS, finished_ms=NOON_MS - DAY_MS + 10),
        an_event("d", state="upstream_failed", counts=TokenCounts(), spend_nano=0),
    ]
    window = named("today", NOON + timedelta(minutes=1), UTC_ZONE)
    async with holding(tmp_path, events) as store:
        drawn = await windows.dashboard(store, window, granularity="hour")
    assert len(drawn.buckets) == 24
    assert [bar.requests for bar in drawn.buckets if bar.requests] == [1, 2]
    assert drawn.buckets[7].start == "2026-01-09T07:00:00.000+00:00"
    assert (drawn.totals.requests, drawn.totals.errors) == (3, 1)
    assert [row.model for row in drawn.models] == ["m"]
    assert [(row.project, row.requests) for row in drawn.projects] == [("api", 2), (None, 1)]
    assert [row.id for row in drawn.latest] == ["d", "c", "b", "a"]
    assert drawn.p50_ms == 1_200
    assert drawn.output_tokens_per_s == 25.0
    assert drawn.spend_usd_per_hour == usd(2_000)


async def test_the_month_ends_as_the_last_week_went(tmp_path: Path) -> None:
    events = [an_event(f"a{n}", started_ms=NOON_MS - HOUR_MS - n * DAY_MS, spend_nano=7_000_000) for n in range(20)]
    async with holding(tmp_path, events) as store:
        drawn = await windows.dashboard(store, named("7d", NOON, UTC_ZONE))
    # Nine days had a call each, the last seven of them are the pace, and 22.5 days are to come.
    assert drawn.month_end_usd == usd(9 * 7_000_000 + 22 * 7_000_000 + 3_500_000)


# -- any events, any zone ---------------------------------------------------------------------------------------------

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Goose_Bay"]
AROUND = int(datetime(2025, 10, 26, tzinfo=UTC).timestamp() * 1000)

series = st.builds(
    Series,
    user_id=st.integers(1, 2),
    key_id=st.integers(0, 2),
    project=st.sampled_from(["", "api"]),
    model=st.sampled_from(["m", "n"]),
)
events = st.builds(
    lambda at, whose, output, spend, state: an_event(
        "", started_ms=AROUND + at, series=whose, counts=TokenCounts(output=output), spend_nano=spend, state=state
    ),
    st.integers(-12 * DAY_MS, 12 * DAY_MS),
    series,
    st.integers(0, 1 << 40),
    st.integers(0, 1 << 50),
    st.sampled_from(["complete", "client_left", "upstream_failed", "rejected"]),
)


def naive(counted: list[UsageEvent], window: Window, by: str, zone: ZoneInfo) -> Counter[object]:
    """Sum the money per value the slow way."""
    assert window.start is not None
    sums: Counter[object] = Counter()
    for event in counted:
        at_s = event.started_ms // 1000
        bucket = at_s - at_s % 300
        if event.state == "rejected" or not window.start.timestamp() <= bucket < window.end.timestamp():
            continue
        values = {
            "day": calendar_day(bucket, zone).isoformat(),
            "hour": datetime.fromtimestamp(hour_start(bucket, zone), zone).isoformat(),
            "model": event.series.model,
            "project": event.series.project or None,
            "user": event.series.user_id,
        }
        sums[values[by]] += event.spend_nano
    return +sums


@settings(max_examples=60, deadline=None)
@given(
    st.lists(events, max_size=25), st.sampled_from(ZONES), st.sampled_from(["day", "hour", "model", "project", "user"])
)
async def test_every_breakdown_is_the_naive_sum(counted: list[UsageEvent], name: str, by: str) -> None:
    zone = ZoneInfo(name)
    counted = [msgspec.structs.replace(event, id=f"r{n}") for n, event in enumerate(counted)]
    window = between(date(2025, 10, 20), date(2025, 11, 4), NOON, zone)
    with TemporaryDirectory() as folder:
        async with holding(Path(folder), counted) as store:
            found = await windows.usage(store, window, by)  # type: ignore[arg-type]
    field = "user_id" if by == "user" else by
    sums = Counter({getattr(row, field): nanos(row.spend_usd) for row in found.rows})
    assert +sums == naive(counted, window, by, zone)
    assert nanos(found.totals.spend_usd) == sum(naive(counted, window, by, zone).values())


def nanos(amount: str) -> int:
    return int(amount.replace(".", ""))
