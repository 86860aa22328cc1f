"""Both directions at once: slow readers, large bodies, early answers, callers that leave."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from codevector_daemon.gateway.http1.connection import UNREAD_LIMIT
from codevector_daemon.gateway.http_upstream import HttpUpstream
from support.upstreams import post, read, whole
from support.wire import Line, Wire, listening

LIMIT_S = 10
SOCKET_ROOM = 16 << 20
"""More than the kernel keeps for a connection in both directions together."""

LARGEST_READ = 256 * 1024


@pytest.fixture
async def upstream() -> AsyncIterator[HttpUpstream]:
    upstream = HttpUpstream({})
    yield upstream
    await upstream.close()


async def test_each_piece_is_given_when_it_arrives(upstream: HttpUpstream) -> None:
    go_on = asyncio.Event()

    async def script(line: Line, _: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one", b"two", b"six"):
            await go_on.wait()
            go_on.clear()
            await line.answer(b"3\r\n%b\r\n" % piece)
        await line.answer(b"0\r\n\r\n")

    async with listening(script) as wire:
        answer = await upstream.send(post(wire.url))
        pieces = aiter(answer.chunks())
        for expected in (b"one", b"two", b"six"):
            go_on.set()
            assert await asyncio.wait_for(anext(pieces), LIMIT_S) == expected
        await answer.aclose()


async def test_a_slow_reader_makes_the_provider_wait_instead_of_filling_our_memory(upstream: HttpUpstream) -> None:
    total = UNREAD_LIMIT + 4 * SOCKET_ROOM

    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        line.writer.write(bytes(total))
        wire.spoken.set()
        await line.writer.drain()
        wire.left.set()

    async with listening(script) as wire:
        answer = await upstream.send(post(wire.url))
        await asyncio.wait_for(wire.spoken.wait(), LIMIT_S)
        with pytest.raises(TimeoutError):  # the provider's write stays stuck however long nobody reads
            await asyncio.wait_for(wire.left.wait(), 0.2)
        assert answer._connection._unread <= UNREAD_LIMIT + LARGEST_READ  # type: ignore[attr-defined]
        assert len(await read(answer)) == total


async def test_an_answer_before_the_body_was_sent_is_given_at_once(upstream: HttpUpstream) -> None:
    async def script(line: Line, wire: Wire) -> None:
        wire.requests.append(await line.reader.readuntil(b"\r\n\r\n"))
        await line.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large")
        await line.until_left()
        wire.left.set()

    async with listening(script) as wire:
        body = bytes(SOCKET_ROOM * 4)
        assert await whole(upstream, post(wire.url, body)) == (413, ((b"Content-Length", b"9"),), b"too large")
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)


async def test_a_body_goes_on_being_sent_while_a_good_answer_comes(upstream: HttpUpstream) -> None:
    body = bytes(range(256)) * (SOCKET_ROOM // 64)

    async def script(line: Line, _: Wire) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        await line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        got = await line.reader.readexactly(len(body))
        await line.answer(b"same" if got == body else b"else")

    async with listening(script) as wire:
        assert (await whole(upstream, post(wire.url, body)))[2] == b"same"


async def test_leaving_an_unfinished_answer_cuts_the_connection_at_once(upstream: HttpUpstream) -> None:
    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await line.until_left()
        wire.left.set()

    async with listening(script) as wire:
        answer = await upstream.send(post(wire.url))
        assert await anext(answer.chunks()) == b"one"
        await answer.aclose()
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)
        with pytest.raises(StopAsyncIteration):
            await anext(answer.chunks())


async def test_a_caller_that_is_cancelled_while_it_waits_cuts_the_connection_at_once(upstream: HttpUpstream) -> None:
    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        wire.spoken.set()
        await line.until_left()
        wire.left.set()

    async with listening(script) as wire:
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(upstream.send(post(wire.url)))
            await asyncio.wait_for(wire.spoken.wait(), LIMIT_S)
            call.cancel()
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)


async def test_a_hundred_streams_at_once_do_not_mix(upstream: HttpUpstream) -> None:
    async def script(line: Line, _: Wire) -> None:
        while True:
            body = (await line.request()).partition(b"\r\n\r\n")[2]
            await line.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(20):
                await line.answer(b"%x\r\n%b\r\n" % (len(body), body))
            await line.answer(b"0\r\n\r\n")

    async with listening(script) as wire:

        async def call(number: int) -> bool:
            body = b"%03d" % number
            return all([(await whole(upstream, post(wire.url, body)))[2] == body * 20 for _ in range(3)])

        assert all(await asyncio.gather(*(call(number) for number in range(100))))
    assert wire.connections == 100
