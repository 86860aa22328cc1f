"""Sums over closed time, remembered between questions: they stay as they are until something is rolled up anew."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any

import sqlalchemy as sa

from codevector_daemon.store.engine import SHARED

_ROWS = 20_000
"""How many rows all answers together may have; they take some ten megabytes."""

_LONGEST = 4_000
"""Rows of an answer that is still worth its memory."""

_NAME = "remembered sums"

Rows = Sequence[Sequence[Any]]


class Remembered:
    """The answers that were given about one file. A key says all that an answer depends on. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[Hashable, Rows] = OrderedDict()
        self._rows = 0

    @classmethod
    def of(cls, connection: sa.Connection) -> "Remembered":
        """Return the memory that a connection shares with the others of its file."""
        found = connection.info.setdefault(SHARED, {}).setdefault(_NAME, cls())
        assert isinstance(found, cls)
        return found

    def get(self, key: Hashable, ask: Callable[[], Rows]) -> Rows:
        """Return the answer known by this key, or ask."""
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
                return known
        rows = ask()
        if len(rows) <= _LONGEST:
            self._keep(key, rows)
        return rows

    def _keep(self, key: Hashable, rows: Rows) -> None:
        with self._lock:
            # Another thread may have asked the same meanwhile.
            self._rows += _weight(rows) - _weight(self._answers.pop(key, None))
            self._answers[key] = rows
            while self._rows > _ROWS:
                _, dropped = self._answers.popitem(last=False)
                self._rows -= _weight(dropped)


def _weight(rows: Rows | None) -> int:
    """Return how much of the room an answer takes; an empty one is there, too."""
    return 0 if rows is None else 1 + len(rows)
