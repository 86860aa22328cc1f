"""What the control API works with; built once, in compose."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from codevector_daemon.control.live import LiveHub
from codevector_daemon.directory import Directory
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_daemon.gateway.health import Health
from codevector_daemon.gateway.upstream import Upstream
from codevector_daemon.ledger import Ledger
from codevector_daemon.ledger.questions import windows
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.store.engine import Store
from codevector_shared.protocol import Request, Status

LATEST: Final = 50
"""Finished requests in the snapshot of a live stream."""


@dataclass(frozen=True)
class Services:
    """The parts of a daemon that administration and the monitor see."""

    store: Store
    ledger: Ledger
    directory: Directory
    prices: PriceBook
    upstream: Upstream
    health: Health
    status: Callable[[], Status]
    now_ms: Callable[[], int]

    @cached_property
    def dialer(self) -> Dialer:
        """The way out to providers, as their settings want it."""
        return Dialer(self.upstream, self.now_ms)

    @cached_property
    def live(self) -> LiveHub:
        """The one hub that all readers of the live stream hang on, whichever listener they came by."""

        async def latest(user_id: int | None) -> list[Request]:
            page = await windows.requests(self.store, zone=self.ledger.zone, last=LATEST, user_id=user_id)
            return page.requests

        return LiveHub(self.ledger, self.directory, self.health, self.status, self.now_ms, latest=latest)
