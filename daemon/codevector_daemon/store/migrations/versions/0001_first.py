"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _amounts() -> list[sa.Column[int]]:
    names = (
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
    )
    return [sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in names]


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False, comment="such as key.create"),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False, comment="JSON; never a secret"),
        sa.PrimaryKeyConstraint("id"),
    )
    for tier in ("buckets_5m", "buckets_hour", "buckets_day", "buckets_month"):
        op.create_table(
            tier,
            sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
            *_amounts(),
            sa.PrimaryKeyConstraint("start", "series_id"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="Which process does the work that only one may do.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "margins",
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False, comment="1 hour, 2 day, 3 month"),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="0: everyone"),
        sa.Column("dimension", sa.Integer(), autoincrement=False, nullable=False, comment="0: all series together"),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False, comment="the dimension's, an id as digits"),
        *_amounts(),
        sa.PrimaryKeyConstraint("tier", "user_id", "dimension", "start", "value"),
        comment="Sums of a tier's buckets along one dimension, so that a long window is read without its every series.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "marks",
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False, comment="0 five minutes, 1 hour, 2 day"),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="another one for every change"),
        sa.PrimaryKeyConstraint("tier", "start"),
        comment="Buckets that changed since the next tier was computed from them: nobody reads what lies above a mark.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="Facts about this ledger: its time zone, its id, the directory's version.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "models",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "price",
            sa.Text(),
            nullable=True,
            comment="JSON of the override's rates, USD per million tokens; NULL: catalogue",
        ),
        sa.Column("free", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("context_window", sa.BigInteger(), nullable=True),
        sa.Column("max_output", sa.BigInteger(), nullable=True),
        sa.Column("capabilities", sa.Text(), nullable=True, comment="JSON list; NULL: what the catalogue knows"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "open_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False, comment="the process that serves it"),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("stream", sa.Boolean(), nullable=False),
        sa.Column("own_login", sa.Boolean(), nullable=False),
        sa.Column("noted", sa.Text(), nullable=False, comment="JSON of the counts so far and what they rest on"),
        sa.PrimaryKeyConstraint("id"),
        comment="The journal: what is under way. A process that dies leaves its rows behind to be settled.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "providers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("dialects", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("1"), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=True, comment="sealed by the vault"),
        sa.Column(
            "settings",
            sa.LargeBinary(),
            nullable=True,
            comment="JSON sealed by the vault: region, headers, proxy; NULL: none",
        ),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "requests",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="order of settling; the live stream reads on from it",
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("stream", sa.Boolean(), nullable=False),
        sa.Column("uncached_input", sa.BigInteger(), nullable=False),
        sa.Column("cache_read", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_5m", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_1h", sa.BigInteger(), nullable=False),
        sa.Column("output", sa.BigInteger(), nullable=False),
        sa.Column("reasoning", sa.BigInteger(), nullable=False),
        sa.Column("audio_input", sa.BigInteger(), nullable=False),
        sa.Column("audio_output", sa.BigInteger(), nullable=False),
        sa.Column("server_tool_calls", sa.BigInteger(), nullable=False),
        sa.Column(
            "extras", sa.Text(), nullable=True, comment="JSON of what else its price rests on; NULL: the counts alone"
        ),
        sa.Column("spend_nano", sa.BigInteger(), nullable=False),
        sa.Column("usage_source", sa.Text(), nullable=False),
        sa.Column("price_basis", sa.Text(), nullable=True),
        sa.Column("price_version", sa.Text(), nullable=True),
        sa.Column("service_tier", sa.Text(), nullable=True),
        sa.Column("own_login", sa.Boolean(), nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("ttft_ms", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(
        "requests_by_parent", "requests", ["parent_id"], unique=False, sqlite_where=sa.text("parent_id IS NOT NULL")
    )
    op.create_index("requests_by_series", "requests", ["series_id", "state", "seq"], unique=False)
    op.create_index("requests_by_state", "requests", ["state", "seq"], unique=False)
    op.create_index("requests_by_time", "requests", ["started_ms"], unique=False)
    op.create_table(
        "responses",
        sa.Column("id", sa.Text(), nullable=False, comment="the provider's own"),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False, comment="the call that made it"),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("own_login", sa.Boolean(), nullable=False),
        sa.Column("service_tier", sa.Text(), nullable=True, comment="the one asked for"),
        sa.Column("counted", sa.Boolean(), nullable=False, comment="false: its usage comes when it is retrieved"),
        sa.PrimaryKeyConstraint("id", "user_id"),
        comment="Which user made which of the responses that providers keep; kept as long as request rows.",
        sqlite_with_rowid=False,
    )
    op.create_index("responses_by_time", "responses", ["created_ms"], unique=False)
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False, comment="0: no key of ours (an imported log)"),
        sa.Column("client_app", sa.Text(), nullable=False, comment="'' where unknown, as in all that follow"),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("upstream_model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "user_id",
            "key_id",
            "client_app",
            "project",
            "model",
            "provider",
            "upstream_model",
            name="series_dimensions",
        ),
        comment="One row per combination of dimensions; a count refers to it by id.",
    )
    op.create_table(
        "spool_batches",
        sa.Column("id", sa.Text(), nullable=False, comment="a frame of a spool file; here as soon as it is counted"),
        sa.PrimaryKeyConstraint("id"),
        comment="Which spooled batches are counted already, so that a replay that was killed counts none twice.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "aliases",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alias"),
        comment="Other names of models; none is the slug of another.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_aliases_model_id"), "aliases", ["model_id"], unique=False)
    op.create_table(
        "backends",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("upstream_model", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("weight", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_backends_model_id"), "backends", ["model_id"], unique=False)
    op.create_index(op.f("ix_backends_provider_id"), "backends", ["provider_id"], unique=False)
    op.create_table(
        "keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("client_app", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), server_default="gateway", nullable=False),
        sa.Column(
            "allowed_models", sa.Text(), nullable=True, comment="JSON list of slugs; NULL: every model, later ones too"
        ),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_keys_user_id"), "keys", ["user_id"], unique=False)
