"""Prices that are put right later: rows and buckets rewritten together, with an audit row.

The buckets of the finest tier that is kept change by exactly what the rows changed, and are marked; every coarser tier
is then computed anew from them, as it always is, and until then nobody reads it. It is done in steps, so that calls do
not wait for it; after each of them all sums agree, and the audit says how far it came.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from codevector_daemon.errors import CodeVectorError
from codevector_daemon.ledger.attempts import Attempt
from codevector_daemon.ledger.event import Series
from codevector_daemon.ledger.state import calendar_of, kept_of
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.upkeep.workbench import PAUSE_S, ROWS, work_off
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.ledger.writing.late import Late, add_late
from codevector_daemon.ledger.writing.posting import mark
from codevector_daemon.metering.prices import Price
from codevector_daemon.store.connect import plain
from codevector_daemon.store.schema import AMOUNTS
from codevector_daemon.store.trouble import translated
from codevector_shared.periods import bucket_start

_REWRITE = """
UPDATE requests SET spend_nano = ?, price_basis = ?, price_version = ?
WHERE id = ? AND spend_nano = ? AND price_basis IS ?
"""
_AUDIT = "INSERT INTO audit (at_ms, actor, action, target, detail) VALUES (?, ?, 'usage.reprice', ?, '')"
_AUDITED = "UPDATE audit SET detail = ? WHERE id = ?"


class ChangedMeanwhileError(CodeVectorError):
    """Somebody else has rewritten the same rows."""


class Repriced(Struct, frozen=True):
    """An attempt and the price it should have had."""

    attempt: Attempt
    price: Price

    @property
    def changes(self) -> bool:
        """Whether anything about the price is different."""
        attempt, price = self.attempt, self.price
        return (attempt.spend_nano, attempt.price_basis, attempt.price_version) != (
            price.spend_nano,
            price.basis,
            price.version,
        )


def rewrite(path: Path, found: Sequence[Repriced], *, now_ms: int, actor: str, target: str, patience_s: float) -> None:
    """Write the new prices. Raises ChangedMeanwhileError and StoreError; what is written by then stays. Blocks."""
    with translated(path), closing(plain(path, patience_s=patience_s)) as connection:
        rewrite_in_steps(connection, found, audit=(now_ms, actor, target))


def rewrite_in_steps(
    connection: sqlite3.Connection,
    found: Sequence[Repriced],
    *,
    audit: tuple[int, str, str],
    clock: Callable[[], float] = time.monotonic,
    pause_s: float = PAUSE_S,
) -> None:
    """Write them on a connection, in short transactions with a pause after each."""
    work_off(_steps(connection, found, audit), lambda: _transaction(connection, pause_s), clock)


@contextmanager
def _transaction(connection: sqlite3.Connection, pause_s: float) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    time.sleep(pause_s)


def _steps(connection: sqlite3.Connection, found: Sequence[Repriced], audit: tuple[int, str, str]) -> Iterator[int]:
    audited = connection.execute(_AUDIT, audit).lastrowid
    before = after = 0
    for first in range(0, len(found), ROWS):
        some = found[first : first + ROWS]
        _rewrite_rows(connection, some)
        _rewrite_buckets(connection, some)
        before += sum(one.attempt.spend_nano for one in some)
        after += sum(one.price.spend_nano for one in some)
        detail = {"requests": first + len(some), "before_nano": before, "after_nano": after}
        connection.execute(_AUDITED, (msgspec.json.encode(detail).decode(), audited))
        yield len(some)


def _rewrite_rows(connection: sqlite3.Connection, found: Sequence[Repriced]) -> None:
    rows = [
        (
            one.price.spend_nano,
            one.price.basis,
            one.price.version,
            one.attempt.id,
            one.attempt.spend_nano,
            one.attempt.price_basis,
        )
        for one in found
    ]
    if connection.executemany(_REWRITE, rows).rowcount != len(rows):
        raise ChangedMeanwhileError("some of these calls were priced anew, or deleted, by somebody else meanwhile")


def _rewrite_buckets(connection: sqlite3.Connection, found: Iterable[Repriced]) -> None:
    facts = dict(connection.execute(sql.FACTS).fetchall())
    kept = kept_of(facts)
    sums: dict[tuple[int, int], list[int]] = {}
    series: dict[int, Series] = {}
    for one in found:
        place = (bucket_start(one.attempt.started_ms // 1000), one.attempt.series_id)
        series[one.attempt.series_id] = one.attempt.series
        change = _change(one)
        sums[place] = [a + b for a, b in zip(sums.get(place, [0] * len(change)), change, strict=True)]
    fresh = [(start, series_id, *sums[start, series_id]) for start, series_id in sums if start >= kept.five_minutes]
    old = [Late(*place, series[place[1]], amounts) for place, amounts in sums.items() if place[0] < kept.five_minutes]
    connection.executemany(sql.ADD_TO_BUCKET[Tier.FIVE_MINUTES], fresh)
    changed = {(Tier.FIVE_MINUTES, row[0]) for row in fresh}
    mark(connection, changed | add_late(connection, old, calendar_of(facts), kept))


def _change(one: Repriced) -> list[int]:
    """Return by how much a bucket changes, in the order of the tiers' columns."""
    attempt = one.attempt
    difference = one.price.spend_nano - attempt.spend_nano
    call = attempt.parent_id is None
    amounts = {
        "spend_nano": difference,
        "own_login_nano": difference if attempt.own_login else 0,
        "unpriced_requests": call * ((one.price.basis == "unpriced") - (attempt.price_basis == "unpriced")),
    }
    return [amounts.get(name, 0) for name in AMOUNTS]
