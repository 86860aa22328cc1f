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
    failing(health, FAILURES_BEFORE_REST + 1)
    (condition,) = health.conditions()
    assert condition.resting_until_ms - clock.now == 2 * FIRST_REST_MS
    failing(health, 30)
    assert health.conditions()[0].resting_until_ms - clock.now == LONGEST_REST_MS


def test_the_providers_own_time_to_come_back_is_honoured() -> None:
    clock = Clock()
    health = Health(clock)
    for said, rest_ms in (
        ("7", 7_000),
        ("0.5", 500),
        (formatdate(clock.now / 1000 + 30, usegmt=True), 30_000),
        ("99999", LONGEST_REST_MS),
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
