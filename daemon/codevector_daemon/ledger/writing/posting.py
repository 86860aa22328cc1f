"""Entries become rows: the inside of one transaction of the writer."""

import random
import sqlite3
from collections.abc import Iterable, Sequence

from codevector_daemon.errors import StoreError
from codevector_daemon.ledger import responses
from codevector_daemon.ledger.entries import Admit, Entry, Noted, Refresh, Settle, noted_json
from codevector_daemon.ledger.event import OpenRequest, Series, UsageEvent
from codevector_daemon.ledger.state import ROLLED_VERSION, calendar_of, kept_of
from codevector_daemon.ledger.sums import LARGEST
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.ledger.writing.folding import Folding
from codevector_daemon.ledger.writing.late import Late, add_late
from codevector_daemon.metering.counts import extras_json
from codevector_shared.periods import bucket_start

ERRORS = frozenset({"upstream_failed", "interrupted"})
"""The final states that a person would call a failure."""

Outcome = int | Exception | None
"""What became of an entry: a new request row's ``seq``, the reason why it cannot be stored, or nothing to tell."""

_SERIES_KEPT = 50_000


class SeriesIds:
    """The ids of series, cached; owned by the writer's thread. Ids of a transaction count only once it is committed."""

    def __init__(self, folding: Folding | None = None) -> None:
        self.folding = folding or Folding()
        self._known: dict[Series, int] = {}
        self._fresh: dict[Series, int] = {}

    def of(self, connection: sqlite3.Connection, series: Series) -> int:
        """Return the id of a series, making its row if it is new."""
        known = self._known.get(series) or self._fresh.get(series)
        if known is None:
            known = self._fresh[series] = _series_id(connection, series)
        return known

    def commit(self) -> None:
        """Keep what the transaction learned."""
        if len(self._known) + len(self._fresh) > _SERIES_KEPT:
            self._known.clear()
        self._known.update(self._fresh)
        self._fresh.clear()

    def rollback(self) -> None:
        """Forget ids that were never written."""
        self._fresh.clear()


class Posting:
    """Posts one batch inside a transaction that its caller began and will end."""

    def __init__(self, connection: sqlite3.Connection, ids: SeriesIds, node: str) -> None:
        self._connection = connection
        self._ids = ids
        self._node = node
        self._buckets: dict[tuple[int, Series], list[int]] = {}
        self._keys: dict[int, int] = {}

    def all(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Post every entry; one request's note is skipped where the batch settles it anyhow."""
        settled = {entry.event.id for entry in entries if isinstance(entry, Settle)}
        outcomes: list[Outcome] = [self._one(entry, settled) for entry in entries]
        self._finish()
        return outcomes

    def _one(self, entry: Entry, settled: set[str]) -> int | None:
        if isinstance(entry, Settle):
            return self._settle(entry.event)
        if isinstance(entry, Admit):
            if entry.note.id not in settled:
                self._open(entry.note)
        elif isinstance(entry, Refresh) and entry.id not in settled:
            self._connection.execute(sql.REFRESH, (noted_json.encode(entry.noted).decode(), entry.id))
        return None

    def _open(self, note: OpenRequest) -> None:
        noted = Noted(estimated_input=note.estimated_input, seen_ms=note.started_ms, service_tier=note.service_tier)
        self._connection.execute(
            sql.OPEN,
            (
                note.id,
                note.parent_id,
                note.attempt,
                self._ids.of(self._connection, self._folded(note.series, note.started_ms)),
                self._node,
                note.started_ms,
                note.session,
                note.agent,
                note.dialect,
                note.stream,
                note.own_login,
                noted_json.encode(noted).decode(),
            ),
        )

    def _settle(self, event: UsageEvent) -> int | None:
        """Add the row and its counts, unless this id was settled before."""
        awaited = self._connection.execute(sql.CLOSE, (event.id,)).rowcount > 0
        if event.usage_of is not None:
            if not responses.claim(self._connection, event, awaited=awaited):
                return None
            self._take_back(event.id)
        if event.response is not None:
            event = responses.settled(self._connection, event, event.response)
        series = self._folded(event.series, event.started_ms)
        series_id = self._ids.of(self._connection, series)
        cursor = self._connection.execute(sql.ADD_REQUEST, _row(event, series_id))
        if cursor.rowcount == 0:
            return None
        if event.response is not None:
            responses.keep(self._connection, event.response, event, series_id)
        if event.state != "rejected":
            self._count(event, series)
        if event.series.key_id and not event.imported:
            used = self._keys.get(event.series.key_id, 0)
            self._keys[event.series.key_id] = max(used, event.finished_ms)
        return cursor.lastrowid

    def _folded(self, series: Series, at_ms: int) -> Series:
        return self._ids.folding.fold(self._connection, series, at_ms)

    def _take_back(self, row_id: str) -> None:
        """Take an estimate out of the counts again, where the usage that it stood for is told after all."""
        estimate = responses.take_back(self._connection, row_id)
        if estimate is not None:
            self._add(estimate, estimate.series, [-amount for amount in contribution(estimate)])

    def _count(self, event: UsageEvent, series: Series) -> None:
        self._add(event, series, contribution(event))

    def _add(self, event: UsageEvent, series: Series, amounts: list[int]) -> None:
        place = (bucket_start(event.started_ms // 1000), series)
        known = self._buckets.get(place)
        self._buckets[place] = amounts if known is None else [a + b for a, b in zip(known, amounts, strict=True)]

    def _finish(self) -> None:
        if self._buckets:
            self._add_to_buckets()
        self._connection.executemany(sql.KEY_USED, [(used, key) for key, used in self._keys.items()])

    def _add_to_buckets(self) -> None:
        facts = dict(self._connection.execute(sql.FACTS).fetchall())
        kept = kept_of(facts)
        late: list[Late] = []
        rows: list[tuple[int, ...]] = []
        for (start, series), amounts in self._buckets.items():
            series_id = self._ids.of(self._connection, series)
            bounded = [min(amount, LARGEST) for amount in amounts]
            if start >= kept.five_minutes:
                rows.append((start, series_id, *bounded))
            else:
                late.append(Late(start, series_id, series, bounded))
        self._connection.executemany(sql.ADD_TO_BUCKET[Tier.FIVE_MINUTES], rows)
        mark(self._connection, {(Tier.FIVE_MINUTES, row[0]) for row in rows})
        if late:
            mark(self._connection, add_late(self._connection, late, calendar_of(facts), kept))


def mark(connection: sqlite3.Connection, changed: Iterable[tuple[Tier, int]]) -> None:
    """Note that buckets changed, so that the next tier is computed anew before anybody reads it again."""
    version = random.getrandbits(62)  # told apart from other changes, not kept secret
    places = sorted(changed)
    connection.executemany(sql.MARK, [(int(tier), start, version) for tier, start in places])
    if places and places[-1][0] is not Tier.FIVE_MINUTES:
        touch(connection)


def touch(connection: sqlite3.Connection) -> None:
    """Note that hours, days or months changed, so that nobody goes by what is remembered of them."""
    connection.execute(sql.KEEP, (ROLLED_VERSION, f"{random.getrandbits(62):x}"))


def contribution(event: UsageEvent) -> list[int]:
    """Return what an event adds to its bucket, in the order of the tiers' columns.

    Calls are counted by their last attempt, the row without a parent; tokens and money by every attempt. A doubt about
    them is the call's as well where its usage came later.
    """
    call = event.parent_id is None
    tells = call or event.usage_of is not None
    counts = event.counts
    return [
        int(call),
        int(call and event.state in ERRORS),
        counts.uncached_input,
        counts.cache_read,
        counts.cache_write_5m,
        counts.cache_write_1h,
        counts.output,
        counts.reasoning,
        event.spend_nano,
        event.spend_nano if event.own_login else 0,
        int(tells and event.usage_source == "estimated"),
        int(tells and event.price_basis == "unpriced"),
        event.duration_ms,
        int(tells and event.price_basis == "default"),
    ]


def each(connection: sqlite3.Connection, ids: SeriesIds, node: str, entries: Iterable[Entry]) -> list[Outcome]:
    """Post entries one by one, so that one which can never be stored takes no other with it."""
    outcomes: list[Outcome] = []
    for entry in entries:
        connection.execute("SAVEPOINT entry")
        try:
            outcomes += Posting(connection, ids, node).all([entry])
        except Exception as error:  # raised again unless the entry is to blame
            if not is_entrys_own(error):
                raise
            connection.execute("ROLLBACK TO entry")
            ids.rollback()
            outcomes.append(error)
        connection.execute("RELEASE entry")
    return outcomes


def is_entrys_own(error: Exception) -> bool:
    """Tell whether an entry's own values are to blame; every other error is trouble with the store or the machine."""
    if isinstance(error, sqlite3.Error):
        return isinstance(
            error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.InterfaceError | sqlite3.ProgrammingError
        )
    return not isinstance(error, OSError | MemoryError | StoreError)


def _series_id(connection: sqlite3.Connection, series: Series) -> int:
    values = (
        series.user_id,
        series.key_id,
        series.client_app,
        series.project,
        series.model,
        series.provider,
        series.upstream_model,
    )
    found = connection.execute(sql.FIND_SERIES, values).fetchone()
    if found is None:
        connection.execute(sql.ADD_SERIES, values)
        found = connection.execute(sql.FIND_SERIES, values).fetchone()
    return int(found[0])


def _row(event: UsageEvent, series_id: int) -> tuple[int | str | None, ...]:
    counts = event.counts
    return (
        event.id,
        event.parent_id,
        event.attempt,
        series_id,
        event.started_ms,
        event.finished_ms,
        event.state,
        event.status,
        event.session,
        event.agent,
        event.dialect,
        event.stream,
        counts.uncached_input,
        counts.cache_read,
        counts.cache_write_5m,
        counts.cache_write_1h,
        counts.output,
        counts.reasoning,
        counts.audio_input,
        counts.audio_output,
        counts.server_tool_calls,
        extras_json(event.extras),
        event.spend_nano,
        event.usage_source,
        event.price_basis,
        event.price_version,
        event.service_tier,
        event.own_login,
        event.imported,
        event.ttft_ms,
        event.duration_ms,
        event.error,
    )
