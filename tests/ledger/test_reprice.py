"""Prices put right: rows, buckets of every tier and the margins beside them change in one step, or not at all."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from codevector_daemon.errors import StoreError, StoreRefused
from codevector_daemon.ledger.attempts import Attempt, Window, read_attempts
from codevector_daemon.ledger.cleaning import MOST_NANO
from codevector_daemon.ledger.upkeep.integrity import check_ledger
from codevector_daemon.ledger.upkeep.reprice import (
    ChangedMeanwhileError,
    Reckon,
    Repricer,
    Signed,
    Tally,
    UnderWayError,
)
from codevector_daemon.ledger.upkeep.retention import Keep
from codevector_daemon.ledger.upkeep.rollup import roll_up
from codevector_daemon.ledger.upkeep.workbench import Stopped, Workbench
from codevector_daemon.metering.counts import Extras, Round, TokenCounts
from codevector_daemon.metering.prices import Price
from codevector_daemon.store.connect import plain
from codevector_daemon.store.hold import is_held
from codevector_daemon.store.prepare import prepare
from codevector_daemon.store.salvage import _set_aside as set_aside
from codevector_shared.periods import DAY_S
from support.ledgers import ANA, NOON_MS, an_event
from support.past import Past, past

NOON_S = NOON_MS // 1000
OLD_MS = NOON_MS - 3 * DAY_S * 1000
OLDER_MS = NOON_MS - 40 * DAY_S * 1000
KEEP = Keep(requests=90, five_minutes=2, hours=30)
EVERYTHING = Window(0, NOON_MS + DAY_S * 1000)
MONTHS_MS = [NOON_MS - days * DAY_S * 1000 for days in (0, 1, 3, 20, 40, 60, 62, 95)]
"""January back to October, some in the finest buckets, some only in hours, most only in days and months."""
SIGNED = Signed(NOON_MS, "owner", "all")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Past]:
    with past(tmp_path) as made:
        yield made


def times(factor: int) -> Reckon:
    """Return a reckoner by which everything costs so many times as much."""
    return lambda attempt: Price(attempt.spend_nano * factor, "override", f"override {factor}")


def repricer(home: Past, reckon: Reckon, window: Window = EVERYTHING, **options: threading.Event) -> Repricer:
    stopping = options.get("stopping", threading.Event())
    return Repricer(home.path, window, reckon, patience_s=1, stopping=stopping, clock=lambda: 0)


def reprice(home: Past, reckon: Reckon, window: Window = EVERYTHING) -> dict[str, Tally]:
    return repricer(home, reckon, window).apply(SIGNED).by_model


def once(act: Callable[[], None], reckon: Reckon) -> Reckon:
    """Return a reckoner that does something else first, when it is asked for the first time."""
    left = [act]

    def first(attempt: Attempt) -> Price:
        if left:
            left.pop()()
        return reckon(attempt)

    return first


def problems(home: Past) -> list[str]:
    """Return what ``doctor --ledger`` would find."""
    return [problem for check in check_ledger(home.path, patience_s=1) for problem in check.problems]


def totals(home: Past) -> list[int]:
    """Return what was spent by the rows, and by the buckets and margins of each tier."""
    tables = ("requests", "buckets_5m", "buckets_hour", "buckets_day", "buckets_month")
    margins = " UNION ALL ".join(
        f"SELECT sum(spend_nano) FROM margins WHERE tier = {tier} AND user_id = 0 AND dimension = 0"
        for tier in (1, 2, 3)
    )
    query = " UNION ALL ".join(f"SELECT sum(spend_nano) FROM {table}" for table in tables)
    return [int(str(row[0] or 0)) for row in home.all(f"{query} UNION ALL {margins}")]


def test_rows_and_every_tier_say_the_new_prices_at_once(home: Past) -> None:
    now_s = NOON_S + 40 * DAY_S
    home.count(an_event(f"a{n}", started_ms=NOON_MS - n * 7_000_000, spend_nano=100 + n) for n in range(400))
    home.upkeep(now_s)
    before = totals(home)
    assert before == [before[0]] * 8, "everything is rolled up"
    found = reprice(home, times(3))
    assert totals(home) == [3 * before[0]] * 8, "without any roll-up"
    assert found == {"m": Tally(400, 400, before[0], 3 * before[0])}
    assert problems(home) == []
    home.upkeep(now_s)
    assert totals(home) == [3 * before[0]] * 8
    assert problems(home) == []


def test_calls_of_every_age_get_the_new_price_where_they_are_still_counted(home: Past) -> None:
    events = [
        an_event("new", spend_nano=100),
        an_event("attempt", parent_id="new", spend_nano=7, own_login=True),
        an_event("old", started_ms=OLD_MS, spend_nano=20),
        an_event("older", started_ms=OLDER_MS, spend_nano=3),
    ]
    home.count(events)
    home.upkeep(NOON_S + 60, KEEP)
    reprice(home, times(10))
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
    reprice(home, times(3))
    for _ in range(2):
        assert problems(home) == []
        # The row of October's call is kept no longer, so its price stays.
        assert home.all("SELECT spend_nano FROM buckets_month ORDER BY start") == [(17,), (3 * 45,), (3 * 13,)]
        assert home.all("SELECT SUM(spend_nano) FROM requests") == [(3 * sum(range(10, 17)),)]
        (margin,) = home.all("SELECT SUM(spend_nano) FROM margins WHERE tier = 3 AND user_id = 0 AND dimension = 0")
        assert margin == (17 + 3 * (45 + 13),)
        home.upkeep(NOON_S + 60, KEEP)


@settings(max_examples=10, deadline=None)
@given(
    calls=st.lists(
        st.tuples(
            st.integers(0, 95 * 24),
            st.integers(0, 10**9),
            st.integers(-(10**9), 10**9),
            st.booleans(),
            st.sampled_from(("catalogue", "unpriced", "free")),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=40,
    ),
    zone=st.sampled_from(("UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Berlin")),
    rolled=st.booleans(),
)
def test_all_sums_agree_for_any_prices_zone_and_age(
    calls: list[tuple[int, int, int, bool, str, int]],
    zone: str,
    *,
    rolled: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with past(tmp_path_factory.mktemp("any"), zone=zone) as home:
        series = [replace(ANA, user_id=n + 1, project=f"p{n}") for n in range(3)]
        after = {}
        for place, (hours, spend, change, own, basis, whose) in enumerate(calls):
            parent = f"c{place - 1}" if place and hours % 3 == 0 else None
            at = NOON_MS - hours * 3_600_000 - place * 61_000
            home.count(
                [
                    an_event(
                        f"c{place}",
                        series=series[whose],
                        started_ms=at,
                        spend_nano=spend,
                        own_login=own,
                        price_basis=basis,
                        parent_id=parent,
                    )
                ]
            )
            after[f"c{place}"] = max(spend + change, 0)
        if rolled:
            home.upkeep(NOON_S + 60, KEEP)
        kept = {str(row[0]) for row in home.all("SELECT id FROM requests")}
        reprice(home, lambda attempt: Price(after[attempt.id], "default" if attempt.own_login else "unpriced", "x"))
        assert problems(home) == []
        assert home.all("SELECT coalesce(sum(spend_nano), 0) FROM requests") == [(sum(after[name] for name in kept),)]
        home.upkeep(NOON_S + 60, KEEP)
        assert problems(home) == []


def test_calls_without_a_price_get_one_and_are_no_longer_counted_as_unpriced(home: Past) -> None:
    home.count([an_event("a", spend_nano=0, price_basis="unpriced", price_version=None)])
    reprice(home, lambda _: Price(9, "default", "default 5/25"))
    assert home.all("SELECT spend_nano, unpriced_requests, requests FROM buckets_5m") == [(9, 0, 1)]


def test_a_price_beyond_all_reason_is_bounded_as_it_is_when_a_call_is_counted(home: Past) -> None:
    home.count([an_event("a", spend_nano=1)])
    reprice(home, lambda _: Price(1 << 90, "override", "override 1"))
    assert totals(home)[:2] == [MOST_NANO, MOST_NANO]


def test_it_keeps_to_its_window_and_model_and_leaves_out_what_used_nothing_or_was_rejected(home: Past) -> None:
    other = replace(ANA, model="other")
    home.count(
        [
            an_event("before", started_ms=NOON_MS - 1),
            an_event("in"),
            an_event("other", series=other),
            an_event("none", usage_source="none"),
            an_event("rejected", state="rejected"),
            an_event("after", started_ms=NOON_MS + 1_000),
        ]
    )
    window = Window(NOON_MS, NOON_MS + 1_000, "m")
    assert repricer(home, times(2), window).preview().by_model == {"m": Tally(1, 1, 1_000, 2_000)}
    reprice(home, times(2), window)
    assert home.all("SELECT id FROM requests WHERE price_basis = 'override'") == [("in",)]
    assert reprice(home, times(2), Window(NOON_MS, NOON_MS + 1_000)).keys() == {"m", "other"}


def test_a_preview_says_what_would_change_and_changes_nothing(home: Past) -> None:
    home.count(an_event(f"a{n}", spend_nano=n) for n in range(100))
    before = home.path.read_bytes()
    assert repricer(home, times(2)).preview().by_model == {"m": Tally(100, 100, 4_950, 9_900)}
    assert (home.path.read_bytes(), home.all("SELECT * FROM audit")) == (before, [])
    assert totals(home)[:2] == [4_950, 4_950]


def test_where_nothing_changes_nothing_is_written_and_nobody_is_held_up(home: Past) -> None:
    home.count([an_event("a")])
    same = reprice(home, lambda one: Price(one.spend_nano, one.price_basis or "free", one.price_version))
    assert same == {"m": Tally(1, 0, 1_000, 1_000)}
    assert home.all("SELECT * FROM audit") == []


def test_calls_that_are_counted_while_prices_are_worked_out_keep_theirs_and_all_agrees(home: Past) -> None:
    home.count(an_event(f"a{n}", started_ms=OLD_MS + n, spend_nano=10) for n in range(3))

    def meanwhile() -> None:
        home.count([an_event("behind", started_ms=OLD_MS - 1, spend_nano=5), an_event("late", spend_nano=7)])
        home.upkeep(NOON_S + DAY_S)

    reprice(home, once(meanwhile, times(2)), Window(0, NOON_MS))
    home.upkeep(NOON_S + DAY_S)
    assert totals(home)[0] == 3 * 20 + 5 + 7
    assert problems(home) == []


def test_rows_that_vanish_or_change_while_prices_are_worked_out_are_left_out(home: Past) -> None:
    home.count(an_event(f"a{n}", started_ms=MONTHS_MS[n], spend_nano=10) for n in range(8))
    home.upkeep(NOON_S + 60)

    def meanwhile() -> None:
        home.upkeep(NOON_S + 60, KEEP)
        with closing(plain(home.path, patience_s=1)) as other:
            other.execute("UPDATE requests SET price_version = 'another' WHERE id = 'a1'")

    found = reprice(home, once(meanwhile, times(2)))
    assert found == {"m": Tally(6, 6, 60, 120)}
    assert home.all("SELECT spend_nano FROM requests ORDER BY started_ms") == [(20,)] * 5 + [(10,), (20,)]
    ((detail,),) = home.all("SELECT detail FROM audit")
    assert detail == '{"requests":6,"before_nano":60,"after_nano":120}'
    assert problems(home) == []
    home.upkeep(NOON_S + 60, KEEP)
    assert problems(home) == []


class Meanwhile(threading.Event):
    """Does something in the first pause between two transactions."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._left = [act]

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  # nobody has to be let through here
        if self._left:
            self._left.pop()()
        return self.is_set()


def test_a_roll_up_that_has_read_the_old_prices_does_not_bring_them_back(home: Past) -> None:
    now_s = NOON_S + 60 * DAY_S
    home.count(an_event(f"a{n}", series=replace(ANA, project=f"p{n}"), spend_nano=10) for n in range(120))
    done: list[dict[str, Tally]] = []
    pause = Meanwhile(lambda: done.append(reprice(home, times(2))))
    bench = Workbench(home.path, "node", pause, patience_s=1, pause_s=0, hold_s=0)
    assert bench.take_lease(now_s * 1000)
    roll_up(bench, now_s)
    bench.close()
    assert done == [{"m": Tally(120, 120, 1_200, 2_400)}]
    assert problems(home) == []
    home.upkeep(now_s)
    assert problems(home) == []
    assert totals(home) == [2_400] * 8


def test_what_counts_a_background_run_later_than_its_call_counts_as_without_a_price_too(home: Past) -> None:
    late = an_event("a.late", parent_id="a", usage_of="resp_1", spend_nano=0, price_basis="unpriced")
    home.count([an_event("a", usage_source="none", price_basis=None, spend_nano=0), late])
    before = home.all("SELECT unpriced_requests FROM buckets_5m")
    assert problems(home) == []
    reprice(home, lambda _: Price(9, "default", "default 5/25"))
    assert problems(home) == []
    reprice(home, lambda _: Price(0, "unpriced", None))
    assert (problems(home), home.all("SELECT unpriced_requests FROM buckets_5m")) == ([], before)


def test_a_second_one_at_the_same_time_is_refused_and_the_first_is_whole(home: Past) -> None:
    home.count([an_event("a", spend_nano=100)])
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(UnderWayError) as found:
            reprice(home, times(5))
        refused.append(str(found.value))
        assert repricer(home, times(5)).preview().by_model == {"m": Tally(1, 1, 100, 500)}

    reprice(home, once(second, times(2)))
    assert refused == ["prices are being worked out again already"]
    assert totals(home)[:2] == [200, 200]
    reprice(home, times(5))
    assert totals(home)[:2] == [1_000, 1_000]
    assert len(home.all("SELECT * FROM audit")) == 2


def test_the_file_left_by_one_that_was_killed_keeps_no_later_one_out(home: Past) -> None:
    home.count([an_event("a", spend_nano=100)])
    for name in ("codevector.db.repricing.lock", "codevector.db.held"):
        home.path.with_name(name).touch()
    assert not is_held(home.path)
    reprice(home, times(2))
    assert totals(home)[:2] == [200, 200]
    assert {path.name for path in home.path.parent.iterdir()} <= {f"codevector.db{end}" for end in ("", "-wal", "-shm")}


def test_when_it_is_stopped_nothing_has_changed(home: Past) -> None:
    home.count(an_event(f"a{n}", spend_nano=10) for n in range(200))
    stopping = threading.Event()
    with pytest.raises(Stopped):
        repricer(home, once(stopping.set, times(2)), stopping=stopping).apply(SIGNED)
    assert totals(home)[:2] == [2_000, 2_000]
    assert home.all("SELECT * FROM audit") == []
    reprice(home, times(2))
    assert totals(home)[:2] == [4_000, 4_000]


def test_a_switch_that_is_stopped_half_way_is_taken_back(home: Past) -> None:
    series = [replace(ANA, project=f"p{n}") for n in range(300)]
    home.count(an_event(f"a{n}", series=series[n % 300], started_ms=NOON_MS - n * 300_000) for n in range(3_000))
    before = totals(home)
    stopping = threading.Event()
    with ThreadPoolExecutor(1) as thread, closing(plain(home.path, patience_s=0)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        work = thread.submit(Repricer(home.path, EVERYTHING, times(2), patience_s=30, stopping=stopping).apply, SIGNED)
        while not is_held(home.path):
            assert not work.done()
        # It waits for its turn at the switch; as soon as it has it, it is to end.
        stopping.set()
        lock.execute("COMMIT")
        with pytest.raises(Stopped):
            work.result(60)
    assert totals(home) == before
    assert home.all("SELECT * FROM audit") == []


def test_nothing_goes_into_a_file_that_was_set_aside_meanwhile(home: Past, tmp_path: Path) -> None:
    home.count([an_event("a", spend_nano=100)])

    def salvaged() -> None:
        set_aside(home.path, tmp_path / "aside.db")
        prepare(home.path, patience_s=1)

    with pytest.raises(StoreRefused, match=r"replaced meanwhile, and no price was changed"):
        reprice(home, once(salvaged, times(2)))
    with closing(sqlite3.connect(tmp_path / "aside.db")) as aside:
        assert aside.execute("SELECT spend_nano FROM requests").fetchall() == [(100,)]
    assert home.all("SELECT * FROM requests") == []


def test_a_ledger_that_is_still_being_mended_is_left_alone(home: Past) -> None:
    home.count([an_event("a", spend_nano=100)])
    with closing(plain(home.path, patience_s=1)) as other:
        other.execute("INSERT INTO meta VALUES ('unmended', '[\"buckets_5m\"]')")
    with pytest.raises(ChangedMeanwhileError, match="damage"):
        reprice(home, times(2))
    assert totals(home)[0] == 100


def test_a_time_zone_that_changed_meanwhile_leaves_everything_as_it_was(home: Past) -> None:
    home.count([an_event("a", spend_nano=100)])
    with pytest.raises(ChangedMeanwhileError, match="time zone"):
        reprice(home, once(lambda: home.set_zone("Asia/Kolkata", NOON_S), times(2)))
    assert totals(home)[:2] == [100, 100]


def test_a_store_that_is_gone_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    for path in (tmp_path / "no" / "such.db", tmp_path / "such.db"):
        with pytest.raises(StoreError):
            Repricer(path, EVERYTHING, times(2), patience_s=0, stopping=threading.Event()).apply(SIGNED)


def test_the_log_is_short_again_afterwards(tmp_path: Path) -> None:
    with past(tmp_path) as made:
        made.count(an_event(f"a{n}", series=replace(ANA, project=f"p{n}")) for n in range(3_000))
    # Its writer is gone, and with it the thread that copies the log beside it; who only reads keeps the log's file.
    with closing(plain(made.path, patience_s=1, mode="ro")) as reader:
        reader.execute("SELECT count(*) FROM meta").fetchone()
        reprice(made, times(2))
        assert made.path.with_name("codevector.db-wal").stat().st_size == 0


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
    with closing(plain(home.path, patience_s=1)) as connection:
        found = {one.id: one for page in read_attempts(connection, EVERYTHING, page=1) for one in page}
    assert found.keys() == {"a", "b"}
    assert (found["a"].extras, found["a"].service_tier) == (extras, "flex")
    assert (found["b"].extras, found["b"].series, found["b"].own_login) == (Extras(), ANA, False)
    assert home.all("SELECT extras FROM requests WHERE id = 'b'") == [(None,)]
