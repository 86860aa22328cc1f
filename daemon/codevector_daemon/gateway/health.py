"""How well each backend has served lately: one that fails again and again rests, while another can serve."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from codevector_daemon.directory.values import Backend
from codevector_daemon.gateway.repeating import stated_ms

FAILURES_BEFORE_REST = 3
"""So many in a row; a provider that names a time to come back rests at once."""
FIRST_REST_MS = 5_000
LONGEST_REST_MS = 120_000
MOST_REMEMBERED = 1_000
"""Backends; a wildcard has one for every name that anybody asks it for."""
Key = tuple[int, str]


class Condition(Struct, frozen=True):
    """What is known of one backend. Times are milliseconds since 1970, UTC; 0: it is not resting.

    ``since_ms`` is when the first of its ``failures`` in a row was.
    """

    provider: str
    upstream_model: str
    failures: int
    since_ms: int
    resting_until_ms: int
    last_error: str | None


class Health:
    """Remembers failures; owned by the event loop's thread. After its rest a backend is tried with one call first."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._conditions: dict[Key, Condition] = {}
        self._probing: set[Key] = set()
        self.changes = 0
        """Moves with every failure, and with every success after one."""

    def in_order(self, backends: Iterable[Backend]) -> list[Backend]:
        """Put those that rest, or are being probed, behind the others, the one that rests shortest first."""
        now = self._now_ms()
        ready: list[Backend] = []
        resting: list[Backend] = []
        for backend in backends:
            (resting if self._is_resting(_key(backend), now) else ready).append(backend)
        resting.sort(key=lambda backend: self._conditions[_key(backend)].resting_until_ms)
        return ready + resting

    def begun(self, backend: Backend) -> None:
        """Note a call to a backend; the first one after its rest is the probe."""
        if _key(backend) in self._conditions and self._conditions[_key(backend)].resting_until_ms:
            self._probing.add(_key(backend))

    def succeeded(self, backend: Backend) -> None:
        """Forget a backend's failures."""
        self._probing.discard(_key(backend))
        if self._conditions.pop(_key(backend), None) is not None:
            self.changes += 1

    def failed(self, backend: Backend, error: str, retry_after: str | None = None) -> None:
        """Count a failure; ``retry_after`` is the provider's own word on when to come back."""
        key, now = _key(backend), self._now_ms()
        self._probing.discard(key)
        known = self._conditions.get(key)
        failures = known.failures + 1 if known is not None else 1
        rest_ms = _rest_ms(retry_after, now)
        if rest_ms is None and failures >= FAILURES_BEFORE_REST:
            rest_ms = min(FIRST_REST_MS * 2 ** (failures - FAILURES_BEFORE_REST), LONGEST_REST_MS)
        until = now + rest_ms if rest_ms else 0
        if known is None and len(self._conditions) >= MOST_REMEMBERED:
            self._conditions.pop(next(iter(self._conditions)))
        since = known.since_ms if known is not None else now
        self._conditions[key] = Condition(backend.provider.name, backend.upstream_model, failures, since, until, error)
        self.changes += 1

    def abandoned(self, backend: Backend) -> None:
        """Let another call be the probe: this one ended before it could tell anything."""
        self._probing.discard(_key(backend))

    def conditions(self) -> list[Condition]:
        """Return what is known of every backend that has failed since it last served."""
        return list(self._conditions.values())

    @property
    def resting(self) -> int:
        """How many backends get no calls now, where others can serve."""
        now = self._now_ms()
        return sum(self._is_resting(key, now) for key in self._conditions)

    def _is_resting(self, key: Key, now: int) -> bool:
        condition = self._conditions.get(key)
        return condition is not None and (condition.resting_until_ms > now or key in self._probing)


def _key(backend: Backend) -> Key:
    return backend.provider.id, backend.upstream_model


def _rest_ms(retry_after: str | None, now_ms: int) -> int | None:
    """Return the rest that a provider asked for, cut to the longest; ``None`` where it asked for none."""
    stated = stated_ms(retry_after, now_ms)
    return None if stated is None else int(min(stated, LONGEST_REST_MS))
