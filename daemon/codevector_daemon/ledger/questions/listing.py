"""Request rows, newest first."""

from collections.abc import Iterable
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from msgspec.structs import asdict, replace

from codevector_daemon.ledger.event import Series
from codevector_daemon.ledger.journal import OpenSoFar, still_open
from codevector_daemon.ledger.questions.finding import AFTER_ALL, newest
from codevector_daemon.ledger.questions.names import key_names, user_names
from codevector_daemon.ledger.selection import Only, conditions, matches
from codevector_daemon.store.schema import keys, requests, series, users
from codevector_shared.money import usd
from codevector_shared.periods import iso
from codevector_shared.protocol import Request, State

_DIMENSIONS = Series.__struct_fields__

_MANY = 2_000
"""Rows from which on they are read in one pass instead of being found one by one."""
_NO_LIMIT = (1 << 63) - 1


class Fields(Protocol):
    """Values by name: a row of the store, or a dictionary."""

    def __getitem__(self, name: str, /) -> Any:  # noqa: ANN401  # a row has all kinds
        """Return one value."""


def read_requests(
    connection: sa.Connection, zone: ZoneInfo, *, last: int | None, before: str | None, state: State | None, only: Only
) -> list[Request]:
    """Return the rows that settled last, those before the row ``before`` where it is given; all where ``last`` is None.

    An unknown ``before`` gives no rows.
    """
    border = AFTER_ALL if before is None else _seq(connection, before)
    most = _NO_LIMIT if last is None else min(last, _NO_LIMIT)
    if most > _MANY and conditions(only):
        query = joined_rows().where(requests.c.seq < border, *conditions(only))
        query = query if state is None else query.where(requests.c.state == state)
    else:
        found = newest(connection, last=most, before=border, state=state, only=only)
        query = joined_rows().where(requests.c.seq.in_(found))
    rows = connection.execute(query.order_by(requests.c.seq.desc()).limit(most)).mappings()
    return [settled_row(row, zone) for row in rows]


def joined_rows() -> sa.Select[Any]:
    """Return the SELECT of request rows with the names of what they belong to."""
    return (
        sa.select(
            requests,
            *(series.c[name] for name in _DIMENSIONS),
            users.c.name.label("user"),
            keys.c.name.label("key"),
        )
        .join_from(requests, series, requests.c.series_id == series.c.id)
        .outerjoin(users, users.c.id == series.c.user_id)
        .outerjoin(keys, keys.c.id == series.c.key_id)
    )


def _seq(connection: sa.Connection, request_id: str) -> int:
    """Return the place of a row; 0 for an unknown one, which nothing comes before."""
    return connection.execute(sa.select(requests.c.seq).where(requests.c.id == request_id)).scalar() or 0


def read_open(
    connection: sa.Connection, zone: ZoneInfo, *, here: Iterable[OpenSoFar], last: int | None, only: Only
) -> list[Request]:
    """Return what is under way, newest first: this process's from its memory, its siblings' from the journal."""
    known = {so_far.note.id: so_far for so_far in (*still_open(connection), *here)}
    wanted = [so_far for so_far in known.values() if matches(so_far.note.series, only)]
    wanted.sort(key=lambda so_far: (so_far.note.started_ms, so_far.note.id), reverse=True)
    wanted = wanted[:last]
    user_of = user_names(connection, (so_far.note.series.user_id for so_far in wanted))
    key_of = key_names(connection, (so_far.note.series.key_id for so_far in wanted))
    return [
        open_row(so_far, zone, user_of.get(so_far.note.series.user_id), key_of.get(so_far.note.series.key_id))
        for so_far in wanted
    ]


def settled_row(row: Fields, zone: ZoneInfo) -> Request:
    """Return an attempt that is over as the control API shows it: a row, with the names of its user and key."""
    return Request(
        id=row["id"],
        started_at=iso(row["started_ms"], zone),
        finished_at=iso(row["finished_ms"], zone),
        state=row["state"],
        status=row["status"],
        session=row["session"],
        agent=row["agent"],
        dialect=row["dialect"],
        stream=row["stream"],
        attempt=row["attempt"],
        parent_id=row["parent_id"],
        spend_usd=usd(row["spend_nano"]),
        usage_source=row["usage_source"],
        price_basis=row["price_basis"],
        price_version=row["price_version"],
        service_tier=row["service_tier"],
        own_login=row["own_login"],
        imported=row["imported"],
        ttft_ms=row["ttft_ms"],
        duration_ms=row["duration_ms"],
        error=row["error"],
        **_dimensions(row, row["user"], row["key"]),
        **_tokens(row),
    )


def open_row(so_far: OpenSoFar, zone: ZoneInfo, user: str | None, key: str | None) -> Request:
    """Return a call under way as the control API shows it, with its counts so far."""
    note, reported = so_far.note, so_far.counts.input > 0
    counts = so_far.counts if reported else replace(so_far.counts, uncached_input=so_far.estimated_input)
    return Request(
        id=note.id,
        started_at=iso(note.started_ms, zone),
        finished_at=None,
        state="open",
        status=None,
        session=note.session,
        agent=note.agent,
        dialect=note.dialect,
        stream=note.stream,
        attempt=note.attempt,
        parent_id=note.parent_id,
        spend_usd=usd(0),
        usage_source="reported" if reported else "estimated",
        price_basis=None,
        price_version=None,
        service_tier=None,
        own_login=note.own_login,
        imported=False,
        ttft_ms=so_far.ttft_ms,
        duration_ms=None,
        error=None,
        **_dimensions(asdict(note.series), user, key),
        **_tokens(asdict(counts)),
    )


def _dimensions(row: Fields, user: str | None, key: str | None) -> dict[str, Any]:
    absent = {name: row[name] or None for name in _DIMENSIONS if name != "user_id"}
    return {**absent, "user_id": row["user_id"], "user": user, "key": key}


def _tokens(row: Fields) -> dict[str, Any]:
    return {
        "input_tokens": row["uncached_input"] + row["cache_read"] + row["cache_write_5m"] + row["cache_write_1h"],
        "uncached_input_tokens": row["uncached_input"],
        "cached_tokens": row["cache_read"],
        "cache_write_5m_tokens": row["cache_write_5m"],
        "cache_write_1h_tokens": row["cache_write_1h"],
        "output_tokens": row["output"],
        "reasoning_tokens": row["reasoning"],
    }
