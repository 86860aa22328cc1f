"""How fast the ledger answers over two years of counts, and how fast it takes new ones while it looks after itself."""

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, percentile
from benchmarks.questions import Question, questions
from benchmarks.two_years import write, write_requests
from codevector_daemon.ledger import Keep, Ledger
from codevector_daemon.ledger.orphans import unpriced
from codevector_daemon.ledger.upkeep.housekeeping import Housekeeper
from codevector_daemon.store.engine import Store
from support.ledgers import ANA, an_event

NOON_S = 1_767_960_000
ASKED_S = NOON_S + 1_234
ACK_MARK, WRITER_MARK, GROWTH_MARK = "< 20 ms", "> 5,000", "< 1.5"
GROWING = ("dashboard 30d, everyone's", "dashboard 30d, one user's", "requests, newest", "requests, one user's failed")
"""What is asked again and again while the table of requests grows."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is, and how often it is asked."""

    days: int = 730
    requests: int = 1_000_000
    repeats: int = 100
    events: int = 50_000
    steady_s: float = 15.0


QUICK = Sizes(days=7, requests=10_000, repeats=2, events=1_000, steady_s=0.5)


def measured(sizes: Sizes) -> Iterator[Figure]:
    """Measure reading first, as the data lie after a quiet night, and writing then."""
    with tempfile.TemporaryDirectory(prefix="cv-") as folder:
        path = Path(folder) / "codevector.db"
        yield Figure("buckets", write(path, ASKED_S, days=sizes.days), "")
        yield from _growth(path, sizes)
        yield Figure("load average before the questions", os.getloadavg()[0], "")
        yield from asyncio.run(_first(path, sizes))
        yield from asyncio.run(_read(path, sizes))
        yield from asyncio.run(_write(path, sizes))
        yield Figure("load average after everything", os.getloadavg()[0], "")


def _growth(path: Path, sizes: Sizes) -> Iterator[Figure]:
    """Ask the same of ever more request rows; the last and greatest number of them stays."""
    small: dict[str, float] = {}
    for rows in (sizes.requests // 100, sizes.requests // 10, sizes.requests):
        write_requests(path, ASKED_S, rows)
        found = asyncio.run(_processor_times(path, rows, sizes.repeats))
        small = small or found
        for name, spent in found.items():
            yield Figure(f"{name}, {rows:,} request rows, least processor time", spent, "ms")
    for name, spent in found.items():
        yield Figure(f"{name}, growth with 100 times the request rows", spent / small[name], "times", GROWTH_MARK)


async def _processor_times(path: Path, rows: int, repeats: int) -> dict[str, float]:
    """Return the least that the growing questions cost: what a busy machine falsifies least."""
    store = await Store.open(f"sqlite:///{path}", patience_s=2)
    asked = {question.name: question for question in questions(ASKED_S, rows)}
    found = {name: await _timed(asked[name], store, repeats) for name in GROWING}
    await store.close()
    return {name: min(times.processor) for name, times in found.items()}


async def _first(path: Path, sizes: Sizes) -> list[Figure]:
    """Ask for a dashboard as the first thing after a start."""
    question = next(questions(ASKED_S, sizes.requests))
    times = []
    for _ in range(max(sizes.repeats // 10, 3)):
        store = await Store.open(f"sqlite:///{path}", patience_s=2)
        times += (await _timed(question, store, 1, warm=False)).wall
        await store.close()
    return [Figure(f"{question.name}, as the first question, p50", percentile(times, 50), "ms")]


async def _read(path: Path, sizes: Sizes) -> list[Figure]:
    store = await Store.open(f"sqlite:///{path}", patience_s=2)
    found = []
    slowest: dict[str, float] = {}
    for question in questions(ASKED_S, sizes.requests):
        times = await _timed(question, store, sizes.repeats)
        found.append(Figure(f"{question.name}, processor time, p50", percentile(times.processor, 50), "ms"))
        found.append(Figure(f"{question.name}, p50", percentile(times.wall, 50), "ms"))
        found.append(Figure(f"{question.name}, p99", percentile(times.wall, 99), "ms", question.mark))
        slowest[question.mark] = max(slowest.get(question.mark, 0), percentile(times.processor, 99))
    await store.close()
    for mark, spent in slowest.items():
        found.append(Figure(f"the slowest question marked {mark}, processor time, p99", spent, "ms", mark))
    return found


@dataclass(frozen=True, slots=True)
class Times:
    """How long answers took, in milliseconds: on the clock, and of all threads' processor time."""

    wall: list[float]
    processor: list[float]


async def _timed(question: Question, store: Store, repeats: int, *, warm: bool = True) -> Times:
    times = Times([], [])
    if warm:
        await question.ask(store)
    for _ in range(repeats):
        began, spent = time.perf_counter(), time.process_time()
        await question.ask(store)
        times.processor.append((time.process_time() - spent) * 1000)
        times.wall.append((time.perf_counter() - began) * 1000)
    return times


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
    found = [*await _throughput(ledger, sizes.events), await _steady("with nothing else", ledger, sizes.steady_s)]
    keeper = Housekeeper(path, "keeper", Keep(requests=30, five_minutes=7, hours=300), _now_ms)
    upkeep = asyncio.create_task(asyncio.to_thread(_keep_house, keeper))
    found.append(await _steady("during roll-up and retention", ledger, sizes.steady_s))
    await asyncio.to_thread(keeper.close)
    await upkeep
    await ledger.close()
    await store.close()
    return found


def _keep_house(keeper: Housekeeper) -> None:
    from codevector_daemon.ledger.upkeep.workbench import Stopped  # noqa: PLC0415

    while True:
        try:
            keeper.run()
        except Stopped:
            return


def _now_ms() -> int:
    return (NOON_S + 90_000) * 1000


async def _throughput(ledger: Ledger, events: int) -> list[Figure]:
    """Keep the writer supplied as a busy gateway would, and see how much it makes durable in a second."""
    gc.collect()
    began, spent = time.perf_counter(), time.process_time()
    for first in range(0, events, 1_000):
        made = [an_event(f"w{first + n}", started_ms=_now_ms() - n * 1_000) for n in range(1_000)]
        await asyncio.gather(*(ledger.settle(event) for event in made))
    return [
        Figure("events made durable in a second", events / (time.perf_counter() - began), "", WRITER_MARK),
        Figure("events made durable in a second of processor time", events / (time.process_time() - spent), ""),
    ]


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
