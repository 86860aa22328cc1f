"""The messages of the control API that are about the ledger's own health. See ``protocol`` for what all share."""

from codevector_shared.protocol import Answer


class LedgerCheck(Answer, frozen=True):
    """One thing that was looked at; ``problems`` is empty where all is well."""

    name: str
    detail: str
    ok: bool
    problems: list[str]


class Retention(Answer, frozen=True):
    """Since when each thing is kept; ``null``: since the first call."""

    requests: str | None
    five_minutes: str | None
    hours: str | None


class LedgerHealth(Answer, kw_only=True, frozen=True):
    """What ``codevector doctor --ledger`` shows. ``waiting_buckets`` are counted, and not rolled up yet."""

    ok: bool
    checks: list[LedgerCheck]
    database: str
    database_bytes: int
    log_bytes: int
    free_bytes: int
    timezone: str
    kept_since: Retention
    waiting_buckets: int
    degraded: bool
    spooled_events: int
    damaged_spool_files: int
    folded_names: int
    recovered: str | None = None
    recovered_at: str | None = None
