"""The control client's calls about the ledger itself."""

from collections.abc import AsyncGenerator, Mapping
from typing import Literal

from codevector_shared.connection import Connection
from codevector_shared.ledger_protocol import LedgerHealth
from codevector_shared.protocol import Granularity

Exported = Literal["requests", "buckets"]


class LedgerCalls:
    """Mixed into the client, which owns the connection."""

    _connection: Connection

    async def ledger_health(self) -> LedgerHealth:
        """Have the ledger check itself; takes as long as reading all of it."""
        return await self._connection.call("GET", "/doctor/ledger", LedgerHealth, patient=True)

    def backup(self) -> AsyncGenerator[bytes, None]:
        """Yield a copy of the database as it is now, piece by piece."""
        return self._connection.chunks("/backup")

    def export(
        self, what: Exported, *, first: str, last: str | None = None, granularity: Granularity = "day"
    ) -> AsyncGenerator[bytes, None]:
        """Yield request rows or buckets of the days from ``first`` to ``last``, one JSON document a line."""
        query: Mapping[str, str | None] = {"what": what, "from": first, "to": last, "granularity": granularity}
        return self._connection.chunks("/export", query)
