"""The ledger's upkeep, now and then in a thread of its own: roll-ups, retention, giving space back."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from codevector_daemon.errors import StoreCorrupt, StoreError
from codevector_daemon.ledger.upkeep.believed import Believed
from codevector_daemon.ledger.upkeep.mending import mend
from codevector_daemon.ledger.upkeep.retention import Keep, give_space_back, retire
from codevector_daemon.ledger.upkeep.rollup import roll_up
from codevector_daemon.ledger.upkeep.workbench import LeaseLostError, Stopped, Workbench
from codevector_daemon.store.checkpoint import copy_log
from codevector_daemon.store.trouble import translated

log = logging.getLogger(__name__)

FIRST_S = 2.0
"""A start is left to those who wait for it."""
EVERY_S = 15.0
_PATIENCE_S = 1.0


class Housekeeper:
    """Runs the upkeep wherever the lease is held by this process."""

    def __init__(
        self,
        path: Path,
        node: str,
        keep: Keep,
        now_ms: Callable[[], int],
        on_damage: Callable[[StoreCorrupt], None] = lambda _: None,
    ) -> None:
        self._path = path
        self._node = node
        self._keep = keep
        self._now_ms = now_ms
        self._on_damage = on_damage
        self._believed = Believed()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ledger-housekeeper", daemon=True)

    def start(self) -> None:
        """Begin; the first run comes a moment later."""
        self._thread.start()

    def close(self) -> None:
        """End the thread after the transaction under way; blocks for some milliseconds."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> bool:
        """Do everything that is due now; False where another process looks after it. Raises StoreError."""
        with translated(self._path):
            bench = Workbench(self._path, self._node, self._stopping, patience_s=_PATIENCE_S)
            try:
                return self._run(bench)
            finally:
                bench.close()

    def _run(self, bench: Workbench) -> bool:
        if not bench.take_lease(self._now_ms()):
            return False
        now_s = self._now_ms() // 1000
        if mend(bench):
            log.warning("what could be read of the damaged database is brought into agreement with itself")
        rolled = roll_up(bench, now_s)
        deleted = retire(bench, self._keep, self._believed.now_s(bench, now_s))
        give_space_back(bench)
        copy_log(bench.connection)
        if rolled or deleted:
            log.debug("rolled up %d buckets' slots, deleted %d rows", rolled, deleted)
        return True

    def _work(self) -> None:
        pause_s = FIRST_S
        while not self._stopping.wait(pause_s):
            pause_s = EVERY_S
            try:
                self.run()
            except (LeaseLostError, Stopped) as reason:
                log.debug("the ledger's upkeep ended early: %s", reason)
            except StoreCorrupt as error:
                self._on_damage(error)
            except (StoreError, sqlite3.Error) as error:
                log.debug("the ledger's upkeep waits for the store: %s", error)
            except Exception:
                log.exception("the ledger's upkeep failed")
