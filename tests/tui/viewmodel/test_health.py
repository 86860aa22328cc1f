"""How backends serve, in words."""

import pytest

from codevector_shared.periods import iso
from codevector_shared.protocol import Health, ModelBackend, Unwell
from codevector_tui.viewmodel.health import condition, of_backend, of_model, of_provider, rests, serves
from support.monitor_source import NOW, ZONE

NOW_MS = round(NOW.timestamp() * 1000)


def sick(failures: int = 3, in_ms: int | None = None, error: str | None = "http_529") -> Health:
    at = None if in_ms is None else iso(NOW_MS + in_ms, ZONE)
    return Health("failing" if in_ms is None else "resting", failures, NOW.isoformat(), at, error)


def ways(*healths: Health | None) -> list[ModelBackend]:
    return [ModelBackend(f"p{index}", "m", health=health) for index, health in enumerate(healths)]


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (None, "well"),
        (sick(1, error=None), "1 failure"),
        (sick(2), "2 failures in a row (http_529)"),
        (sick(4, 41_200), "resting after 4 failures in a row (http_529), tried again in 42 s"),
        (sick(4, 400), "resting after 4 failures in a row (http_529), tried again in 1 s"),
        (sick(4, 119_000), "resting after 4 failures in a row (http_529), tried again in 119 s"),
        (sick(4, -1), "4 failures in a row (http_529), the next call tries it again"),
        (sick(1, 5_000, "\x1b[31mred"), "resting after 1 failure ([31mred), tried again in 5 s"),
    ],
)
def test_a_backend_says_how_it_fails_and_when_it_is_tried_again(health: Health | None, said: str) -> None:
    assert condition(health, NOW_MS) == said


@pytest.mark.parametrize(
    ("backends", "said"),
    [
        (ways(), "no backend"),
        (ways(None, None), "well"),
        (ways(sick(5, 30_000)), "failing ×5"),  # noqa: RUF001 — times
        (ways(sick(1), None), "1 of 2 failing"),
        (ways(sick(3, 42_000), None), "1 of 2 rests 42 s"),
        (ways(sick(3, 42_000), sick(3, 7_000), sick(1)), "2 of 3 rest 7 s"),
        (ways(sick(3, -1), None), "1 of 2 failing"),
        ([ModelBackend("p", "m", enabled=False)], "provider disabled"),
        ([ModelBackend("p", "m", enabled=False), ModelBackend("q", "m", enabled=False)], "all providers disabled"),
        ([ModelBackend("p", "m", enabled=False), ModelBackend("q", "m")], "well"),
    ],
)
def test_a_model_says_how_many_of_its_backends_fail_or_rest(backends: list[ModelBackend], said: str) -> None:
    assert of_model(backends, NOW_MS) == said


def test_a_backend_of_a_disabled_provider_says_so() -> None:
    off = ModelBackend("p", "m", enabled=False, health=sick())
    assert (of_backend(off, NOW_MS), serves(off)) == ("provider disabled", False)
    assert (of_backend(ModelBackend("p", "m"), NOW_MS), serves(ModelBackend("p", "m"))) == ("well", True)


def test_a_provider_names_its_one_sick_backend_and_counts_several() -> None:
    def unwell(name: str, in_ms: int | None) -> Unwell:
        health = sick(3, in_ms)
        return Unwell(health.state, 3, health.failing_since, health.next_try_at, None, upstream_model=name)

    assert of_provider([], NOW_MS) == "well"
    assert of_provider([unwell("gpt", None)], NOW_MS) == "gpt failing"
    assert of_provider([unwell("gpt", 9_000)], NOW_MS) == "gpt rests 9 s"
    assert of_provider([unwell("gpt", None), unwell("o4", None)], NOW_MS) == "2 backends failing"
    assert of_provider([unwell("gpt", 9_000), unwell("o4", 3_000)], NOW_MS) == "2 backends rest 3 s"
    assert not rests(None, NOW_MS)
