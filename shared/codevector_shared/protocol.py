"""Every message of the control API, as it travels: daemon to monitor, daemon to command line, and ``--json``.

Money is a decimal string in USD, a price is a decimal string in USD per million tokens, times are ISO 8601 with
offset, durations say their unit in the name, and what is absent is ``null``.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

API = "/api/v1"
"""Where the control API lives, on the Unix socket and (the key's own view) on the gateway's listener."""

State = Literal["open", "complete", "client_left", "upstream_failed", "interrupted", "rejected"]
UsageSource = Literal["reported", "estimated", "none"]
PriceBasis = Literal["catalogue", "override", "provider", "default", "free", "unpriced"]
PeriodName = Literal["today", "7d", "30d", "90d", "all", "custom"]
By = Literal["day", "hour", "model", "provider", "project", "client_app", "key", "user"]
Granularity = Literal["5m", "hour", "day", "week", "month"]
Metric = Literal["tokens", "spend", "requests"]
ModelKind = Literal["chat", "embedding"]
ModelStatus = Literal["draft", "active", "disabled"]
BackendState = Literal["failing", "resting"]
Role = Literal["owner", "admin", "member"]

Name = Annotated[str, Meta(min_length=1, max_length=128)]


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """A request body: what it does not know is refused, with the field named."""


class Answer(Struct, frozen=True):
    """An answer: a newer daemon may add fields, an older client ignores them."""


# -- errors -----------------------------------------------------------------------------------------------------------


class Problem(Answer, frozen=True):
    """What went wrong, and what to do about it."""

    code: str
    message: str
    hint: str | None = None


class Failure(Answer, frozen=True):
    """The body of every control answer that is not 2xx."""

    error: Problem


# -- the daemon -------------------------------------------------------------------------------------------------------


class Status(Answer, frozen=True):
    """What ``codevector status`` reports; providers, models and open_requests are counts.

    What is about the machine alone is null where the holder of a key asks.
    """

    version: str
    pid: int | None
    gateway_url: str
    socket: str | None
    database: str | None
    uptime_s: float
    providers: int
    models: int
    open_requests: int
    users: int
    keys: int
    timezone: str
    demo: bool = False
    degraded: bool = False
    spooled_events: int = 0
    trouble: str | None = None
    """Why the database refuses, while it does."""
    folded_names: int = 0
    """Names of projects, apps and models counted as ``other`` since the start, because their day had too many."""
    recovered: str | None = None
    """What happened, where the database was found damaged and a new one was started."""
    recovered_at: str | None = None
    damaged_spool_files: int = 0
    """Files of the spool that were set aside because a part of them could not be read, and are still there."""
    recut_since: str | None = None
    """Days before this keep the cut of ``older_timezone``: the zone was changed, and finer counts were gone."""
    older_timezone: str | None = None
    resting_backends: int = 0
    """Backends that failed again and again and get no calls for now, where others can serve."""


class Me(Answer, frozen=True):
    """Who the caller of the control API is: the owner on the socket, the key's user over TCP."""

    user: str
    user_id: int
    role: Role
    admin: bool
    gateway_url: str


# -- providers --------------------------------------------------------------------------------------------------------


class ProviderCreate(Message, frozen=True):
    """A new upstream service; the credential is read once, encrypted, and never given out again.

    ``headers`` go out with every call, ``proxy`` is the way to it, ``ca_file`` names certificates to trust beside the
    machine's own. Their values, like the credential, are never given out again.
    """

    name: Name
    kind: str
    base_url: str | None = None
    dialects: list[str] | None = None
    credential: str | None = None
    organisation: str | None = None
    project: str | None = None
    region: str | None = None
    api_version: str | None = None
    headers: dict[str, str] | None = None
    proxy: str | None = None
    ca_file: str | None = None
    own_login: bool = False
    """A client's own login may be shown to it, where it speaks the client's dialect; for the kind ``custom`` alone."""


class ProviderPatch(Message, frozen=True):
    """What may change of a provider; ``null`` takes a setting away, for ``base_url`` it means the kind's own.

    ``headers`` names those to change: a value sets one, ``null`` takes it away, the others stay.
    """

    enabled: bool | UnsetType = UNSET
    base_url: str | UnsetType | None = UNSET
    dialects: list[str] | UnsetType | None = UNSET
    credential: str | UnsetType | None = UNSET
    organisation: str | UnsetType | None = UNSET
    project: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    api_version: str | UnsetType | None = UNSET
    headers: dict[str, str | None] | UnsetType = UNSET
    proxy: str | UnsetType | None = UNSET
    ca_file: str | UnsetType | None = UNSET
    own_login: bool | UnsetType = UNSET


class Health(Answer, frozen=True):
    """How a backend fails: ``failures`` calls in a row since ``failing_since``, the last one with ``last_error``.

    One that is ``resting`` gets calls only where no other backend can serve, and one call to try it at ``next_try_at``.
    """

    state: BackendState
    failures: int
    failing_since: str
    next_try_at: str | None
    last_error: str | None


class Unwell(Health, kw_only=True, frozen=True):
    """A backend that has failed since it last served."""

    upstream_model: str


class Provider(Answer, frozen=True):
    """An upstream service. Of extra headers only the names are shown, of the proxy only the address."""

    name: str
    kind: str
    base_url: str
    dialects: list[str]
    enabled: bool
    has_credential: bool
    created_at: str
    organisation: str | None = None
    project: str | None = None
    region: str | None = None
    api_version: str | None = None
    headers: list[str] = []
    proxy: str | None = None
    ca_file: str | None = None
    own_login: bool = False
    models: list[str] = []
    """The slugs that it is a backend of."""
    credential_lost: bool = False
    """What is stored cannot be decrypted, so the provider counts as disabled until it gets a new credential."""
    unwell: list[Unwell] = []
    """Those of its backends that have failed since they last served."""


class ProviderRemoved(Answer, frozen=True):
    """What a provider was a backend of when it was removed: models that lost one of several, or their last."""

    removed: str
    lost_a_backend: list[str]
    lost_their_last: list[str]


class Providers(Answer, frozen=True):
    """All providers."""

    providers: list[Provider]


class ProviderTest(Answer, frozen=True):
    """What a real cheap call to a provider gave."""

    name: str
    ok: bool
    message: str
    status: int | None = None
    latency_ms: int | None = None
    models: int | None = None


# -- models -----------------------------------------------------------------------------------------------------------


class Backend(Struct, frozen=True):
    """One way to serve a model facade."""

    provider: str
    upstream_model: str
    priority: int = 0
    weight: int = 1


class ModelBackend(Backend, frozen=True):
    """One way to serve a model facade, as it is now; ``health`` is null where nothing is wrong with it."""

    health: Health | None = None
    enabled: bool = True
    """Whether its provider takes calls; a model with no such backend cannot be called."""


class PriceOverride(Struct, frozen=True):
    """Rates in USD per million tokens that override the catalogue; left out: cached = input, writes = input."""

    input_price: str
    output_price: str
    cached_price: str | None = None
    cache_write_price: str | None = None
    cache_write_1h_price: str | None = None


class ModelCreate(Message, frozen=True):
    """A new model facade.

    One ``*`` in the slug makes it a wildcard: it answers to every name of that form which no other model has, and a
    backend's upstream model ``*`` stands for the very name that was asked for.
    """

    slug: Name
    backends: list[Backend]
    kind: ModelKind | None = None
    """Left out: ``embedding`` where the backends say so by their names or can do nothing else, otherwise ``chat``."""
    display_name: str | None = None
    price: PriceOverride | None = None
    free: bool = False
    context_window: int | None = None
    max_output: int | None = None
    status: ModelStatus = "active"
    aliases: list[str] = []
    capabilities: list[str] | None = None


class ModelPatch(Message, frozen=True):
    """What may change of a model facade; ``null`` goes back to the catalogue."""

    kind: ModelKind | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    status: ModelStatus | UnsetType = UNSET
    backends: list[Backend] | UnsetType = UNSET
    price: PriceOverride | UnsetType | None = UNSET
    free: bool | UnsetType = UNSET
    context_window: int | UnsetType | None = UNSET
    max_output: int | UnsetType | None = UNSET
    aliases: list[str] | UnsetType = UNSET
    capabilities: list[str] | UnsetType | None = UNSET


class Model(Answer, frozen=True):
    """A model facade with the rates that apply to it now, in USD per million tokens (``null``: unknown)."""

    slug: str
    display_name: str
    kind: ModelKind
    status: ModelStatus
    backends: list[ModelBackend]
    provider: str | None
    input_price: str | None
    output_price: str | None
    cached_price: str | None
    cache_write_price: str | None
    cache_write_1h_price: str | None
    price_basis: PriceBasis
    context_window: int | None
    max_output: int | None
    capabilities: list[str]
    created_at: str
    aliases: list[str] = []
    wildcard: bool = False


class Models(Answer, frozen=True):
    """The model facades: all of them, or those a key may call."""

    models: list[Model]


class ModelImport(Message, frozen=True):
    """Ask for facades of the models that a provider lists; ``only`` are names or patterns with ``*``."""

    provider: str
    only: list[str] = []
    dry_run: bool = False
    """Say what would be added, and add nothing."""


class ModelsImported(Answer, frozen=True):
    """Which slugs an import made (or would make), and which it left alone because they exist."""

    added: list[str]
    kept: list[str]
    source: Literal["provider", "catalogue", "sandbox"] = "provider"
    """Whose list it was; the catalogue's where the provider has none or could not be asked, which ``note`` says."""
    unknown: list[str] = []
    """Of those added, the ones that the price catalogue does not know."""
    gone: list[str] = []
    """Models set up for this provider that its own list does not hold any more."""
    skipped: int = 0
    """Listed models that neither chat nor embed, such as speech and pictures."""
    note: str | None = None
    dry_run: bool = False


# -- users and keys ---------------------------------------------------------------------------------------------------


class UserCreate(Message, frozen=True):
    """A new user."""

    name: Name
    role: Role = "member"


class UserPatch(Message, frozen=True):
    """What may change of a user."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    suspended: bool | UnsetType = UNSET


class User(Answer, frozen=True):
    """A person (or robot) whose calls are counted together."""

    id: int
    name: str
    role: Role
    status: Literal["active", "suspended"]
    keys: int
    created_at: str


class Users(Answer, frozen=True):
    """All users."""

    users: list[User]


class KeyCreate(Message, frozen=True):
    """A new gateway key."""

    name: str | None = None
    user: str | None = None
    project: str | None = None
    client_app: str | None = None
    expires_at: str | None = None
    allowed_models: list[str] | None = None
    scope: Literal["gateway", "console"] = "gateway"


class Key(Answer, frozen=True):
    """A gateway key without its secret."""

    id: int
    name: str
    prefix: str
    status: Literal["active", "revoked", "expired"]
    user: str
    user_id: int
    project: str | None
    client_app: str | None
    scope: Literal["gateway", "console"]
    allowed_models: list[str] | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class KeyCreated(Key, kw_only=True, frozen=True):
    """A new key with its secret: the only time it is shown."""

    key: str


class Keys(Answer, frozen=True):
    """The gateway keys."""

    keys: list[Key]


# -- counts -----------------------------------------------------------------------------------------------------------


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


# -- the live stream --------------------------------------------------------------------------------------------------


class Progress(Answer, frozen=True):
    """How far an open request has come."""

    id: str
    output_tokens: int
    ttft_ms: int | None


class Snapshot(Answer, kw_only=True, tag_field="type", tag="snapshot", frozen=True):
    """The first message of the live stream: what is open now and what finished last (newest first)."""

    seq: int
    at: str
    status: Status
    open: list[Request]
    latest: list[Request]
    repricings: int = 0


class Delta(Answer, kw_only=True, tag_field="type", tag="delta", frozen=True):
    """What changed since the message numbered ``seq - 1``; empty ones arrive as a heartbeat.

    ``directory_version`` moves when providers, models, keys or users changed and must be read again, ``health_version``
    when a backend failed, or served again, ``repricings`` when finished calls got other prices, so that only a new
    snapshot and new sums tell the truth. ``status`` is there when more of it changed than its counts.
    """

    seq: int
    at: str
    opened: list[Request]
    progress: list[Progress]
    settled: list[Request]
    directory_version: int
    degraded: bool
    spooled_events: int
    health_version: int = 0
    status: Status | None = None
    repricings: int = 0


LiveMessage = Snapshot | Delta
