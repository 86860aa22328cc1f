"""Which connections are used again, and which never."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from codevector_daemon.errors import UpstreamBroken
from codevector_daemon.gateway.http_upstream import HttpUpstream
from support.upstreams import post, read, whole
from support.wire import Line, Wire, always, listening

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMIT_S = 10


@pytest.fixture
async def upstream() -> AsyncIterator[HttpUpstream]:
    upstream = HttpUpstream({})
    yield upstream
    await upstream.close()


async def test_calls_one_after_another_share_a_connection(upstream: HttpUpstream) -> None:
    async with listening(always(OK)) as wire:
        for _ in range(20):
            assert (await whole(upstream, post(wire.url)))[2] == b"ok"
    assert wire.connections == 1
    assert len(wire.requests) == 20


async def test_calls_at_once_have_connections_of_their_own_and_keep_them(upstream: HttpUpstream) -> None:
    async with listening(always(OK)) as wire:
        for _ in range(3):
            answers = [await upstream.send(post(wire.url)) for _ in range(40)]
            assert {await read(answer) for answer in answers} == {b"ok"}
    assert wire.connections == 40


async def test_a_whole_answer_nobody_read_gives_its_connection_back(upstream: HttpUpstream) -> None:
    async with listening(always(OK)) as wire:
        for _ in range(3):
            answer = await upstream.send(post(wire.url))
            await answer.aclose()
            await answer.aclose()
    assert wire.connections == 1


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nsmuggled",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=5\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_a_connection_that_is_closing_or_out_of_step_is_not_used_again(
    upstream: HttpUpstream, data: bytes
) -> None:
    async with listening(always(data)) as wire:
        for _ in range(2):
            assert (await whole(upstream, post(wire.url)))[2] == b"ok"
    assert wire.connections == 2


async def test_http_1_0_with_keep_alive_is_used_again(upstream: HttpUpstream) -> None:
    raw = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok"
    async with listening(always(raw)) as wire:
        for _ in range(2):
            await whole(upstream, post(wire.url))
    assert wire.connections == 1


async def test_an_idle_connection_that_the_provider_closed_is_replaced_before_anything_is_sent(
    upstream: HttpUpstream,
) -> None:
    async def script(line: Line, wire: Wire) -> None:
        wire.requests.append(await line.request())
        await line.answer(OK)

    async with listening(script) as wire:
        for _ in range(20):
            assert (await whole(upstream, post(wire.url)))[2] == b"ok"
    assert wire.connections == len(wire.requests) == 20


async def test_a_call_written_to_a_connection_that_then_closes_is_broken_and_never_repeated(
    upstream: HttpUpstream,
) -> None:
    async def script(line: Line, wire: Wire) -> None:
        wire.requests.append(await line.request())
        await line.answer(OK)
        wire.requests.append(await line.request())

    async with listening(script) as wire:
        await whole(upstream, post(wire.url))
        with pytest.raises(UpstreamBroken, match="without an answer"):
            await upstream.send(post(wire.url, b"second"))
    assert [each.endswith(b"second") for each in wire.requests] == [False, True]
    assert wire.connections == 1


async def test_an_idle_connection_is_dropped_when_it_is_old() -> None:
    upstream = HttpUpstream({}, keep_s=0.02)

    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        await line.answer(OK)
        await line.until_left()
        wire.left.set()

    async with listening(script) as wire:
        await whole(upstream, post(wire.url))
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)
    await upstream.close()


async def test_a_provider_that_speaks_unasked_loses_the_connection(upstream: HttpUpstream) -> None:
    async def script(line: Line, wire: Wire) -> None:
        wire.requests.append(await line.request())
        await line.answer(OK)
        if line.number == 1:
            await wire.spoken.wait()
            await line.answer(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            await line.until_left()
            wire.left.set()

    async with listening(script) as wire:
        assert (await whole(upstream, post(wire.url)))[0] == 200
        wire.spoken.set()
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)
        assert (await whole(upstream, post(wire.url)))[0] == 200
    assert wire.connections == 2


async def test_bytes_after_a_whole_answer_cost_the_connection_but_not_the_answer(upstream: HttpUpstream) -> None:
    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await wire.spoken.wait()
        await line.answer(b"more")
        await line.until_left()
        wire.left.set()

    async with listening(script) as wire:
        answer = await upstream.send(post(wire.url))
        wire.spoken.set()
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)
        assert await read(answer) == b"ok"


async def test_close_cuts_what_is_idle_and_what_is_open() -> None:
    upstream = HttpUpstream({})

    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        await line.answer(OK if line.number == 1 else b"HTTP/1.1 200 OK\r\n\r\nno end")
        await line.until_left()
        wire.gone += 1
        if wire.gone == 2:
            wire.left.set()

    async with listening(script) as wire:
        first = await upstream.send(post(wire.url))
        second = await upstream.send(post(wire.url))
        await read(first)
        await upstream.close()
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)
        with pytest.raises(UpstreamBroken, match="cut off"):
            await read(second)
