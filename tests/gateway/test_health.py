from email.utils import formatdate

from codevector_daemon.directory.values import Backend
from codevector_daemon.gateway.health import (
    FAILURES_BEFORE_REST,
    FIRST_REST_MS,
    LONGEST_REST_MS,
    MOST_REMEMBERED,
    Health,
)
from support.values import provider

FIRST = Backend(provider("first", id=1), "m")
SECOND = Backend(provider("second", id=2), "m")


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_000_000_000

    def __call__(self) -> int:
        return self.now


def failing(health: Health, times: int = FAILURES_BEFORE_REST) -> None:
    for _ in range(times):
        health.failed(FIRST, "http_529")


def test_a_backend_rests_after_failures_in_a_row_and_only_then() -> None:
    health = Health(Clock())
    failing(health, FAILURES_BEFORE_REST - 1)
    assert health.in_order([FIRST, SECOND]) == [FIRST, SECOND]
    failing(health, 1)
    assert health.in_order([FIRST, SECOND]) == [SECOND, FIRST]


def test_after_its_rest_one_call_is_the_probe_and_the_others_stay_away() -> None:
    clock = Clock()
    health = Health(clock)
    failing(health)
    clock.now += FIRST_REST_MS + 1
    assert health.in_order([FIRST, SECOND]) == [FIRST, SECOND]
    health.begun(FIRST)
    assert health.in_order([FIRST, SECOND]) == [SECOND, FIRST]
    health.succeeded(FIRST)
    assert health.in_order([FIRST, SECOND]) == [FIRST, SECOND]
    assert health.conditions() == []


def test_a_probe_that_ended_without_news_makes_way_for_another() -> None:
    clock = Clock()
    health = Health(clock)
    failing(health)
    clock.now += FIRST_REST_MS + 1
    health.begun(FIRST)
    health.abandoned(FIRST)
    assert health.in_order([FIRST, SECOND]) == [FIRST, SECOND]


def test_a_failed_probe_doubles_the_rest_up_to_a_limit() -> None:
    clock = Clock()
    health = Health(clock)
    failing(health)
    for rest_ms in (10_000, 20_000, 40_000, 80_000, LONGEST_REST_MS, LONGEST_REST_MS):
        clock.now = health.conditions()[0].resting_until_ms
        health.begun(FIRST)
        failing(health, 1)
        assert health.conditions()[0].resting_until_ms - clock.now == rest_ms


def test_twenty_calls_that_fail_at_once_make_one_short_rest() -> None:
    clock = Clock()
    health = Health(clock)
    failing(health, 20)
    (condition,) = health.conditions()
    assert (condition.failures, condition.resting_until_ms - clock.now) == (20, FIRST_REST_MS)


def test_a_backend_that_named_its_rest_and_fails_after_it_goes_on_resting() -> None:
    clock = Clock()
    health = Health(clock)
    health.failed(FIRST, "http_429", "1")
    clock.now += 1_001
    health.begun(FIRST)
    health.failed(FIRST, "http_500")
    assert health.in_order([FIRST, SECOND]) == [SECOND, FIRST]


def test_a_backend_that_says_to_come_back_at_once_rests_all_the_same_when_it_fails_on() -> None:
    health = Health(Clock())
    for _ in range(FAILURES_BEFORE_REST):
        health.failed(FIRST, "http_429", "0")
    assert health.in_order([FIRST, SECOND]) == [SECOND, FIRST]


def test_the_providers_own_time_to_come_back_is_honoured() -> None:
    clock = Clock()
    health = Health(clock)
    for said, rest_ms in (
        ("7", 7_000),
        ("0.5", 500),
        (formatdate(clock.now / 1000 + 30, usegmt=True), 30_000),
        ("99999", LONGEST_REST_MS),
        ("9" * 400, LONGEST_REST_MS),
        ("inf", LONGEST_REST_MS),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_REST_MS),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 99 Foo 2026 99:99:99 GMT", 0),
        ("", 0),
        ("-4", 0),
        ("soon", 0),
        ("nan", 0),
    ):
        health.succeeded(FIRST)
        health.failed(FIRST, "http_429", said)
        until = health.conditions()[0].resting_until_ms
        assert max(until - clock.now, 0) == rest_ms, said


def test_names_without_end_that_a_wildcard_is_asked_for_are_not_all_remembered() -> None:
    health = Health(Clock())
    for number in range(MOST_REMEMBERED + 5):
        health.failed(Backend(provider("first", id=1), f"name-{number}"), "http_404")
    remembered = health.conditions()
    assert len(remembered) == MOST_REMEMBERED
    assert remembered[-1].upstream_model == f"name-{MOST_REMEMBERED + 4}"
