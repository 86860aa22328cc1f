"""The journal: which calls are under way, in memory for the monitor and in the store for the next process."""

import asyncio
from collections.abc import Callable

import sqlalchemy as sa
from msgspec import Struct

from codevector_daemon.ledger.entries import Entry, Noted, Refresh, noted_decoder
from codevector_daemon.ledger.event import KeptResponse, OpenRequest, Series
from codevector_daemon.metering.counts import NO_EXTRAS, NOTHING, Extras, TokenCounts
from codevector_daemon.store import schema

REFRESH_S = 2.0
"""How often the counts so far of an open request are written down."""

AT_PROVIDER = "(provider)"
"""Stands in a process's place where a call is over and its provider goes on with it; no process has such a name."""


class OpenSoFar(Struct):
    """An open request and how far it has come."""

    note: OpenRequest
    counts: TokenCounts = NOTHING
    ttft_ms: int | None = None
    estimated_input: int = 0
    service_tier: str | None = None
    extras: Extras = NO_EXTRAS
    response: KeptResponse | None = None

    def noted(self, seen_ms: int) -> Noted:
        """Return what the store is to know of it."""
        return Noted(
            self.counts,
            self.ttft_ms,
            self.estimated_input,
            seen_ms,
            self.service_tier,
            self.extras,
            self.response,
        )


class Orphan(Struct, frozen=True):
    """A call that a dead process left open, with what was last noted of it."""

    note: OpenRequest
    counts: TokenCounts
    ttft_ms: int | None
    seen_ms: int
    """When its process was last known to be alive."""
    service_tier: str | None = None
    extras: Extras = NO_EXTRAS
    response: KeptResponse | None = None

    @property
    def is_told_later(self) -> bool:
        """Whether the provider goes on with it, and tells its usage to whoever retrieves it."""
        return self.response is not None and not self.response.counted


class Journal:
    """The open requests of this process. Owned by the event loop."""

    def __init__(self, post: Callable[[Entry], None], now_ms: Callable[[], int], refresh_s: float = REFRESH_S) -> None:
        self._post = post
        self._now_ms = now_ms
        self._refresh_s = refresh_s
        self._open: dict[str, OpenSoFar] = {}
        self._changed: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def opened(self, note: OpenRequest) -> None:
        """Remember a call from its admission on."""
        self._open[note.id] = OpenSoFar(note, estimated_input=note.estimated_input, service_tier=note.service_tier)

    def progress(
        self,
        request_id: str,
        counts: TokenCounts,
        ttft_ms: int | None,
        service_tier: str | None = None,
        extras: Extras = NO_EXTRAS,
    ) -> None:
        """Take the counts so far, and what else their price rests on; they reach the store with the next refresh."""
        known = self._open.get(request_id)
        if known is not None:
            known.counts, known.extras, known.ttft_ms = counts, extras, ttft_ms
            known.service_tier = service_tier or known.service_tier
            self._mark(request_id)

    def refine(self, request_id: str, estimated_input: int) -> None:
        """Take a better estimate of the input than the one made at admission."""
        known = self._open.get(request_id)
        if known is not None:
            known.estimated_input = estimated_input
            self._mark(request_id)

    def named(self, response: KeptResponse) -> Refresh:
        """Take the response that a call is making; returns the note of it, for who cannot wait for the next refresh."""
        known = self._open[response.request_id]
        known.response = response
        self._mark(response.request_id)
        return Refresh(response.request_id, known.noted(self._now_ms()))

    def closed(self, request_id: str) -> None:
        """Forget a call that is settled, or never was admitted."""
        self._open.pop(request_id, None)
        self._changed.discard(request_id)

    def now_open(self) -> list[OpenSoFar]:
        """Return what is under way, oldest first."""
        return list(self._open.values())

    def __len__(self) -> int:
        return len(self._open)

    def close(self) -> None:
        """Stop refreshing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _mark(self, request_id: str) -> None:
        self._changed.add(request_id)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._refresh_s, self._refresh)

    def _refresh(self) -> None:
        self._timer = None
        now = self._now_ms()
        for request_id in self._changed:
            known = self._open[request_id]
            self._post(Refresh(request_id, known.noted(now)))
        self._changed.clear()


def left_by(connection: sa.Connection, node: str) -> list[Orphan]:
    """Return what a process left open, oldest first."""
    rows = connection.execute(_notes().where(schema.open_requests.c.node == node)).mappings()
    return [
        Orphan(
            note,
            noted.counts,
            noted.ttft_ms,
            max(noted.seen_ms, note.started_ms),
            noted.service_tier,
            noted.extras,
            noted.response,
        )
        for note, noted in (_noted(row) for row in rows)
    ]


def still_open(connection: sa.Connection) -> list[OpenSoFar]:
    """Return every call in the journal, whichever process serves it, oldest first."""
    rows = connection.execute(_notes().where(schema.open_requests.c.node != AT_PROVIDER)).mappings()
    return [
        OpenSoFar(
            note, noted.counts, noted.ttft_ms, noted.estimated_input, noted.service_tier, noted.extras, noted.response
        )
        for note, noted in (_noted(row) for row in rows)
    ]


def _notes() -> sa.Select[tuple[object, ...]]:
    notes, series = schema.open_requests, schema.series
    return (
        sa.select(notes, *(series.c[name] for name in Series.__struct_fields__))
        .join_from(notes, series, notes.c.series_id == series.c.id)
        .order_by(notes.c.started_ms, notes.c.id)
    )


def _noted(row: sa.RowMapping) -> tuple[OpenRequest, Noted]:
    noted = noted_decoder.decode(row["noted"])
    note = OpenRequest(
        id=row["id"],
        started_ms=row["started_ms"],
        series=Series(**{name: row[name] for name in Series.__struct_fields__}),
        dialect=row["dialect"],
        stream=row["stream"],
        session=row["session"],
        agent=row["agent"],
        parent_id=row["parent_id"],
        attempt=row["attempt"],
        own_login=row["own_login"],
        estimated_input=noted.estimated_input,
        service_tier=noted.service_tier,
    )
    return note, noted
