"""Bars out of buckets, and one bar looked at closely."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from codevector_shared.money import nano
from codevector_shared.protocol import Bucket, Period, Totals, Usage, UsageRow
from codevector_tui.viewmodel.drill import dashboard_of, days_of
from codevector_tui.viewmodel.hours import by_hour
from codevector_tui.viewmodel.periods import suited
from codevector_tui.viewmodel.times import previous_span, span
from codevector_tui.viewmodel.trend import activity, consumption, fold
from support.monitor_source import NOW, FakeDaemon


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=400), st.integers(1, 120))
def test_folding_keeps_every_nano_dollar_and_fits(amounts: list[int], capacity: int) -> None:
    at = "2025-11-22T00:00:00+01:00"
    buckets = [
        Bucket(start=at, end=at, requests=1, spend_usd=f"{amount // 10**9}.{amount % 10**9:09d}") for amount in amounts
    ]
    folded = fold(buckets, capacity)
    assert len(folded) <= capacity
    assert sum(nano(bucket.spend_usd) for bucket in folded) == sum(amounts)
    assert sum(bucket.requests for bucket in folded) == len(amounts)


async def test_the_request_line_ends_now_and_the_bars_do_not() -> None:
    dashboard = await FakeDaemon().dashboard(period="today", granularity="hour")
    spec = activity(dashboard, 40, NOW)
    assert spec.buckets == 24
    assert spec.line is not None
    assert len(spec.line.values) == 15


async def test_the_stack_is_all_tokens() -> None:
    dashboard = await FakeDaemon().dashboard(period="7d", granularity="day")
    totals = dashboard.totals
    assert sum(consumption(dashboard, 40).totals()) == totals.input_tokens + totals.output_tokens


def test_bars_suit_period_and_room() -> None:
    assert suited("7d", 40) == "day"
    assert suited("90d", 40) == "week"
    assert suited("90d", 95) == "day"
    assert suited("today", 30) == "hour"
    assert suited("30d", 30) == "day"


def test_spans_are_said_like_people_say_them() -> None:
    week = Period(
        name="7d", start="2025-11-16T00:00:00+01:00", end="2025-11-23T00:00:00+01:00", timezone="Europe/Berlin"
    )
    assert span(week) == "16 – 22 Nov"  # noqa: RUF001 — from … to
    assert previous_span(week) == "vs 9 – 15 Nov"  # noqa: RUF001 — from … to


async def test_a_day_looked_at_closely_has_all_its_hours() -> None:
    daemon = FakeDaemon()
    week = await daemon.dashboard(period="7d", granularity="day")
    days = days_of(week.buckets[3])
    assert days == ("2025-11-19", "2025-11-19")
    first, last = days
    asked = [await daemon.usage(first=first, last=last, by=by) for by in ("hour", "model", "project")]  # type: ignore[arg-type]
    close = dashboard_of(*asked)
    assert len(close.buckets) == 24
    assert close.totals.spend_usd == week.buckets[3].spend_usd
    assert sum(nano(bucket.spend_usd) for bucket in close.buckets) == nano(close.totals.spend_usd)


def test_the_day_the_clocks_go_back_has_twenty_five_hours() -> None:
    zone = ZoneInfo("Europe/Berlin")
    day = Usage(
        period=Period(
            name="custom", start="2025-10-26T00:00:00+02:00", end="2025-10-27T00:00:00+01:00", timezone=zone.key
        ),
        totals=Totals(requests=2),
        previous=None,
        rows=[
            UsageRow(hour="2025-10-26T02:00:00+02:00", requests=1),
            UsageRow(hour="2025-10-26T02:00:00+01:00", requests=1),
        ],
    )
    close = dashboard_of(day, day, day)
    assert len(close.buckets) == 25
    assert [bucket.requests for bucket in close.buckets][2:4] == [1, 1]


async def test_hours_of_the_day_add_up_to_the_period() -> None:
    usage = await FakeDaemon().usage(period="30d", by="hour")
    assert abs(sum(by_hour(usage).totals()) - float(usage.totals.spend_usd)) < 1e-6
