"""Every message of the control API, as it travels: daemon to monitor, daemon to command line, and ``--json``.

Money is a decimal string in USD, a price is a decimal string in USD per million tokens, times are ISO 8601 with
offset, durations say their unit in the name, and what is absent is ``null``.
"""

from typing import Final

from codevector_shared.protocol.base import Answer, Failure, Message, Name, Problem
from codevector_shared.protocol.counts import (
    Bucket,
    Dashboard,
    Leaderboard,
    LeaderboardRow,
    Period,
    Request,
    Requests,
    Totals,
    Usage,
    UsageRow,
)
from codevector_shared.protocol.daemon import Me, Status
from codevector_shared.protocol.live import Delta, LiveMessage, Progress, Snapshot
from codevector_shared.protocol.models import (
    Backend,
    Model,
    ModelBackend,
    ModelCreate,
    ModelImport,
    ModelPatch,
    Models,
    ModelsImported,
    PriceOverride,
)
from codevector_shared.protocol.people import Key, KeyCreate, KeyCreated, Keys, User, UserCreate, UserPatch, Users
from codevector_shared.protocol.providers import (
    Health,
    Provider,
    ProviderCreate,
    ProviderPatch,
    ProviderRemoved,
    Providers,
    ProviderTest,
    Unwell,
)
from codevector_shared.protocol.words import (
    BackendState,
    By,
    Granularity,
    Metric,
    ModelKind,
    ModelStatus,
    PeriodName,
    PriceBasis,
    Role,
    State,
    UsageSource,
)

__all__ = [
    "API",
    "Answer",
    "Backend",
    "BackendState",
    "Bucket",
    "By",
    "Dashboard",
    "Delta",
    "Failure",
    "Granularity",
    "Health",
    "Key",
    "KeyCreate",
    "KeyCreated",
    "Keys",
    "Leaderboard",
    "LeaderboardRow",
    "LiveMessage",
    "Me",
    "Message",
    "Metric",
    "Model",
    "ModelBackend",
    "ModelCreate",
    "ModelImport",
    "ModelKind",
    "ModelPatch",
    "ModelStatus",
    "Models",
    "ModelsImported",
    "Name",
    "Period",
    "PeriodName",
    "PriceBasis",
    "PriceOverride",
    "Problem",
    "Progress",
    "Provider",
    "ProviderCreate",
    "ProviderPatch",
    "ProviderRemoved",
    "ProviderTest",
    "Providers",
    "Request",
    "Requests",
    "Role",
    "Snapshot",
    "State",
    "Status",
    "Totals",
    "Unwell",
    "Usage",
    "UsageRow",
    "UsageSource",
    "User",
    "UserCreate",
    "UserPatch",
    "Users",
]

API: Final = "/api/v1"
"""Where the control API lives, on the Unix socket and (the key's own view) on the gateway's listener."""
