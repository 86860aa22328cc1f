"""Runs something at once, but not more often than an interval allows; what comes between runs once at its end."""

from collections.abc import Callable
from typing import Any


class Throttle:
    """``later(seconds, callback)`` starts a timer; the first call runs at once, the last one is never lost."""

    def __init__(
        self, interval_s: float, run: Callable[[], Any], later: Callable[[float, Callable[[], None]], Any]
    ) -> None:
        self._interval_s = interval_s
        self._run = run
        self._later = later
        self._resting = False
        self._wanted = False

    def __call__(self) -> None:
        """Ask for a run."""
        if self._resting:
            self._wanted = True
            return
        self._resting = True
        self._later(self._interval_s, self._rested)
        self._run()

    def _rested(self) -> None:
        self._resting = False
        if self._wanted:
            self._wanted = False
            self()
