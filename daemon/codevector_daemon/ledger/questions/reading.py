"""Reads sums over a window out of the tiers, in one consistent moment."""

from collections.abc import Hashable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from codevector_daemon.ledger.margins import along
from codevector_daemon.ledger.questions.remembered import Remembered, Rows
from codevector_daemon.ledger.selection import Only
from codevector_daemon.ledger.state import TierState, read_state
from codevector_daemon.ledger.sums import of_buckets, of_margins
from codevector_daemon.ledger.tiers import Stretch, Tier
from codevector_shared.periods import Window, bucket_start, day_start, iso
from codevector_shared.protocol import Period

Slot = Literal["5m", "hour", "day", "month"]
"""How finely sums are told apart in time."""

_COARSEST: dict[Slot | None, Tier] = {
    None: Tier.MONTH,
    "month": Tier.MONTH,
    "day": Tier.DAY,
    "hour": Tier.HOUR,
    "5m": Tier.FIVE_MINUTES,
}
_OVERFLOW = "integer overflow"
_FIRSTS = sa.union_all(
    *(sa.select(sa.func.min(tier.table.c.start).label("start")) for tier in Tier if tier is not Tier.MONTH)
).subquery()
_FIRST = sa.select(sa.func.min(_FIRSTS.c.start))


class Sum(NamedTuple):
    """One row of an answer: an instant inside of its slot of time, the dimensions asked for, the amounts."""

    at_s: int
    values: tuple[int | str, ...]
    amounts: tuple[int, ...]


class Books:
    """The ledger at one moment: every question put to it sees the same counts."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._state: TierState = read_state(connection)
        self._remembered = Remembered.of(connection)
        self._latest: dict[Hashable, Rows] = {}
        """What the finest buckets said, which may be something else in the next moment."""
        self._first_s: int | None = None

    def sums(self, window: Window, columns: Sequence[str], slot: Slot | None, only: Only) -> Iterator[Sum]:
        """Yield sums over a window per value of ``columns`` of the series, and per slot of time where one is named.

        A slot or a combination may come more than once, to be added up.
        """
        question = _Question(tuple(columns), only, timed=slot is not None)
        for stretch in self.stretches(window, slot):
            yield from map(question.read, self._rows(question, stretch))

    def _rows(self, question: "_Question", stretch: Stretch) -> Rows:
        key = (stretch, question.key)
        if stretch.tier is not Tier.FIVE_MINUTES:
            # Closed time: what the coarser tiers say of it stays the same until they are rolled up anew.
            return self._remembered.get((self._state.facts, *key), lambda: question.put(self.connection, stretch))
        if key not in self._latest:
            self._latest[key] = question.put(self.connection, stretch)
        return self._latest[key]

    def stretches(self, window: Window, slot: Slot | None) -> list[Stretch]:
        """Return which tier answers for which part of a window that has a start."""
        assert window.start is not None
        coarsest = _COARSEST[slot]
        if slot is not None and self._state.calendar.zone.key != window.zone.key:
            # Asked about another zone's hours and days, which only the finest buckets can be put together to.
            coarsest = Tier.FIVE_MINUTES
        first, until = bucket_start(int(window.start.timestamp())), int(window.end.timestamp())
        return self._state.stretches(first, until, coarsest)

    def period(self, window: Window) -> Period:
        """Return a window as it is shown, with a word on days that keep the cut of a former zone."""
        shown = window.period()
        *older, latest = self._state.calendar.cuts
        if not older or window.start is None or int(window.start.timestamp()) >= latest.since_s:
            return shown
        return replace(shown, recut_since=iso(latest.since_s * 1000, window.zone), older_timezone=older[-1].zone.key)

    def beginning(self, window: Window) -> Window:
        """Return all time as the window since the first day with counts; other windows, and no counts, unchanged."""
        if window.start is not None:
            return window
        if self._first_s is None:
            self._first_s = self.connection.execute(_FIRST).scalar()
        if self._first_s is None:
            return window
        return window.starting(datetime.fromtimestamp(day_start(self._first_s, window.zone), UTC))


class _Question:
    """What is asked of every stretch of a window alike."""

    def __init__(self, columns: tuple[str, ...], only: Only, *, timed: bool) -> None:
        self._columns = columns
        self._kept = {name: value for name, value in only.items() if value is not None}
        self._along = along(columns, only)
        self._timed = timed

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What tells this question from others."""
        return (self._columns, frozenset(self._kept.items()), self._timed)

    def read(self, row: Sequence[Any]) -> Sum:
        """Return a row of the answer."""
        width = 1 + len(self._columns)
        values = tuple(row)
        return Sum(values[0], values[1:width], values[width:])

    def put(self, connection: sa.Connection, stretch: Stretch) -> Rows:
        """Return the rows of one stretch."""
        try:
            return self._execute(connection, stretch, saturating=False)
        except sa.exc.OperationalError as error:
            if _OVERFLOW not in str(error.orig):
                raise
            return self._execute(connection, stretch, saturating=True)

    def _execute(self, connection: sa.Connection, stretch: Stretch, *, saturating: bool) -> Sequence[sa.Row[Any]]:
        found = self._along
        span = {"first_s": stretch.first_s, "until_s": stretch.until_s}
        if found is not None and found.covers(stretch.tier):
            query = of_margins(
                found.dimension,
                narrowed=found.value is not None,
                grouped=bool(self._columns),
                timed=self._timed,
                saturating=saturating,
            )
            where = {"tier": int(stretch.tier), "margin_user": found.user_id, "value": found.value}
            return connection.execute(query, {**span, **where}).all()
        kept = frozenset(self._kept)
        query = of_buckets(stretch.tier, self._columns, kept, timed=self._timed, saturating=saturating)
        return connection.execute(query, {**self._kept, **span}).all()
