"""What people ask of the ledger: the questions behind every screen, with the time they may take."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from codevector_daemon.ledger.questions import windows
from codevector_daemon.ledger.selection import Only
from codevector_daemon.store.engine import Store
from codevector_shared.periods import named
from codevector_shared.protocol import By, Granularity, PeriodName

ZONE = ZoneInfo("UTC")
QUERY_MARK, BOARD_MARK = "< 50 ms", "< 100 ms"
PERIODS: dict[PeriodName, Granularity] = {"today": "hour", "7d": "day", "30d": "day", "90d": "day", "all": "month"}
NARROWED: dict[str, Only] = {
    "one user's": Only(user_id=7),
    "the busiest user's": Only(user_id=1),
    "one key's": Only(key_id=4),
    "one model's": Only(model="model-3"),
    "one project's": Only(project="project-3"),
    "one provider's": Only(provider="vendor-2"),
}
DIMENSIONS: tuple[By, ...] = ("day", "user", "model", "project", "key", "provider", "client_app")
PAIRS: tuple[tuple[By, By], ...] = (("user", "model"), ("day", "model"))
PAGES: dict[str, dict[str, Any]] = {
    "newest": {},
    "failed": {"state": "upstream_failed"},
    "of a state that none has": {"state": "client_left"},
    **{whose: dict(only) for whose, only in NARROWED.items()},
    "one user's failed": {"user_id": 7, "state": "upstream_failed"},
}

Ask = Callable[[Store], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask, and the first goal that its answer is held against."""

    name: str
    mark: str
    ask: Ask


def questions(now_s: int, requests: int) -> Iterator[Question]:
    """Yield every question, as asked at an instant of a ledger with so many request rows."""
    now = datetime.fromtimestamp(now_s, UTC)
    for period in PERIODS:
        yield Question(f"dashboard {period}, everyone's", QUERY_MARK, dashboard(period, now, Only()))
    for whose, only in NARROWED.items():
        periods: tuple[PeriodName, ...] = ("today", "30d", "all") if whose.endswith("user's") else ("30d",)
        for period in periods:
            yield Question(f"dashboard {period}, {whose}", QUERY_MARK, dashboard(period, now, only))
    for dimension in DIMENSIONS:
        yield Question(f"usage 90d by {dimension}", QUERY_MARK, usage("90d", now, (dimension,)))
    for pair in PAIRS:
        yield Question(f"usage 30d by {' and '.join(pair)}", BOARD_MARK, usage("30d", now, pair))
    for period in PERIODS:
        yield Question(f"leaderboard {period}", BOARD_MARK, leaderboard(period, now))
    for period in ("30d", "all"):
        yield Question(f"admin overview {period}", BOARD_MARK, overview(period, now))
    for name, asked in PAGES.items():
        yield Question(f"requests, {name}", QUERY_MARK, page(asked))
        yield Question(f"requests, {name}, far back", QUERY_MARK, page({**asked, "before": f"cvr_{requests // 2}"}))


def dashboard(period: PeriodName, now: datetime, only: Only) -> Ask:
    """Everything that the dashboard draws."""
    window = named(period, now, ZONE)
    return lambda store: windows.dashboard(store, window, granularity=PERIODS[period], **only)


def usage(period: PeriodName, now: datetime, by: tuple[By, ...]) -> Ask:
    """Totals and a breakdown."""
    window = named(period, now, ZONE)
    return lambda store: windows.usage(store, window, by)


def leaderboard(period: PeriodName, now: datetime) -> Ask:
    """Who used most, and the rank before."""
    window = named(period, now, ZONE)
    return lambda store: windows.leaderboard(store, window, "tokens")


def page(asked: dict[str, Any]) -> Ask:
    """Request rows, newest first."""
    return lambda store: windows.requests(store, zone=ZONE, last=50, **asked)


def overview(period: PeriodName, now: datetime) -> Ask:
    """What an administrator looks over: everyone's dashboard, the totals by every dimension, and what failed last."""
    parts = [dashboard(period, now, Only()), *(usage(period, now, (by,)) for by in DIMENSIONS[1:])]
    parts.append(page({"state": "upstream_failed"}))

    async def ask(store: Store) -> None:
        for part in parts:
            await part(store)

    return ask
