"""When clients last came back for runs whose usage is still to come, so that nobody asks for them at the same time."""

from collections.abc import Set as AbstractSet

from codevector_daemon.ledger import KeptResponse


class Sights:
    """One moment for each run, in memory alone. Owned by the event loop."""

    def __init__(self) -> None:
        self._last_ms: dict[str, int] = {}

    def note(self, response: KeptResponse, at_ms: int) -> None:
        """Note that a client asks for a run."""
        self._last_ms[response.request_id] = at_ms

    def last_ms(self, response: KeptResponse) -> int:
        """Return when a client last asked for a run; 0 where none has."""
        return self._last_ms.get(response.request_id, 0)

    def keep(self, request_ids: AbstractSet[str]) -> None:
        """Forget every run but those of these calls."""
        for gone in self._last_ms.keys() - request_ids:
            del self._last_ms[gone]
