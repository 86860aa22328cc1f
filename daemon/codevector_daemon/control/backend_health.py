"""How backends have served lately, as the control API shows it."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from codevector_daemon.directory.naming import ASKED, Pattern
from codevector_daemon.directory.values import Backend, Facade
from codevector_daemon.gateway.health import Condition
from codevector_shared.periods import iso
from codevector_shared.protocol import BackendState, Health, ModelBackend, Unwell


def unwell(provider: str, conditions: Iterable[Condition], zone: ZoneInfo) -> list[Unwell]:
    """Return those backends of a provider that have failed since they last served."""
    found = sorted((one for one in conditions if one.provider == provider), key=lambda one: one.upstream_model)
    return [
        Unwell(
            upstream_model=one.upstream_model,
            state=_state(one),
            failures=one.failures,
            failing_since=iso(one.since_ms, zone),
            next_try_at=_next_try(one, zone),
            last_error=one.last_error,
        )
        for one in found
    ]


def backends(facade: Facade, conditions: Sequence[Condition], zone: ZoneInfo) -> list[ModelBackend]:
    """Return a facade's backends with their health."""
    return [
        ModelBackend(
            way.provider.name,
            way.upstream_model,
            way.priority,
            way.weight,
            health=_health(_worst(facade, way, conditions), zone),
            enabled=way.provider.enabled,
        )
        for way in facade.backends
    ]


def _worst(facade: Facade, way: Backend, conditions: Iterable[Condition]) -> Condition | None:
    """Return the condition of a backend; of a wildcard's, the worst of those of all names that it answers to."""
    pattern = Pattern.of(facade.slug)
    found = [
        one
        for one in conditions
        if one.provider == way.provider.name
        and (
            one.upstream_model == way.upstream_model
            or (way.upstream_model == ASKED and pattern.fits(one.upstream_model))
        )
    ]
    return max(found, key=lambda one: (one.resting_until_ms, one.failures), default=None)


def _health(condition: Condition | None, zone: ZoneInfo) -> Health | None:
    if condition is None:
        return None
    return Health(
        state=_state(condition),
        failures=condition.failures,
        failing_since=iso(condition.since_ms, zone),
        next_try_at=_next_try(condition, zone),
        last_error=condition.last_error,
    )


def _state(condition: Condition) -> BackendState:
    return "resting" if condition.resting_until_ms else "failing"


def _next_try(condition: Condition, zone: ZoneInfo) -> str | None:
    return iso(condition.resting_until_ms, zone) if condition.resting_until_ms else None
