"""What the ledger takes in: a note when a call is admitted, and one event per attempt when it is over."""

from typing import Literal

from msgspec import Struct

from codevector_daemon.metering.counts import NOTHING, Extras, TokenCounts
from codevector_shared.protocol import PriceBasis, UsageSource

FinalState = Literal["complete", "client_left", "upstream_failed", "interrupted", "rejected"]


class Series(Struct, frozen=True, omit_defaults=True):
    """The dimensions of a count. One combination gets one integer id in the store."""

    user_id: int
    key_id: int
    client_app: str = ""
    project: str = ""
    model: str = ""
    provider: str = ""
    upstream_model: str = ""


class KeptResponse(Struct, frozen=True, omit_defaults=True):
    """A response that a provider keeps under an id, for the user who made it to retrieve and to go on from."""

    id: str
    provider_id: int
    request_id: str
    """The call that made it."""
    series: Series
    created_ms: int
    session: str | None = None
    agent: str | None = None
    own_login: bool = False
    service_tier: str | None = None
    """The one asked for."""
    counted: bool = True
    """False while its usage is still to come: a background run reports it only to whoever retrieves it."""
    estimated_input: int = 0
    """What the call's prompt is taken to count, should the usage never come."""


class OpenRequest(Struct, frozen=True, omit_defaults=True):
    """An admitted call, noted before the head of its answer is released. Times are milliseconds since 1970, UTC."""

    id: str
    started_ms: int
    series: Series
    dialect: str
    stream: bool
    session: str | None = None
    agent: str | None = None
    parent_id: str | None = None
    attempt: int = 1
    own_login: bool = False
    estimated_input: int = 0
    service_tier: str | None = None
    """The tier that was asked for."""


class UsageEvent(Struct, frozen=True, omit_defaults=True):
    """One attempt of one call, over and priced. Money is nano-dollars."""

    id: str
    started_ms: int
    finished_ms: int
    state: FinalState
    series: Series
    dialect: str
    stream: bool
    counts: TokenCounts = NOTHING
    spend_nano: int = 0
    usage_source: UsageSource = "none"
    price_basis: PriceBasis | None = None
    price_version: str | None = None
    service_tier: str | None = None
    status: int | None = None
    session: str | None = None
    agent: str | None = None
    parent_id: str | None = None
    attempt: int = 1
    own_login: bool = False
    imported: bool = False
    ttft_ms: int | None = None
    error: str | None = None
    extras: Extras | None = None
    """What the price rests on besides the counts, where there is such; kept so that it can be worked out again."""
    response: KeptResponse | None = None
    """What the call made, where the provider keeps it."""
    usage_of: str | None = None
    """The id of a kept response whose usage this is, reported when it was retrieved. It is counted only once."""
    stand_in: bool = False
    """Whether this is what is left to say of such a usage that nobody was told. The provider's own word replaces it."""

    @property
    def duration_ms(self) -> int:
        """From the request's arrival to its settling."""
        return max(0, self.finished_ms - self.started_ms)
