"""Asking the same backend once more: only where it has surely done nothing yet, and where it may well answer soon."""

import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from codevector_daemon.errors import UpstreamError, UpstreamUnreachable

WAITS_S: Final = (0.1, 0.4)
"""Before each further try. Together they outlast a provider's restart and are hardly felt where it stays away."""
LONGEST_STATED_S: Final = 1.0
"""A provider that asks for a longer pause is taken at its word: its answer goes to the client, who waits better."""
SAYS_WHEN: Final = 429
"""The one status that promises both: nothing was done, and when to come again."""


class Failure(Struct, frozen=True):
    """How one attempt failed. ``error`` is set where no answer came at all."""

    name: str
    status: int | None = None
    retry_after: str | None = None
    error: UpstreamError | None = None


def wait_s(failure: Failure, tries: int, now_ms: int, chance: Callable[[], float]) -> float | None:
    """Return how long to wait before the next of so many tries; ``None``: this failure is the last word.

    A broken connection and a late answer are never repeated: the provider may be at work on the call, and charge it.
    ``chance`` draws from 0 to 1; waits are spread upwards by as much as half, so that callers do not come back at once.
    """
    if tries > len(WAITS_S):
        return None
    spread = 1 + chance() / 2
    if isinstance(failure.error, UpstreamUnreachable) and failure.error.may_pass:
        return WAITS_S[tries - 1] * spread
    stated = stated_ms(failure.retry_after, now_ms) if failure.status == SAYS_WHEN else None
    if stated is None or stated > LONGEST_STATED_S * 1000:
        return None
    return max(stated / 1000, WAITS_S[tries - 1]) * spread


def stated_ms(retry_after: str | None, now_ms: int) -> float | None:
    """Read Retry-After, seconds or a date (RFC 9110), as the time from now; ``None`` where it says nothing."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    try:
        rest_ms = float(text) * 1000
    except ValueError:
        try:
            rest_ms = parsedate_to_datetime(text).timestamp() * 1000 - now_ms
        except (ValueError, OverflowError):
            return None
    return None if math.isnan(rest_ms) else max(rest_ms, 0)
