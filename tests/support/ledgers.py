"""Events, notes and running ledgers on real files."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from codevector_daemon.ledger import Ledger, OpenRequest, Orphan, Series, UsageEvent
from codevector_daemon.ledger.orphans import unpriced
from codevector_daemon.ledger.writing.connection import Durability
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.store.engine import Store
from codevector_daemon.store.schema import buckets_5m, keys, users

NOON_MS = 1_767_960_000_000
"""2026-01-09T12:00Z."""

ANA = Series(user_id=1, key_id=1, client_app="codex", project="api", model="m", provider="p", upstream_model="m-1")
IMPATIENT_S = 0.05
"""A patience for who tests what becomes of calls while the store is locked; others would spool on a busy machine."""

COUNTS = TokenCounts(uncached_input=10, cache_read=20, cache_write_5m=3, cache_write_1h=4, output=50, reasoning=6)


def an_event(request_id: str, *, series: Series = ANA, started_ms: int = NOON_MS, **changes: Any) -> UsageEvent:
    """Make a complete, reported and priced event; ``changes`` replace its fields."""
    event = UsageEvent(
        id=request_id,
        started_ms=started_ms,
        finished_ms=started_ms + 1_000,
        state="complete",
        series=series,
        dialect="chat",
        stream=True,
        counts=COUNTS,
        spend_nano=1_000,
        usage_source="reported",
        price_basis="catalogue",
        price_version="v1",
        status=200,
        ttft_ms=200,
    )
    return msgspec.structs.replace(event, **changes)


def a_note(request_id: str, *, series: Series = ANA, started_ms: int = NOON_MS, **changes: Any) -> OpenRequest:
    """Make the note of an admitted call."""
    note = OpenRequest(request_id, started_ms, series, "chat", stream=True, estimated_input=7)
    return msgspec.structs.replace(note, **changes)


def wall_ms() -> int:
    """Return the time now."""
    return time.time_ns() // 1_000_000


async def make_people(store: Store) -> None:
    """Write two users with a key each: ana (1) and ben (2)."""

    def write(connection: sa.Connection) -> None:
        for number, name in enumerate(("ana", "ben"), start=1):
            connection.execute(sa.insert(users).values(id=number, name=name, role="member", created_ms=1))
            connection.execute(
                sa.insert(keys).values(
                    id=number, name=f"{name}-key", prefix="cv_", digest=name.encode(), user_id=number, created_ms=1
                )
            )

    await store.write(write)


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with a store and a ledger in it."""

    folder: Path
    store: Store
    ledger: Ledger

    @property
    def database(self) -> Path:
        """The database file."""
        return self.store.path

    @property
    def spool(self) -> Path:
        """The spool's folder."""
        return self.folder / "spool"

    async def all(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        return await self.store.read(lambda connection: [tuple(row) for row in connection.execute(sa.text(sql))])

    async def settled(self) -> list[tuple[str, str]]:
        """Return id and state of every request row, in the order of settling."""
        return [(str(row[0]), str(row[1])) for row in await self.all("SELECT id, state FROM requests ORDER BY seq")]


@asynccontextmanager
async def home(
    folder: Path,
    *,
    patience_s: float = 30.0,
    timezone: str | None = "UTC",
    durability: Durability = "process",
    node: str = "node",
    settle_orphan: Callable[[Orphan], UsageEvent] = unpriced,
    now_ms: Callable[[], int] = wall_ms,
) -> AsyncIterator[Home]:
    """Open a store and its ledger in a folder; both are closed at the end."""
    store = await Store.open(f"sqlite:///{folder}/codevector.db", patience_s=patience_s)
    try:
        ledger = await Ledger.open(
            store,
            node=node,
            spool=folder / "spool",
            timezone=timezone,
            durability=durability,
            settle_orphan=settle_orphan,
            now_ms=now_ms,
        )
        try:
            yield Home(folder, store, ledger)
        finally:
            await ledger.close()
    finally:
        await store.close()


def amounts(folder: Path) -> dict[str, int]:
    """Return the sums over all 5-minute buckets, read by an outsider."""
    columns = [column for column in buckets_5m.columns if not column.primary_key]
    engine = sa.create_engine(f"sqlite:///{folder}/codevector.db", poolclass=sa.NullPool)
    with engine.connect() as connection:
        query = sa.select(*(sa.func.coalesce(sa.func.sum(column), 0).label(column.name) for column in columns))
        return dict(connection.execute(query).mappings().one())
