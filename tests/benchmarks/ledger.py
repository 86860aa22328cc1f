"""How fast the ledger answers over two years of counts, and how fast it takes new ones while it looks after itself."""

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.figures import Figure, percentile
from benchmarks.two_years import write
from codevector_daemon.ledger import Keep, Ledger, windows
from codevector_daemon.ledger.housekeeping import Housekeeper
from codevector_daemon.ledger.orphans import unpriced
from codevector_daemon.ledger.selection import Only
from codevector_daemon.store.engine import Store
from codevector_shared.periods import named
from codevector_shared.protocol import Granularity, PeriodName
from support.ledgers import ANA, an_event

NOON_S = 1_767_960_000
ZONE = ZoneInfo("UTC")
QUERY_MARK, BOARD_MARK, ACK_MARK, WRITER_MARK = "< 50 ms", "< 100 ms", "< 20 ms", "> 5,000"
PERIODS: tuple[tuple[PeriodName, Granularity], ...] = (
    ("today", "hour"),
    ("7d", "day"),
    ("30d", "day"),
    ("90d", "day"),
    ("all", "month"),
)
WHOSE: dict[str, Only] = {"everyone's": Only(), "one user's": Only(user_id=7)}
FILTERS: dict[str, dict[str, Any]] = {
    "newest": {},
    "one user's": {"user_id": 7},
    "failed": {"state": "upstream_failed"},
    "one user's failed": {"user_id": 7, "state": "upstream_failed"},
    "one model's": {"model": "model-3"},
    "of a state that none has": {"state": "client_left"},
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is, and how often it is asked."""

    days: int = 730
    requests: int = 1_000_000
    repeats: int = 100
    events: int = 50_000
    steady_s: float = 15.0


QUICK = Sizes(days=30, requests=10_000, repeats=5, events=2_000, steady_s=1.0)


def measured(sizes: Sizes) -> Iterator[Figure]:
    """Measure reading first, as the data lie after a quiet night, and writing then."""
    with tempfile.TemporaryDirectory(prefix="cv-") as folder:
        path = Path(folder) / "codevector.db"
        buckets = write(path, NOON_S + 1_234, days=sizes.days, requests=sizes.requests)
        yield Figure("buckets", buckets, "")
        yield Figure("request rows", sizes.requests, "")
        yield from asyncio.run(_read(path, sizes))
        yield from asyncio.run(_write(path, sizes))


async def _read(path: Path, sizes: Sizes) -> list[Figure]:
    store = await Store.open(f"sqlite:///{path}", patience_s=2)
    now = datetime.fromtimestamp(NOON_S + 1_234, UTC)
    found = []
    for period, granularity in PERIODS:
        window = named(period, now, ZONE)
        for whose, only in WHOSE.items():
            ask = lambda w=window, g=granularity, o=only: windows.dashboard(store, w, granularity=g, **o)  # noqa: E731
            found.append(await _timed(f"dashboard {period}, {whose}", ask, sizes.repeats, QUERY_MARK))
        board = lambda w=window: windows.leaderboard(store, w, "tokens")  # noqa: E731
        found.append(await _timed(f"leaderboard {period}", board, sizes.repeats, BOARD_MARK))
    for name, asked in FILTERS.items():
        page = lambda a=asked: windows.requests(store, zone=ZONE, last=50, **a)  # noqa: E731
        found.append(await _timed(f"requests, {name}", page, sizes.repeats, QUERY_MARK))
    await store.close()
    return found


async def _timed(name: str, ask: Callable[[], Awaitable[object]], repeats: int, mark: str) -> Figure:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - began) * 1000)
    return Figure(f"{name}, p99", percentile(times, 99), "ms", mark)


async def _write(path: Path, sizes: Sizes) -> list[Figure]:
    store = await Store.open(f"sqlite:///{path}", patience_s=2)
    ledger = await Ledger.open(
        store,
        node="bench",
        spool=path.parent / "spool",
        timezone="UTC",
        durability="process",
        settle_orphan=unpriced,
        now_ms=_now_ms,
    )
    assert ledger._housekeeper is not None
    await asyncio.to_thread(ledger._housekeeper.close)
    found = [await _throughput(ledger, sizes.events), await _steady("with nothing else", ledger, sizes.steady_s)]
    keeper = Housekeeper(path, "keeper", Keep(requests=30, five_minutes=7, hours=300), _now_ms)
    upkeep = asyncio.create_task(asyncio.to_thread(_keep_house, keeper))
    found.append(await _steady("during roll-up and retention", ledger, sizes.steady_s))
    await asyncio.to_thread(keeper.close)
    await upkeep
    await ledger.close()
    await store.close()
    return found


def _keep_house(keeper: Housekeeper) -> None:
    from codevector_daemon.ledger.workbench import Stopped  # noqa: PLC0415

    while True:
        try:
            keeper.run()
        except Stopped:
            return


def _now_ms() -> int:
    return (NOON_S + 90_000) * 1000


async def _throughput(ledger: Ledger, events: int) -> Figure:
    """Keep the writer supplied as a busy gateway would, and see how much it makes durable in a second."""
    gc.collect()
    began = time.perf_counter()
    for first in range(0, events, 1_000):
        made = [an_event(f"w{first + n}", started_ms=_now_ms() - n * 1_000) for n in range(1_000)]
        await asyncio.gather(*(ledger.settle(event) for event in made))
    return Figure("events made durable in a second", events / (time.perf_counter() - began), "", WRITER_MARK)


async def _steady(name: str, ledger: Ledger, seconds: float, per_second: int = 500) -> Figure:
    times: list[float] = []

    async def settle(number: int) -> None:
        began = time.perf_counter()
        await ledger.settle(an_event(f"{name} {number}", series=ANA, started_ms=_now_ms() - number % 300 * 1_000))
        times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as calls:
        for number in range(int(seconds * per_second)):
            await asyncio.sleep(began + number / per_second - time.perf_counter())
            calls.create_task(settle(number))
    return Figure(f"acknowledged at 500 a second {name}, p99", percentile(times, 99), "ms", ACK_MARK)
