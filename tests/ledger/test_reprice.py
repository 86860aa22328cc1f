"""Prices put right: rows, buckets of every tier and the margins beside them say the same, however old the call is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codevector_daemon.errors import StoreError
from codevector_daemon.ledger.attempts import read_attempts
from codevector_daemon.ledger.upkeep.integrity import check_ledger
from codevector_daemon.ledger.upkeep.reprice import ChangedMeanwhileError, Repriced, rewrite
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_daemon.metering.counts import Extras, Round, TokenCounts
from codevector_daemon.metering.prices import Price
from codevector_shared.periods import DAY_S
from support.ledgers import NOON_MS, an_event
from support.past import Past, past

NOON_S = NOON_MS // 1000
OLD_MS = NOON_MS - 3 * DAY_S * 1000
OLDER_MS = NOON_MS - 40 * DAY_S * 1000
KEEP = Keep(requests=90, five_minutes=2, hours=30)
MONTHS_MS = [NOON_MS - days * DAY_S * 1000 for days in (0, 1, 3, 20, 40, 60, 62, 95)]
"""January back to October, some in the finest buckets, some only in hours, most only in days and months."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Past]:
    with past(tmp_path) as made:
        yield made


def dearer(home: Past, times: int) -> list[Repriced]:
    with home.reading() as connection:
        found = list(read_attempts(connection, None, NOON_MS + 1))
    return [Repriced(one, Price(one.spend_nano * times, "override", "override 1/1")) for one in found]


def write(home: Past, found: list[Repriced]) -> None:
    rewrite(home.path, found, now_ms=NOON_MS, actor="owner", target="all", patience_s=1)


def test_rows_and_buckets_of_every_age_and_tier_change_together(home: Past) -> None:
    events = [
        an_event("new", spend_nano=100),
        an_event("attempt", parent_id="new", spend_nano=7, own_login=True),
        an_event("old", started_ms=OLD_MS, spend_nano=20),
        an_event("older", started_ms=OLDER_MS, spend_nano=3),
    ]
    home.count(events)
    home.upkeep(NOON_S + 60, KEEP)
    write(home, dearer(home, 10))
    home.upkeep(NOON_S + 60, KEEP)
    assert home.all("SELECT id, spend_nano, price_basis FROM requests ORDER BY spend_nano") == [
        ("older", 30, "override"),
        ("attempt", 70, "override"),
        ("old", 200, "override"),
        ("new", 1_000, "override"),
    ]
    (five,) = home.all(f"SELECT SUM(spend_nano), SUM(own_login_nano) FROM buckets_5m WHERE start > {NOON_S - DAY_S}")
    assert five == (1_070, 70)
    days = home.all("SELECT spend_nano FROM buckets_day ORDER BY start")
    assert days == [(30,), (200,)]  # today is still open
    hours = home.all("SELECT SUM(spend_nano) FROM buckets_hour WHERE start < " + str(NOON_S - 2 * DAY_S))
    assert hours == [(200,)]  # hours of forty days ago are given up
    (margin,) = home.all("SELECT SUM(spend_nano) FROM margins WHERE tier = 2 AND user_id = 0 AND dimension = 0")
    assert margin == (230,)


def test_months_that_are_over_say_the_new_prices_too_and_every_sum_agrees_at_any_moment(home: Past) -> None:
    home.count([an_event(str(place), started_ms=at, spend_nano=10 + place) for place, at in enumerate(MONTHS_MS)])
    home.upkeep(NOON_S + 60, KEEP)
    before = home.all("SELECT spend_nano FROM buckets_month ORDER BY start")
    assert before == [(17,), (14 + 15 + 16,), (13,)]  # October, November, December; January is still open
    write(home, dearer(home, 3))
    assert problems(home) == []
    home.upkeep(NOON_S + 60, KEEP)
    assert problems(home) == []
    # The row of October's call is kept no longer, so its price stays.
    assert home.all("SELECT spend_nano FROM buckets_month ORDER BY start") == [(17,), (3 * 45,), (3 * 13,)]
    assert home.all("SELECT SUM(spend_nano) FROM requests") == [(3 * sum(range(10, 17)),)]
    (margin,) = home.all("SELECT SUM(spend_nano) FROM margins WHERE tier = 3 AND user_id = 0 AND dimension = 0")
    assert margin == (17 + 3 * (45 + 13),)


def problems(home: Past) -> list[str]:
    """Return what ``doctor --ledger`` would find."""
    return [problem for check in check_ledger(home.path, patience_s=1) for problem in check.problems]


def test_calls_without_a_price_get_one_and_are_no_longer_counted_as_unpriced(home: Past) -> None:
    home.count([an_event("a", spend_nano=0, price_basis="unpriced", price_version=None)])
    with home.reading() as connection:
        found = [
            Repriced(one, Price(9, "default", "default 5/25")) for one in read_attempts(connection, None, NOON_MS + 1)
        ]
    write(home, found)
    assert home.all("SELECT spend_nano, unpriced_requests, requests FROM buckets_5m") == [(9, 0, 1)]


def test_who_comes_second_changes_nothing(home: Past) -> None:
    home.count([an_event("a", spend_nano=100)])
    stale = dearer(home, 2)
    write(home, dearer(home, 3))
    with pytest.raises(ChangedMeanwhileError):
        write(home, stale)
    assert home.all("SELECT spend_nano FROM requests UNION ALL SELECT spend_nano FROM buckets_5m") == [(300,), (300,)]
    assert len(home.all("SELECT * FROM audit")) == 1


def test_a_store_that_is_gone_is_said_and_nothing_is_written(home: Past, tmp_path: Path) -> None:
    home.count([an_event("a")])
    with pytest.raises(StoreError):
        rewrite(tmp_path / "no" / "such.db", dearer(home, 2), now_ms=0, actor="a", target="b", patience_s=0)


def test_a_row_keeps_all_that_its_price_rests_on(home: Past) -> None:
    extras = Extras(
        rounds=(Round("claude-opus-4-6", TokenCounts(output=5), {"image_output": 2}),),
        parts={"image_input": 3},
        file_searches=1,
        audio_seconds=7,
        provider_cost_nano=12,
        cost_from="header",
    )
    home.count([an_event("a", extras=extras, service_tier="flex"), an_event("b"), an_event("c", usage_source="none")])
    with home.reading() as connection:
        found = {one.id: one for one in read_attempts(connection, None, NOON_MS + 1)}
    assert found.keys() == {"a", "b"}
    assert (found["a"].extras, found["a"].service_tier) == (extras, "flex")
    assert found["b"].extras == Extras()
    assert home.all("SELECT extras FROM requests WHERE id = 'b'") == [(None,)]
