"""The frozen values that one call passes from step to step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from codevector_daemon.dialects.base import Dialect, Head
from codevector_daemon.directory import Directory
from codevector_daemon.directory.values import Backend, Caller, Facade
from codevector_daemon.gateway.attribution import Tags
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.health import Health
from codevector_daemon.gateway.hosts import AllowedHosts
from codevector_daemon.gateway.refining import Refiner
from codevector_daemon.gateway.running import Running
from codevector_daemon.gateway.sights import Sights
from codevector_daemon.gateway.usage_option import UsageOption
from codevector_daemon.ledger import Ledger
from codevector_daemon.ledger.event import Series
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.settings import Settings

Purpose = Literal["generate", "count", "retrieve"]
"""``generate`` is metered; ``count`` (count_tokens) and ``retrieve`` (of a kept response) are only forwarded."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """All that a call needs of the daemon; built once, in compose."""

    settings: Settings
    directory: Directory
    ledger: Ledger
    prices: PriceBook
    dialer: Dialer
    running: Running
    refiner: Refiner
    usage_option: UsageOption
    health: Health
    sights: Sights
    hosts: AllowedHosts
    now_ms: Callable[[], int]


class Arrival(Struct, frozen=True):
    """A request that got past its credential: read once from the wire, all but its body."""

    id: str
    received_ms: int
    dialect: Dialect
    purpose: Purpose
    suffix: str
    """What the path names below the dialect's own, such as ``/count_tokens``; it goes upstream too."""
    target: str
    """What the path names where the model is not in the body."""
    query: bytes
    headers: HeaderMap
    caller: Caller
    own_login: bool
    tags: Tags
    method: str = "POST"

    def series(self, model: str = "", backend: Backend | None = None) -> Series:
        """Return the dimensions this call is counted under, as far as they are known."""
        return Series(
            user_id=self.caller.user_id,
            key_id=self.caller.key_id,
            client_app=self.tags.client_app,
            project=self.tags.project,
            model=model,
            provider=backend.provider.name if backend else "",
            upstream_model=backend.upstream_model if backend else "",
        )


class Call(Struct, frozen=True):
    """An admitted call. The body is decoded from its content coding."""

    arrival: Arrival
    body: bytes
    head: Head
    facade: Facade
    backend: Backend

    @property
    def id(self) -> str:
        """The id that the client, the ledger and the screen share."""
        return self.arrival.id

    @property
    def dialect(self) -> Dialect:
        """The wire protocol it came in."""
        return self.arrival.dialect

    @property
    def series(self) -> Series:
        """The dimensions it is counted under."""
        return self.arrival.series(self.facade.slug, self.backend)
