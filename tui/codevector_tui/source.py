"""What the monitor asks of a daemon: the part of the control client that it uses, so that tests can stand in for it."""

from collections.abc import AsyncGenerator
from typing import Protocol

from codevector_shared.price_protocol import RequestPrice
from codevector_shared.protocol import (
    By,
    Dashboard,
    Granularity,
    Key,
    KeyCreate,
    KeyCreated,
    Keys,
    Leaderboard,
    LiveMessage,
    Me,
    Metric,
    Models,
    PeriodName,
    Requests,
    State,
    Usage,
)


class Source(Protocol):
    """A daemon, seen from the monitor; every call raises ControlError, and NotRunning when none answers."""

    def live(self) -> AsyncGenerator[LiveMessage, None]:
        """Yield the live stream: a snapshot, then its deltas."""

    async def me(self) -> Me:
        """Return who is asking."""

    async def dashboard(
        self,
        *,
        period: PeriodName | None = None,
        granularity: Granularity | None = None,
        user: str | None = None,
        everyone: bool = False,
    ) -> Dashboard:
        """Return what the dashboard draws."""

    async def usage(
        self,
        *,
        period: PeriodName | None = None,
        first: str | None = None,
        last: str | None = None,
        by: By = "day",
        user: str | None = None,
        everyone: bool = False,
    ) -> Usage:
        """Return totals and rows of a period, or of the days from ``first`` to ``last`` inclusive."""

    async def requests(
        self,
        *,
        last: int | None = None,
        state: State | None = None,
        user: str | None = None,
        everyone: bool = False,
        before: str | None = None,
    ) -> Requests:
        """Return request rows, newest first; ``before`` is the id of the last row of the page before."""

    async def request_price(self, request_id: str) -> RequestPrice:
        """Return how a request's price came about."""

    async def leaderboard(self, *, metric: Metric = "spend", period: PeriodName | None = None) -> Leaderboard:
        """Return users ranked by a metric."""

    async def models(self) -> Models:
        """Return the model facades."""

    async def keys(self, *, user: str | None = None) -> Keys:
        """Return the gateway keys."""

    async def create_key(self, order: KeyCreate) -> KeyCreated:
        """Create a key and return it with its secret."""

    async def revoke_key(self, key_id: int) -> Key:
        """Close a key for good."""

    async def close(self) -> None:
        """Let go of the connection."""
