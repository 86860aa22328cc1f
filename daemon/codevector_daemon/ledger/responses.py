"""The responses that providers keep: who made which, where, and whether its usage is counted yet."""

import sqlite3
from collections import OrderedDict

import sqlalchemy as sa
from msgspec.structs import replace

from codevector_daemon.ledger.event import KeptResponse, Series, UsageEvent
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.metering.counts import NOTHING
from codevector_daemon.store import schema
from codevector_daemon.store.engine import Store

REMEMBERED = 8192
"""Responses kept in memory: those still being made, and those that wait in the spool, are nowhere else to be found."""


def late_row(request_id: str) -> str:
    """Return the id of the row of what a call used, where that was told only at a retrieval.

    There is one such id for each call, so there can be one such row, whoever retrieves, however often.
    """
    return f"{request_id}.late"


class Responses:
    """Finds responses by their id, each for the user who made it. Owned by the event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._newest: OrderedDict[tuple[str, int], KeptResponse] = OrderedDict()

    def note(self, response: KeptResponse) -> None:
        """Know a response from now on; what was counted once stays counted."""
        place = (response.id, response.series.user_id)
        known = self._newest.get(place)
        if known is not None and known.counted and known.request_id == response.request_id:
            response = known
        self._newest[place] = response
        self._newest.move_to_end(place)
        if len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)

    async def find(self, response_id: str, user_id: int) -> KeptResponse | None:
        """Return a response of this user; None where there is none. Raises StoreError."""
        known = self._newest.get((response_id, user_id))
        if known is not None:
            return known
        found = await self._store.read(lambda connection: _read(connection, response_id, user_id))
        # What came meanwhile is newer than what was read.
        return self._newest.get((response_id, user_id), found)


# -- inside the writer's transaction ----------------------------------------------------------------------------------


def claim(connection: sqlite3.Connection, event: UsageEvent) -> bool:
    """Tell whether the usage in a retrieved response is still to be counted; from now on it is."""
    place = (event.usage_of, event.series.user_id, event.parent_id)
    if connection.execute(sql.COUNTED, place).fetchone() is not None:
        return False
    connection.execute(sql.COUNT_RESPONSE, place)
    return True


def settled(connection: sqlite3.Connection, event: UsageEvent, response: KeptResponse) -> UsageEvent:
    """Return the event of the call that made a response, without the usage where a retrieval was quicker to tell it."""
    if connection.execute(sql.LATE_ROW, (late_row(event.id),)).fetchone() is None:
        return event
    return replace(
        event,
        response=replace(response, counted=True),
        counts=NOTHING,
        spend_nano=0,
        usage_source="none",
        price_basis=None,
        price_version=None,
        extras=None,
    )


def keep(connection: sqlite3.Connection, response: KeptResponse, event: UsageEvent, series_id: int) -> None:
    """Write down who made a response; an id that a provider gives anew belongs to the newest call."""
    connection.execute(
        sql.KEEP_RESPONSE,
        (
            response.id,
            event.series.user_id,
            response.provider_id,
            event.id,
            series_id,
            event.started_ms,
            event.session,
            event.agent,
            event.own_login,
            response.service_tier,
            response.counted,
        ),
    )


def _read(connection: sa.Connection, response_id: str, user_id: int) -> KeptResponse | None:
    table, series = schema.responses, schema.series
    query = (
        sa.select(table, *(series.c[name] for name in Series.__struct_fields__ if name != "user_id"))
        .join_from(table, series, table.c.series_id == series.c.id)
        .where(table.c.id == response_id, table.c.user_id == user_id)
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return KeptResponse(
        id=row["id"],
        provider_id=row["provider_id"],
        request_id=row["request_id"],
        series=Series(**{name: row[name] for name in Series.__struct_fields__}),
        created_ms=row["created_ms"],
        session=row["session"],
        agent=row["agent"],
        own_login=row["own_login"],
        service_tier=row["service_tier"],
        counted=row["counted"],
    )
