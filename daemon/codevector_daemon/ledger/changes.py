"""What the ledger tells listeners of its own process, after the change is durable."""

import logging
from collections.abc import Callable

from msgspec import Struct

from codevector_daemon.ledger.event import OpenRequest, UsageEvent

log = logging.getLogger(__name__)


class Opened(Struct, frozen=True):
    """A call is under way."""

    note: OpenRequest


class Settled(Struct, frozen=True):
    """An attempt is over. ``seq`` is its row's; None while it waits in the spool."""

    event: UsageEvent
    seq: int | None


LedgerChange = Opened | Settled
Listener = Callable[[LedgerChange], None]


class Listeners:
    """Who wants to know. All on the event loop."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` for every change from now on; returns the function that ends it."""
        ticket = object()
        self._listeners[ticket] = listener

        def end() -> None:
            self._listeners.pop(ticket, None)

        return end

    def tell(self, change: LedgerChange) -> None:
        """Pass a change on; one listener's failure is nobody else's."""
        for listener in tuple(self._listeners.values()):
            try:
                listener(change)
            except Exception:
                log.exception("a listener of the ledger failed")
