"""The tables. Times are UTC: ``*_ms`` milliseconds, bucket ``start`` seconds since 1970. Money is nano-dollars."""

import sqlalchemy as sa

metadata = sa.MetaData()

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""An integer row id: SQLite's own rowid, a big serial elsewhere."""


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    comment="Facts about this ledger: its time zone, its id, the directory's version.",
    sqlite_with_rowid=False,
)

# -- directory --------------------------------------------------------------------------------------------------------

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("suspended", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("project", sa.Text),
    sa.Column("client_app", sa.Text),
    sa.Column("scope", sa.Text, nullable=False, server_default="gateway"),
    sa.Column("allowed_models", sa.Text, comment="JSON list of slugs; NULL: every model, later ones too"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.Column("last_used_ms", sa.BigInteger),
)

providers = sa.Table(
    "providers",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("dialects", sa.Text, nullable=False, comment="JSON list"),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("credential", sa.LargeBinary, comment="sealed by the vault"),
    sa.Column("settings", sa.LargeBinary, comment="JSON sealed by the vault: region, headers, proxy; NULL: none"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)

models = sa.Table(
    "models",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("price", sa.Text, comment="JSON of the override's rates, USD per million tokens; NULL: catalogue"),
    sa.Column("free", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("context_window", sa.BigInteger),
    sa.Column("max_output", sa.BigInteger),
    sa.Column("capabilities", sa.Text, comment="JSON list; NULL: what the catalogue knows"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)

aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("model_id", sa.ForeignKey("models.id", ondelete="CASCADE"), nullable=False, index=True),
    comment="Other names of models; none is the slug of another.",
    sqlite_with_rowid=False,
)

backends = sa.Table(
    "backends",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("model_id", sa.ForeignKey("models.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("provider_id", sa.ForeignKey("providers.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("upstream_model", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("weight", sa.Integer, nullable=False, server_default="1"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False, comment="such as key.create"),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default="", comment="JSON; never a secret"),
)

# -- ledger -----------------------------------------------------------------------------------------------------------

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False, comment="0: no key of ours (an imported log)"),
    sa.Column("client_app", sa.Text, nullable=False, comment="'' where unknown, as in all that follow"),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("upstream_model", sa.Text, nullable=False),
    sa.UniqueConstraint(
        "user_id", "key_id", "client_app", "project", "model", "provider", "upstream_model", name="series_dimensions"
    ),
    comment="One row per combination of dimensions; a count refers to it by id.",
)


AMOUNTS = (
    "requests",
    "errors",
    "uncached_input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "spend_nano",
    "own_login_nano",
    "estimated_requests",
    "unpriced_requests",
    "duration_ms",
    "default_priced_requests",
)
"""What a bucket counts, in the order of its columns."""


def _tier(name: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("series_id", sa.BigInteger, primary_key=True, autoincrement=False),
        *(_count(name) for name in AMOUNTS),
        sqlite_with_rowid=False,
    )


buckets_5m = _tier("buckets_5m")
buckets_hour = _tier("buckets_hour")
buckets_day = _tier("buckets_day")
buckets_month = _tier("buckets_month")

margins = sa.Table(
    "margins",
    metadata,
    sa.Column("tier", sa.Integer, primary_key=True, autoincrement=False, comment="1 hour, 2 day, 3 month"),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="0: everyone"),
    sa.Column("dimension", sa.Integer, primary_key=True, autoincrement=False, comment="0: all series together"),
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("value", sa.Text, primary_key=True, comment="the dimension's, an id as digits"),
    *(_count(name) for name in AMOUNTS),
    comment="Sums of a tier's buckets along one dimension, so that a long window is read without its every series.",
    sqlite_with_rowid=False,
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("tier", sa.Integer, primary_key=True, autoincrement=False, comment="0 five minutes, 1 hour, 2 day"),
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger, nullable=False, comment="another one for every change"),
    comment="Buckets that changed since the next tier was computed from them: nobody reads what lies above a mark.",
    sqlite_with_rowid=False,
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    comment="Which process does the work that only one may do.",
    sqlite_with_rowid=False,
)

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("seq", Id, primary_key=True, comment="order of settling; the live stream reads on from it"),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("parent_id", sa.Text),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("series_id", sa.BigInteger, nullable=False),
    sa.Column("started_ms", sa.BigInteger, nullable=False),
    sa.Column("finished_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("session", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("dialect", sa.Text, nullable=False),
    sa.Column("stream", sa.Boolean, nullable=False),
    sa.Column("uncached_input", sa.BigInteger, nullable=False),
    sa.Column("cache_read", sa.BigInteger, nullable=False),
    sa.Column("cache_write_5m", sa.BigInteger, nullable=False),
    sa.Column("cache_write_1h", sa.BigInteger, nullable=False),
    sa.Column("output", sa.BigInteger, nullable=False),
    sa.Column("reasoning", sa.BigInteger, nullable=False),
    sa.Column("audio_input", sa.BigInteger, nullable=False),
    sa.Column("audio_output", sa.BigInteger, nullable=False),
    sa.Column("server_tool_calls", sa.BigInteger, nullable=False),
    sa.Column("extras", sa.Text, comment="JSON of what else its price rests on; NULL: the counts alone"),
    sa.Column("spend_nano", sa.BigInteger, nullable=False),
    sa.Column("usage_source", sa.Text, nullable=False),
    sa.Column("price_basis", sa.Text),
    sa.Column("price_version", sa.Text),
    sa.Column("service_tier", sa.Text),
    sa.Column("own_login", sa.Boolean, nullable=False),
    sa.Column("imported", sa.Boolean, nullable=False),
    sa.Column("ttft_ms", sa.BigInteger),
    sa.Column("duration_ms", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text),
    sa.Index("requests_by_time", "started_ms"),
    sa.Index("requests_by_series", "series_id", "state", "seq"),
    sa.Index("requests_by_parent", "parent_id", sqlite_where=sa.text("parent_id IS NOT NULL")),
    sa.Index("requests_by_state", "state", "seq"),
)

responses = sa.Table(
    "responses",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="the provider's own"),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("provider_id", sa.BigInteger, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False, comment="the call that made it"),
    sa.Column("series_id", sa.BigInteger, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("session", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("own_login", sa.Boolean, nullable=False),
    sa.Column("service_tier", sa.Text, comment="the one asked for"),
    sa.Column("counted", sa.Boolean, nullable=False, comment="false: its usage comes when it is retrieved"),
    sa.Index("responses_by_time", "created_ms"),
    comment="Which user made which of the responses that providers keep; kept as long as request rows.",
    sqlite_with_rowid=False,
)

open_requests = sa.Table(
    "open_requests",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("parent_id", sa.Text),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("series_id", sa.BigInteger, nullable=False),
    sa.Column("node", sa.Text, nullable=False, comment="the process that serves it"),
    sa.Column("started_ms", sa.BigInteger, nullable=False),
    sa.Column("session", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("dialect", sa.Text, nullable=False),
    sa.Column("stream", sa.Boolean, nullable=False),
    sa.Column("own_login", sa.Boolean, nullable=False),
    sa.Column("noted", sa.Text, nullable=False, comment="JSON of the counts so far and what they rest on"),
    comment="The journal: what is under way. A process that dies leaves its rows behind to be settled.",
    sqlite_with_rowid=False,
)

spool_batches = sa.Table(
    "spool_batches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="a frame of a spool file; here as soon as it is counted"),
    comment="Which spooled batches are counted already, so that a replay that was killed counts none twice.",
    sqlite_with_rowid=False,
)
