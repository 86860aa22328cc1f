"""The responses that providers keep: who made which, where, and whether its usage is counted yet."""

import sqlite3
from collections import OrderedDict

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.ledger.entries import Noted, Refresh, noted_json
from codevector_daemon.ledger.event import KeptResponse, Series, UsageEvent
from codevector_daemon.ledger.journal import AT_PROVIDER, left_by
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.metering.counts import NOTHING, TokenCounts
from codevector_daemon.store import schema
from codevector_daemon.store.engine import Store

REMEMBERED = 8192
"""Responses kept in memory: those still being made, and those that wait in the spool, are nowhere else to be found."""


LATE = ".late"


def late_row(request_id: str) -> str:
    """Return the id of the row of what a call used, where that was told only at a retrieval.

    There is one such id for each call, so there can be one such row, whoever retrieves, however often.
    """
    return f"{request_id}{LATE}"


class Awaited(Struct, frozen=True):
    """A background run whose usage nobody has seen yet."""

    response: KeptResponse
    seen_ms: int
    """When its provider was last asked for it; before that, when its call ended."""

    def looked_at(self, at_ms: int) -> Refresh:
        """Return the note that its provider is asked for it now."""
        return Refresh(late_row(self.response.request_id), _noted(self.response, at_ms))


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

    async def awaited(self) -> list[Awaited]:
        """Return the runs whose usage is still to come, oldest first. Raises StoreError."""
        left = await self._store.read(lambda connection: left_by(connection, AT_PROVIDER))
        return [Awaited(one.response, one.seen_ms) for one in left if one.response is not None]

    async def find(self, response_id: str, user_id: int) -> KeptResponse | None:
        """Return a response of this user; None where there is none. Raises StoreError."""
        known = self._newest.get((response_id, user_id))
        if known is not None:
            return known
        found = await self._store.read(lambda connection: _read(connection, response_id, user_id))
        # What came meanwhile is newer than what was read.
        return self._newest.get((response_id, user_id), found)


# -- inside the writer's transaction ----------------------------------------------------------------------------------


def claim(connection: sqlite3.Connection, event: UsageEvent, *, awaited: bool) -> bool:
    """Tell whether the usage of a kept response is still to be counted; from now on it is.

    A stand-in counts only while the provider's own word is ``awaited``, which can still replace it.
    """
    place = (event.usage_of, event.series.user_id, event.parent_id)
    if connection.execute(sql.COUNTED, place).fetchone() is not None:
        return False
    if event.stand_in:
        return awaited
    connection.execute(sql.COUNT_RESPONSE, place)
    return True


def take_back(connection: sqlite3.Connection, row_id: str) -> UsageEvent | None:
    """Delete the row that stood for a usage which is reported after all; returns it as far as buckets know of it."""
    row = connection.execute(sql.STAND_IN, (row_id,)).fetchone()
    if row is None:
        return None
    connection.execute(sql.DELETE_REQUEST, (row_id,))
    parent_id, started_ms, finished_ms, state, spend_nano, source, basis, own_login = row[:8]
    return UsageEvent(
        id=row_id,
        parent_id=parent_id,
        started_ms=started_ms,
        finished_ms=finished_ms,
        state=state,
        series=Series(*row[14:]),
        dialect="",
        stream=False,
        counts=TokenCounts(*row[8:14]),
        spend_nano=spend_nano,
        usage_source=source,
        price_basis=basis,
        own_login=bool(own_login),
        usage_of="",
    )


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
    """Write down who made a response, and that its usage is awaited where it is still to come.

    An id that a provider gives anew belongs to the newest call.
    """
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
    if not response.counted:
        _await_usage(connection, response, event, series_id)


def _await_usage(connection: sqlite3.Connection, response: KeptResponse, event: UsageEvent, series_id: int) -> None:
    """Open the row that the run's usage will close, whoever is told of it."""
    connection.execute(
        sql.OPEN,
        (
            late_row(event.id),
            event.id,
            event.attempt,
            series_id,
            AT_PROVIDER,
            event.started_ms,
            event.session,
            event.agent,
            event.dialect,
            False,
            event.own_login,
            noted_json.encode(_noted(response, event.finished_ms)).decode(),
        ),
    )


def _noted(response: KeptResponse, at_ms: int) -> Noted:
    return Noted(
        estimated_input=response.estimated_input, seen_ms=at_ms, service_tier=response.service_tier, response=response
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
