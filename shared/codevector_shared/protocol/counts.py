"""What was used: totals, rows, single requests, ranks, and all that a dashboard draws."""

from msgspec import UNSET, UnsetType

from codevector_shared.protocol.base import Answer
from codevector_shared.protocol.words import Granularity, Metric, PeriodName, PriceBasis, State, UsageSource


class Period(Answer, frozen=True):
    """A window of time in the ledger's zone; ``end`` is exclusive, ``start`` is null for all time before any count."""

    name: PeriodName
    start: str | None
    end: str
    timezone: str
    recut_since: str | None = None
    """Days before this keep the cut of ``older_timezone``: the zone was changed, and finer counts were gone."""
    older_timezone: str | None = None


class Totals(Answer, kw_only=True, frozen=True):
    """What a set of calls used and cost. ``input_tokens`` = uncached + cached + cache writes."""

    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    uncached_input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    spend_usd: str = "0.000000000"
    own_login_usd: str = "0.000000000"
    estimated_requests: int = 0
    unpriced_requests: int = 0
    default_priced_requests: int = 0
    """Calls at the default rates, as nobody priced their model."""

    @property
    def unsure_requests(self) -> int:
        """Calls whose model has no price of its own: at the default rates, or without any."""
        return self.unpriced_requests + self.default_priced_requests


class UsageRow(Totals, kw_only=True, frozen=True):
    """Totals of one value of the dimension asked for; only that dimension's field is present."""

    day: str | UnsetType = UNSET
    hour: str | UnsetType = UNSET
    model: str | UnsetType | None = UNSET
    provider: str | UnsetType | None = UNSET
    project: str | UnsetType | None = UNSET
    client_app: str | UnsetType | None = UNSET
    key: str | UnsetType | None = UNSET
    key_id: int | UnsetType | None = UNSET
    user: str | UnsetType | None = UNSET
    user_id: int | UnsetType | None = UNSET


class Usage(Answer, frozen=True):
    """Totals and rows of a window, with the same elapsed span just before it (null for all time)."""

    period: Period
    totals: Totals
    previous: Totals | None
    rows: list[UsageRow]


class Request(Answer, kw_only=True, frozen=True):
    """One attempt of one call. Open requests have no ``finished_at`` and their counts so far."""

    id: str
    started_at: str
    finished_at: str | None
    state: State
    status: int | None
    user: str | None
    user_id: int
    key: str | None
    key_id: int | None
    client_app: str | None
    project: str | None
    session: str | None
    agent: str | None
    dialect: str
    model: str | None
    provider: str | None
    upstream_model: str | None
    stream: bool
    attempt: int
    parent_id: str | None
    input_tokens: int
    uncached_input_tokens: int
    cached_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    spend_usd: str
    usage_source: UsageSource
    price_basis: PriceBasis | None
    price_version: str | None
    service_tier: str | None
    own_login: bool
    imported: bool
    ttft_ms: int | None
    duration_ms: int | None
    error: str | None


class Requests(Answer, frozen=True):
    """Request rows, newest first."""

    requests: list[Request]


class LeaderboardRow(Totals, kw_only=True, frozen=True):
    """One user's place; ``tokens`` = input + output. ``previous_rank`` is null for a newcomer."""

    rank: int
    previous_rank: int | None
    user: str
    you: bool
    tokens: int


class Leaderboard(Answer, frozen=True):
    """Users ranked by one metric in a window."""

    metric: Metric
    period: Period
    rows: list[LeaderboardRow]


class Bucket(Totals, kw_only=True, frozen=True):
    """Totals of one bar of a chart; ``end`` is exclusive. Bars without calls are present with zeros."""

    start: str
    end: str


class Dashboard(Answer, kw_only=True, frozen=True):
    """All that the dashboard draws, read in one consistent moment."""

    period: Period
    granularity: Granularity
    totals: Totals
    previous: Totals | None
    buckets: list[Bucket]
    models: list[UsageRow]
    projects: list[UsageRow]
    latest: list[Request]
    p50_ms: int | None
    output_tokens_per_s: float | None
    spend_usd_per_hour: str
    month_end_usd: str | None
