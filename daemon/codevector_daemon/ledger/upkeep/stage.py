"""Where new prices are worked out aside: temporary tables of one connection, which nobody else sees and go with it.

Beside the rows stands by how much the buckets and margins of every tier change, so that the switch is left with
little more than writing.
"""

# ruff: noqa: S608  # every name that is put into SQL here is one of our own tables and columns

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from codevector_daemon.ledger.attempts import Attempt
from codevector_daemon.ledger.calendar import Calendar
from codevector_daemon.ledger.margins import DIMENSIONS, EVERYONE, kept_dimensions
from codevector_daemon.ledger.responses import late_row
from codevector_daemon.ledger.sums import LARGEST, saturating_sum
from codevector_daemon.ledger.tiers import ROLLED, Tier
from codevector_daemon.metering.prices import Price
from codevector_daemon.store.schema import AMOUNTS
from codevector_shared.periods import bucket_start

_BASES = {"unpriced_requests": "unpriced", "default_priced_requests": "default"}
"""The amounts that count calls by what their price rests on."""

CHANGED = tuple(name for name in AMOUNTS if name in {"spend_nano", "own_login_nano", *_BASES})
"""What a price changes of a bucket's amounts."""

_PRAGMAS = ("temp_store = FILE", "cache_size = -65536", "temp.cache_size = -16384", "wal_autocheckpoint = 0")
"""A million rows are more than one wants in memory, and 64 MiB of pages spare the switch much of its reading."""

_CHANGES = ", ".join(CHANGED)
_CHANGES_OF_A_ROW = tuple(f"{name}_change" for name in CHANGED)
_SAME = (
    "kept.spend_nano = repriced.was_nano AND kept.price_basis IS repriced.was_basis"
    " AND kept.price_version IS repriced.was_version AND kept.usage_source = repriced.usage_source"
)
"""Whether a row is still what it was when its new price was worked out."""

_TABLES = (
    f"""CREATE TEMP TABLE repriced (
    seq INTEGER PRIMARY KEY, was_nano, was_basis, was_version, usage_source, spend_nano, price_basis, price_version,
    start, series_id, {", ".join(_CHANGES_OF_A_ROW)}
)""",
    "CREATE TEMP TABLE slots (tier, start, slot, PRIMARY KEY (tier, start)) WITHOUT ROWID",
    *(
        f"""CREATE TEMP TABLE change_{tier:d} (
    start, series_id, {_CHANGES}, PRIMARY KEY (start, series_id)
) WITHOUT ROWID"""
        for tier in Tier
    ),
    f"""CREATE TEMP TABLE change_margins (
    tier, user_id, dimension, start, value, {_CHANGES}, PRIMARY KEY (tier, user_id, dimension, start, value)
) WITHOUT ROWID""",
)
_ADD = f"INSERT INTO repriced VALUES ({', '.join('?' * (10 + len(CHANGED)))})"
_ADD_SLOT = "INSERT OR IGNORE INTO slots VALUES (?, ?, ?)"


def _summing() -> Iterator[str]:
    """Yield what works out the changes of every tier, each from the finer one, and those of the margins."""
    finest = f"change_{Tier.FIVE_MINUTES:d}"
    yield f"DELETE FROM {finest}"
    yield (
        f"INSERT INTO {finest} SELECT start, series_id,"
        f" {', '.join(map(saturating_sum, _CHANGES_OF_A_ROW))} FROM repriced"
        f" WHERE {' OR '.join(f'{name} <> 0' for name in _CHANGES_OF_A_ROW)} GROUP BY 1, 2"
    )
    sums = ", ".join(saturating_sum(f"source.{name}") for name in CHANGED)
    for tier in ROLLED:
        yield f"DELETE FROM change_{tier:d}"
        yield (
            f"INSERT INTO change_{tier:d} SELECT slots.slot, source.series_id, {sums} FROM change_{tier.finer:d} source"
            f" JOIN slots ON slots.tier = {tier:d} AND slots.start = source.start GROUP BY 1, 2"
        )
    yield "DELETE FROM change_margins"
    for tier in ROLLED:
        for dimension in kept_dimensions(tier):
            yield from _summing_margins(tier, dimension, sums)


def _summing_margins(tier: Tier, dimension: int, sums: str) -> Iterator[str]:
    name = DIMENSIONS[dimension]
    value = f"CAST(series.{name} AS TEXT)" if name else "''"
    for user in (str(EVERYONE), "series.user_id"):
        if name != "user_id" or user == str(EVERYONE):
            yield (
                f"INSERT INTO change_margins SELECT {tier:d}, {user}, {dimension}, source.start, {value}, {sums}"
                f" FROM change_{tier:d} source JOIN series ON series.id = source.series_id GROUP BY 4, 2, 5"
            )


_SUMMING = tuple(_summing())


def _switching() -> Iterator[str]:
    """Yield what adds the changes to the buckets and margins there are; what is not there yet is computed from them."""
    added = ", ".join(f"{name} = min(kept.{name} + source.{name}, {LARGEST})" for name in CHANGED)
    same = "kept.start = source.start AND kept.series_id = source.series_id"
    for tier in Tier:
        yield f"UPDATE {tier.table.name} AS kept SET {added} FROM change_{tier:d} source WHERE {same}"
    place = ("tier", "user_id", "dimension", "start", "value")
    same = " AND ".join(f"kept.{name} = source.{name}" for name in place)
    yield f"UPDATE margins AS kept SET {added} FROM change_margins source WHERE {same}"


_SWITCHING = tuple(_switching())
_SWITCH_ROWS = (
    "UPDATE requests AS kept SET spend_nano = repriced.spend_nano, price_basis = repriced.price_basis,"
    # The plus keeps SQLite from walking all the requests there are where only a few are staged.
    f" price_version = repriced.price_version FROM repriced WHERE kept.seq = +repriced.seq AND {_SAME}"
)
_STALE = (
    "seq IN (SELECT repriced.seq FROM repriced LEFT JOIN requests AS kept ON kept.seq = repriced.seq"
    f" WHERE kept.seq IS NULL OR NOT ({_SAME}))"
)


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


class Staged(NamedTuple):
    """How many rows are staged, and what they come to before and after."""

    requests: int
    before_nano: int
    after_nano: int


class Stage:
    """The rows of one repricing, and what they change. Used by one thread; closing the connection ends it."""

    def __init__(self, connection: sqlite3.Connection, calendar: Calendar) -> None:
        self.calendar = calendar
        self._connection = connection
        self._known: set[int] = set()
        """5-minute buckets whose slots are written down."""
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        for table in _TABLES:
            connection.execute(table)

    def add(self, found: Sequence[Repriced]) -> None:
        """Stage rows with their new prices."""
        if not found:
            return
        rows = [_row(one) for one in found]
        starts = {bucket_start(one.attempt.started_ms // 1000) for one in found} - self._known
        # Of temporary tables alone, so it keeps nobody from anything.
        self._connection.execute("BEGIN")
        self._connection.executemany(_ADD, rows)
        self._connection.executemany(_ADD_SLOT, [slot for start in starts for slot in self._slots(start)])
        self._connection.execute("COMMIT")
        self._known |= starts

    def sum_up(self) -> Staged:
        """Work out by how much every bucket and margin changes; returns what is staged."""
        for statement in _SUMMING:
            self._connection.execute(statement)
        sums = ", ".join(f"coalesce({saturating_sum(name)}, 0)" for name in ("was_nano", "spend_nano"))
        return Staged(*self._connection.execute(f"SELECT count(*), {sums} FROM repriced").fetchone())

    def switch(self, staged: Staged) -> bool:
        """Write rows, buckets and margins in the transaction under way.

        False where not all rows are as they were: then the transaction must be rolled back.
        """
        if self._connection.execute(_SWITCH_ROWS).rowcount != staged.requests:
            return False
        for statement in _SWITCHING:
            self._connection.execute(statement)
        return True

    def drop_stale(self) -> list[tuple[int, int, int]]:
        """Leave out rows that were written anew or deleted since; returns series, old and new price of each."""
        query = f"SELECT series_id, was_nano, spend_nano FROM repriced WHERE {_STALE}"
        dropped: list[tuple[int, int, int]] = self._connection.execute(query).fetchall()
        self._connection.execute(f"DELETE FROM repriced WHERE {_STALE}")
        return dropped

    def _slots(self, start: int) -> Iterator[tuple[int, int, int]]:
        for tier in ROLLED:
            slot = self.calendar.floor(tier, start)
            yield int(tier), start, slot
            start = slot


def _row(one: Repriced) -> tuple[object, ...]:
    attempt, price = one.attempt, one.price
    tells = attempt.parent_id is None or attempt.id == late_row(attempt.parent_id)
    difference = price.spend_nano - attempt.spend_nano
    changes = {"spend_nano": difference, "own_login_nano": difference * attempt.own_login}
    for name, basis in _BASES.items():
        changes[name] = tells * ((price.basis == basis) - (attempt.price_basis == basis))
    return (
        attempt.seq,
        attempt.spend_nano,
        attempt.price_basis,
        attempt.price_version,
        attempt.usage_source,
        price.spend_nano,
        price.basis,
        price.version,
        bucket_start(attempt.started_ms // 1000),
        attempt.series_id,
        *(changes[name] for name in CHANGED),
    )
