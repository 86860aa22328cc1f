"""Sums over closed time, remembered between questions: they stay as they are until something is rolled up anew."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import sqlalchemy as sa

_ANSWERS = 256
_LONGEST = 1_000
"""Rows of an answer that is still worth its memory."""

_NAME = "remembered sums"

Rows = Sequence[Sequence[Any]]


class Remembered:
    """The answers that one connection of the store has given. A key says all that an answer depends on."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Rows] = OrderedDict()

    @classmethod
    def of(cls, connection: sa.Connection) -> "Remembered":
        """Return the memory of a pooled connection, which lives as long as it does."""
        found = connection.info.setdefault(_NAME, cls())
        assert isinstance(found, cls)
        return found

    def get(self, key: Hashable, ask: Callable[[], Rows]) -> Rows:
        """Return the answer known by this key, or ask."""
        known = self._answers.get(key)
        if known is not None:
            self._answers.move_to_end(key)
            return known
        rows = ask()
        if len(rows) <= _LONGEST:
            self._answers[key] = rows
            while len(self._answers) > _ANSWERS:
                self._answers.popitem(last=False)
        return rows
