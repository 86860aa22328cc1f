"""The daemon itself, and who asks it."""

from codevector_shared.protocol.base import Answer
from codevector_shared.protocol.words import Role


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
