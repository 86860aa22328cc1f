"""How well each backend has served lately: one that fails again and again rests, while another can serve."""

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

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
    failures: int = 0
    since_ms: int = 0
    resting_until_ms: int = 0
    last_error: str | None = None
    rests: int = 0
    """How often it was sent to rest since it last served."""


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
        known = self._conditions.get(key) or Condition(backend.provider.name, backend.upstream_model, since_ms=now)
        tried_again = key in self._probing
        self._probing.discard(key)
        condition = _after_failure(known, now, tried_again=tried_again, stated_ms=_stated_rest_ms(retry_after, now))
        if key not in self._conditions and len(self._conditions) >= MOST_REMEMBERED:
            self._conditions.pop(next(iter(self._conditions)))
        self._conditions[key] = replace(condition, last_error=error)
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


def _stated_rest_ms(retry_after: str | None, now_ms: int) -> int:
    """Return the rest that a provider asked for, cut to the longest; 0 where it asked for none."""
    return int(min(stated_ms(retry_after, now_ms) or 0, LONGEST_REST_MS))


def _after_failure(known: Condition, now: int, *, tried_again: bool, stated_ms: int) -> Condition:
    """Return what is known after one more failure.

    A rest is twice the one before it. Calls that were under way when it began, and fail too, do not lengthen it.
    """
    failures, until = known.failures + 1, now + stated_ms if stated_ms else 0
    if known.resting_until_ms > now and not tried_again:
        return replace(known, failures=failures, resting_until_ms=max(known.resting_until_ms, until))
    if failures < FAILURES_BEFORE_REST and not tried_again:
        return replace(known, failures=failures, resting_until_ms=until)
    usual = min(FIRST_REST_MS * 2 ** min(known.rests, 10), LONGEST_REST_MS)
    return replace(known, failures=failures, resting_until_ms=max(until, now + usual), rests=known.rests + 1)
