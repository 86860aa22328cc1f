"""How backends serve, in words: which of them fail or rest, and in how many seconds one is tried again."""

from collections.abc import Sequence

from codevector_shared.formats import clean
from codevector_shared.protocol import Health, ModelBackend, Unwell
from codevector_tui.viewmodel.times import milliseconds

WELL = "well"


def rests(health: Health | None, now_ms: int) -> bool:
    """Tell whether a backend is resting at this moment."""
    return health is not None and health.next_try_at is not None and milliseconds(health.next_try_at) > now_ms


def condition(health: Health | None, now_ms: int) -> str:
    """Return a backend's health in full, such as ``resting after 4 failures in a row (http_529), tried in 42 s``."""
    if health is None:
        return WELL
    failures = "1 failure" if health.failures == 1 else f"{health.failures} failures in a row"
    why = f"{failures} ({clean(health.last_error, 60)})" if health.last_error else failures
    if rests(health, now_ms):
        return f"resting after {why}, tried again in {_until(health, now_ms)}"
    return f"{why}, the next call tries it again" if health.next_try_at else why


def of_backend(backend: ModelBackend, now_ms: int) -> str:
    """Return how one backend of a model serves, in full."""
    return condition(backend.health, now_ms) if backend.enabled else "provider disabled"


def serves(backend: ModelBackend) -> bool:
    """Tell whether nothing is known against a backend."""
    return backend.enabled and backend.health is None


def of_model(backends: Sequence[ModelBackend], now_ms: int) -> str:
    """Return a model's health in few words, such as ``1 of 2 rests 42 s``; a lone backend never rests."""
    if backends and not any(each.enabled for each in backends):
        return "provider disabled" if len(backends) == 1 else "all providers disabled"
    sick = [each.health for each in backends if each.health is not None]
    if not sick:
        return WELL if backends else "no backend"
    asleep = [health for health in sick if rests(health, now_ms)]
    if len(backends) == 1:
        return f"failing ×{sick[0].failures}"  # noqa: RUF001 — times
    if asleep:
        soonest = min(asleep, key=lambda health: health.next_try_at or "")
        return f"{len(asleep)} of {len(backends)} rest{'s' * (len(asleep) == 1)} {_until(soonest, now_ms)}"
    return f"{len(sick)} of {len(backends)} failing"


def of_provider(unwell: Sequence[Unwell], now_ms: int) -> str:
    """Return a provider's health in few words, such as ``gpt-5 rests 42 s`` or ``3 backends failing``."""
    if not unwell:
        return WELL
    asleep = [each for each in unwell if rests(each, now_ms)]
    if asleep:
        soonest = min(asleep, key=lambda each: each.next_try_at or "")
        who = clean(soonest.upstream_model, 40) if len(asleep) == 1 else f"{len(asleep)} backends"
        return f"{who} rest{'s' * (len(asleep) == 1)} {_until(soonest, now_ms)}"
    return f"{clean(unwell[0].upstream_model, 40)} failing" if len(unwell) == 1 else f"{len(unwell)} backends failing"


def _until(health: Health, now_ms: int) -> str:
    """Return the time to the next try in whole seconds, rounded up, so that it counts down to one."""
    assert health.next_try_at is not None
    return f"{max(1, -(-(milliseconds(health.next_try_at) - now_ms) // 1000))} s"
