import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx
import pytest

from codevector_daemon.control.live import BEATS, TICK_S
from codevector_daemon.control.reader import BACKLOG, Reader
from codevector_daemon.metering.counts import TokenCounts
from codevector_shared.client import ControlClient, ControlError
from codevector_shared.protocol import API, Delta, LiveMessage, ProviderCreate, Request, Snapshot, UserCreate

from .conftest import Node


class Stream:
    """A live stream read as a monitor reads it."""

    def __init__(self, messages: AsyncIterator[LiveMessage]) -> None:
        self._messages = messages
        self.seen: list[Delta] = []

    async def snapshot(self) -> Snapshot:
        first = await anext(self._messages)
        assert isinstance(first, Snapshot)
        return first

    async def until_settled(self, *ids: str) -> list[Delta]:
        """Read deltas until all those calls are settled."""
        async with asyncio.timeout(10):
            while not set(ids) <= {row.id for delta in self.seen for row in delta.settled}:
                await self.delta()
        return self.seen

    async def delta(self) -> Delta:
        message = await anext(self._messages)
        assert isinstance(message, Delta)
        self.seen.append(message)
        return message


@asynccontextmanager
async def live(client: ControlClient) -> AsyncIterator[Stream]:
    async with aclosing(client.live()) as messages:
        yield Stream(messages)


async def test_a_snapshot_tells_what_is_open_and_what_finished_last(node: Node) -> None:
    key = await node.key(name="mine")
    await node.settle("r1", key, model="fast")
    await node.settle("r2", key)
    await node.admit("r3", key, project="web")
    async with live(node.admin) as stream:
        first = await stream.snapshot()
    assert (first.seq, first.status.pid) == (0, 4711)
    assert [row.id for row in first.latest] == ["r2", "r1"]
    assert [(row.id, row.state, row.key, row.project) for row in first.open] == [("r3", "open", "mine", "web")]


async def test_a_call_is_seen_opening_growing_and_settling(node: Node) -> None:
    key = await node.key()
    async with live(node.admin) as stream:
        await stream.snapshot()
        await node.admit("r1", key, model="fast")
        opened = await stream.delta()
        node.services.ledger.progress("r1", TokenCounts(output=3), 250)
        grown = await stream.delta()
        await node.settle("r1", key, model="fast", output=7)
        settled = await stream.delta()
    assert [row.id for row in opened.opened] == ["r1"]
    assert [(one.id, one.output_tokens, one.ttft_ms) for one in grown.progress] == [("r1", 3, 250)]
    assert [(row.id, row.output_tokens, row.spend_usd) for row in settled.settled] == [("r1", 7, "0.000000005")]
    assert [delta.seq for delta in stream.seen] == [1, 2, 3]


async def test_a_settled_row_of_the_stream_equals_the_stored_one(node: Node) -> None:
    key = await node.key(name="mine")
    async with live(node.admin) as stream:
        await stream.snapshot()
        await node.settle("r1", key, model="fast", project="web", client_app="aider", provider="p", upstream_model="u")
        (delta,) = await stream.until_settled("r1")
    assert delta.settled == (await node.admin.requests()).requests


async def test_no_row_is_told_twice_or_lost_while_readers_come(node: Node) -> None:
    key = await node.key()
    ids = [f"r{number:03}" for number in range(60)]

    async def work() -> None:
        for request_id in ids:
            await node.admit(request_id, key)
            await node.settle(request_id, key)

    async def watch() -> None:
        async with live(node.admin) as stream:
            first = await stream.snapshot()
            told = [row.id for row in first.latest]
            oldest = ids.index(told[-1]) if told else 0
            missing = set(ids[oldest:]) - set(told)
            await stream.until_settled(*missing)
            settled = [row.id for delta in stream.seen for row in delta.settled]
            assert sorted(settled) == sorted(missing)
            opened = [row.id for delta in stream.seen for row in delta.opened]
            assert len(set(opened)) == len(opened)
            assert not set(opened) & {row.id for row in (*first.open, *first.latest)}
            assert [delta.seq for delta in stream.seen] == list(range(1, len(stream.seen) + 1))

    working = asyncio.create_task(work())
    await asyncio.gather(*(watch() for _ in range(8)))
    await working


async def test_a_change_of_the_directory_moves_its_version(node: Node) -> None:
    async with live(node.admin) as stream:
        await stream.snapshot()
        await node.admin.create_provider(ProviderCreate("p", "openai"))
        assert (await stream.delta()).directory_version == node.services.directory.version


async def test_silence_is_broken_by_a_beat(node: Node) -> None:
    async with live(node.admin) as stream:
        await stream.snapshot()
        async with asyncio.timeout(TICK_S * BEATS * 3):
            beat = await stream.delta()
    assert (beat.seq, beat.opened, beat.progress, beat.settled) == (1, [], [], [])


async def test_a_key_sees_its_own_users_rows_and_nothing_of_the_machine(node: Node) -> None:
    await node.admin.create_user(UserCreate("ann"))
    mine, hers = await node.key(), await node.key("ann")
    await node.settle("r1", mine)
    await node.settle("r2", hers)
    await node.admit("r3", mine)
    async with live(node.member(hers)) as stream:
        first = await stream.snapshot()
        await node.settle("r3", mine)
        await node.settle("r4", hers)
        seen = await stream.until_settled("r4")
    assert ([row.id for row in first.latest], first.open) == (["r2"], [])
    assert (first.status.socket, first.status.database, first.status.pid, first.status.open_requests) == (
        None,
        None,
        None,
        0,
    )
    status = first.status
    assert (status.trouble, status.recovered, status.recovered_at) == (None, None, None)
    assert (status.folded_names, status.damaged_spool_files, status.resting_backends) == (0, 0, 0)
    assert {row.id for delta in seen for row in delta.settled} == {"r4"}


async def test_the_hub_rests_when_nobody_reads(node: Node) -> None:
    hub = node.services.live
    async with live(node.admin) as stream:
        await stream.snapshot()
        assert hub._pump is not None
    async with asyncio.timeout(5):
        while hub._pump is not None:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert not hub._readers
    async with live(node.admin) as again:
        await again.snapshot()


async def test_a_key_revoked_while_its_stream_runs_ends_it(node: Node) -> None:
    secret = await node.key()
    async with live(node.member(secret)) as stream:
        await stream.snapshot()
        await node.admin.revoke_key((await node.key_of(secret)).id)
        with pytest.raises(StopAsyncIteration):
            await stream.delta()


async def test_a_stream_begins_without_its_latest_rows_when_the_store_refuses(node: Node) -> None:
    await node.settle("r1", await node.key())
    await node.services.store.close()
    async with live(node.admin) as stream:
        assert (await stream.snapshot()).latest == []


async def test_a_closed_hub_ends_its_streams_and_those_that_come_later(node: Node) -> None:
    async with live(node.admin) as early:
        await early.snapshot()
        node.services.live.close()
        with pytest.raises(StopAsyncIteration):
            await early.delta()
    async with live(node.admin) as late:
        await late.snapshot()
        with pytest.raises(StopAsyncIteration):
            await late.delta()


async def test_asking_for_the_heads_only_opens_no_stream(node: Node) -> None:
    answer = await node.raw.head("/live")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")


async def test_a_stream_needs_a_key_over_tcp(node: Node) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{node.gateway_url}{API}/live")).status_code == 401
    with pytest.raises(ControlError):
        await anext(node.member("cv_nonsense").live())


def delta(*settled: Request) -> Delta:
    return Delta(
        seq=0,
        at="",
        opened=[],
        progress=[],
        settled=list(settled),
        directory_version=1,
        degraded=False,
        spooled_events=0,
    )


async def test_a_slow_reader_finds_a_gap_in_the_numbers() -> None:
    reader = Reader(None)
    for _ in range(BACKLOG + 3):
        reader.offer(delta())
    kept = [await reader.next() for _ in range(BACKLOG)]
    reader.offer(delta())
    late = await reader.next()
    assert late is not None
    assert (kept[-1] or late).seq == BACKLOG
    assert late.seq == BACKLOG + 4


async def test_an_ended_stream_ends_even_for_a_reader_that_is_full() -> None:
    reader = Reader(None)
    for _ in range(BACKLOG):
        reader.offer(delta())
    reader.end()
    for _ in range(BACKLOG - 1):
        assert await reader.next() is not None
    assert await reader.next() is None
