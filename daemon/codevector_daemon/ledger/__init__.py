from codevector_daemon.ledger.changes import LedgerChange, Opened, Settled
from codevector_daemon.ledger.event import KeptResponse, OpenRequest, Series, UsageEvent
from codevector_daemon.ledger.journal import OpenSoFar, Orphan
from codevector_daemon.ledger.ledger import Ledger
from codevector_daemon.ledger.responses import Awaited
from codevector_daemon.ledger.upkeep.retention import Keep

__all__ = [
    "Awaited",
    "Keep",
    "KeptResponse",
    "Ledger",
    "LedgerChange",
    "OpenRequest",
    "OpenSoFar",
    "Opened",
    "Orphan",
    "Series",
    "Settled",
    "UsageEvent",
]
