"""Waiting for a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T | None], what: str, limit_s: float = 10.0) -> T:
    """Return the first true answer of the probe; AssertionError with what was awaited when the limit has passed."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:g} s for {what}; last answer: {answer!r}")
        time.sleep(0.01)
