"""The day that retention goes by. It follows the machine's clock, but ahead only so fast that a wrong one costs little.

What is deleted is gone, so a clock that was set to 2099 must not age everything at once. A week that passed unseen is
believed at a start, and after that a week in an hour; who had the machine off for a year waits two days for the rest.
A clock that goes back is believed at once, as nothing is deleted by it, and it keeps nothing from going on afterwards.
"""

import sqlite3
import time
from collections.abc import Callable

from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.upkeep.workbench import Workbench
from codevector_daemon.ledger.writing import statements as sql
from codevector_shared.periods import DAY_S, HOUR_S

CLOCK = "clock"
"""Where ``meta`` says how far it has come, in seconds since 1970."""

AT_ONCE_S = 7 * DAY_S
AN_HOUR_S = 7 * DAY_S
"""How far ahead it goes at a start, and in every hour of running."""


class Believed:
    """What the upkeep of one process takes for now. Used by one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[float, int] | None = None

    def now_s(self, bench: Workbench, claimed_s: int) -> int:
        """Return what is believed where the machine's clock claims this, and keep it for the next process."""
        running = self._clock()
        with bench.reading() as connection:
            kept = kept_clock(connection)
            reached = kept if kept is not None else _newest(connection)
        if self._last is not None:
            before, reached = self._last
            most = reached + int((running - before) * AN_HOUR_S / HOUR_S)
        else:
            most = claimed_s if reached is None else reached + AT_ONCE_S
        found = min(claimed_s, most)
        farthest = found if reached is None else max(found, reached)
        self._last = (running, farthest)
        if kept is None or farthest - kept >= HOUR_S:
            with bench.writing() as connection:
                connection.execute(sql.KEEP, (CLOCK, str(farthest)))
        return found


def kept_clock(connection: sqlite3.Connection) -> int | None:
    """Return how far it has come."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (CLOCK,)).fetchone()
    return None if row is None else int(row[0])


def _newest(connection: sqlite3.Connection) -> int | None:
    """Return where the newest count begins."""
    row = connection.execute(f"SELECT max(start) FROM {Tier.FIVE_MINUTES.table.name}").fetchone()  # noqa: S608  # its name
    return None if row[0] is None else int(row[0])
