"""Bounds how many names one day may bring: a tool that makes up a project for every call must not fill the ledger."""

import logging
import sqlite3
from collections import OrderedDict

from msgspec.structs import replace

from codevector_daemon.ledger.event import Series

log = logging.getLogger(__name__)

OTHER = "other"
"""What is counted under when a day has had its share of names."""

NAMES_PER_DAY = 1_000
FOLDED = ("project", "client_app", "model")
"""Dimensions whose names clients make up."""

_DAY_MS = 86_400_000
_DAYS = 40
"""Days whose names are remembered."""

_NAMES = """
SELECT DISTINCT project, client_app, model FROM series WHERE id IN (
    SELECT series_id FROM buckets_5m WHERE start >= ?1 AND start < ?2
    UNION SELECT series_id FROM buckets_hour WHERE start >= ?1 AND start < ?2
    UNION SELECT series_id FROM buckets_day WHERE start >= ?1 AND start < ?2
)
"""

Names = tuple[set[str], ...]


class Folding:
    """Remembers the names of each day (of UTC). Owned by the writer's thread; the count may be read from anywhere."""

    def __init__(self, names_per_day: int = NAMES_PER_DAY) -> None:
        self.folded = 0
        """Names that came too late in their day and were counted as ``other``."""
        self._most = names_per_day
        self._days: OrderedDict[int, Names] = OrderedDict()
        self._said: set[tuple[int, str]] = set()

    def fold(self, connection: sqlite3.Connection, series: Series, at_ms: int) -> Series:
        """Return the series that a call is counted under."""
        day = at_ms // _DAY_MS
        names = self._days.get(day) or self._seen(connection, day)
        if series.project in names[0] and series.client_app in names[1] and series.model in names[2]:
            return series
        changes = {
            dimension: OTHER
            for dimension, known in zip(FOLDED, names, strict=True)
            if not self._admits(known, str(getattr(series, dimension)))
        }
        if not changes:
            return series
        self._say(day, changes)
        return replace(series, **changes)

    def _admits(self, known: set[str], name: str) -> bool:
        if name in known:
            return True
        if len(known) >= self._most:
            return False
        known.add(name)
        return True

    def _seen(self, connection: sqlite3.Connection, day: int) -> Names:
        rows = connection.execute(_NAMES, (day * _DAY_MS // 1000, (day + 1) * _DAY_MS // 1000)).fetchall()
        # What is not named at all, and what is folded already, takes nobody's place.
        names = tuple({"", OTHER, *(row[place] for row in rows)} for place in range(len(FOLDED)))
        self._days[day] = names
        while len(self._days) > _DAYS:
            self._days.popitem(last=False)
        return names

    def _say(self, day: int, changes: dict[str, str]) -> None:
        self.folded += len(changes)
        for dimension in changes:
            if (day, dimension) not in self._said:
                self._said.add((day, dimension))
                log.warning("more than %d names of %s in a day: others count as %r", self._most, dimension, OTHER)
