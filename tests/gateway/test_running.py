import asyncio

from codevector_daemon.gateway.running import Ending, Running, Stop


async def test_a_call_is_ended_once_and_learns_why() -> None:
    reasons: list[Stop | None] = []

    async def call() -> None:
        task = asyncio.current_task()
        assert task is not None
        ending = Ending(task)
        running.enter(ending)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ending.stop(Stop.CLIENT_LEFT)  # too late: the first reason counts, and nothing is cancelled twice
            ending.take_over()
            await asyncio.sleep(0)
            reasons.append(ending.reason)
        finally:
            running.leave(ending)

    running = Running()
    tasks = [asyncio.ensure_future(call()) for _ in range(3)]
    await asyncio.sleep(0)
    assert len(running) == 3
    running.stop_all()
    await running.idle()
    await asyncio.gather(*tasks)
    assert reasons == [Stop.SHUTDOWN] * 3


async def test_a_settlement_outlives_who_asked_for_it_and_is_waited_for() -> None:
    running, gate, written = Running(), asyncio.Event(), []

    async def settle() -> None:
        await gate.wait()
        written.append("row")

    async def call() -> None:
        await asyncio.shield(running.settle(settle()))

    caller = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    caller.cancel()
    idle = asyncio.ensure_future(running.idle())
    await asyncio.sleep(0)
    assert not idle.done()
    gate.set()
    await idle
    assert written == ["row"]
    await asyncio.gather(caller, return_exceptions=True)
