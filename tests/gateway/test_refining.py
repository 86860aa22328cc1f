"""Prompts of calls that stay open are counted, one at a time, and only where it is still of use."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.gateway.call import Call
from codevector_daemon.gateway.refining import Refiner, counted


class Desk:
    """A refiner whose counting waits for the test; a call stands for its own count."""

    def __init__(self) -> None:
        self.told: dict[str, int] = {}
        self.news = asyncio.Event()
        self.begun: list[int] = []
        self.may_go_on = threading.Event()
        self.refiner = Refiner(self._tell, after_s=0, count=self._count)

    def watch(self, name: str, count: object) -> None:
        """Watch a call that counts so much; None stands for one whose provider has told already."""
        self.refiner.watch(name, lambda: cast("Call | None", count))

    def _tell(self, name: str, count: int) -> None:
        self.told[name] = count
        self.news.set()

    def _count(self, call: Call) -> int:
        self.begun.append(cast("int", call))
        assert self.may_go_on.wait(10)
        if self.begun[-1] < 0:
            raise ValueError("no such prompt")
        return self.begun[-1]

    async def until_told(self, *names: str) -> None:
        """Wait until the counts of all of these are known."""
        async with asyncio.timeout(10):
            while not set(names) <= self.told.keys():
                self.news.clear()
                await self.news.wait()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # another thread's doing
            await asyncio.sleep(0)


@asynccontextmanager
async def opened() -> AsyncIterator[Desk]:
    desk = Desk()
    try:
        yield desk
    finally:
        desk.may_go_on.set()
        await desk.refiner.close()


async def test_a_call_that_stays_open_is_counted() -> None:
    async with opened() as desk:
        desk.may_go_on.set()
        desk.watch("a", 41)
        await desk.until_told("a")
        assert desk.told == {"a": 41}


async def test_what_is_over_or_told_before_its_turn_is_never_counted() -> None:
    async with opened() as desk:
        desk.watch("slow", 1)
        await until(lambda: desk.begun == [1])
        desk.watch("over", 2)
        desk.watch("told", None)
        desk.watch("last", 4)
        await until(lambda: len(desk.refiner._due) == 3)
        desk.refiner.leave("over")
        desk.may_go_on.set()
        await desk.until_told("slow", "last")
        assert desk.begun == [1, 4]
        assert desk.told == {"slow": 1, "last": 4}


async def test_a_call_that_ends_soon_starts_no_counting() -> None:
    async with opened() as desk:
        desk.may_go_on.set()
        desk.watch("soon", 1)
        desk.refiner.leave("soon")
        desk.watch("later", 2)
        await desk.until_told("later")
        assert desk.begun == [2]


async def test_one_prompt_that_cannot_be_counted_keeps_no_other_from_it(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as desk:
        desk.may_go_on.set()
        desk.watch("bad", -1)
        desk.watch("good", 5)
        await desk.until_told("good")
        assert desk.told == {"good": 5}
    assert "the prompt of bad could not be counted" in caplog.text


def test_a_prompt_beyond_what_is_to_be_counted_out_is_taken_by_its_length() -> None:
    body = b'{"messages": [{"role": "user", "content": "%s"}]}' % (b" a" * 4000)
    backend = SimpleNamespace(upstream_model="gpt-5")
    call = cast("Call", SimpleNamespace(dialect=by_name["chat"], body=body, backend=backend))
    assert counted(call) > 4000 > counted(call, max_bytes=0) >= 2000
