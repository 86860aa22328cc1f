"""What goes wrong between the gateway and a provider, and what it is called."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from codevector_daemon.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.gateway.upstream import Headers, Upstreams
from support.upstreams import post, read, whole
from support.wire import Line, Script, Wire, always, listening

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMIT_S = 10


@pytest.fixture
async def upstream() -> AsyncIterator[HttpUpstream]:
    upstream = HttpUpstream({})
    yield upstream
    await upstream.close()


def once(data: bytes) -> Script:
    """Answer one request with these bytes and close."""

    async def script(line: Line, wire: Wire) -> None:
        wire.requests.append(await line.request())
        await line.answer(data)

    return script


async def test_a_refused_connection_says_where_and_asks_whether_it_runs(upstream: HttpUpstream) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(UpstreamUnreachable, match=rf"127\.0\.0\.1:{port}: connection refused; is the provider"):
            await upstream.send(post(f"http://127.0.0.1:{port}/v1"))
        with pytest.raises(UpstreamUnreachable, match=rf"localhost:{port}: connection refused; is the provider"):
            await upstream.send(post(f"http://localhost:{port}/v1"))


async def test_an_unknown_host_name_is_named(upstream: HttpUpstream) -> None:
    with pytest.raises(UpstreamUnreachable, match=r"Cannot find the host provider\.invalid"):
        await upstream.send(post("http://provider.invalid/v1"))


async def test_a_host_that_does_not_take_the_connection_is_given_up() -> None:
    upstream = HttpUpstream({}, connect_s=0.05)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        with socket.socket() as first, socket.socket() as second:  # these fill the queue that nobody serves
            for each in (first, second):
                each.setblocking(False)
                each.connect_ex(address)
            with pytest.raises(UpstreamUnreachable, match=r"no connection within 0\.05 s"):
                await upstream.send(post(f"http://127.0.0.1:{address[1]}/"))
    await upstream.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/",
        "http:///path",
        "http://",
        "host/path",
        "http://user:secret@host/",
        "http://host:0/",
        "http://host:99999/",
        "http://host:x/",
        "http://ho st/",
        "http://host/a b",
        "http://host/a\r\nX-Evil: 1",
        "http://host/é",
        "http://[::1/",
        "http://..é../",
    ],
)
async def test_an_address_that_cannot_be_called_is_refused_without_a_secret(upstream: HttpUpstream, url: str) -> None:
    with pytest.raises(UpstreamUnreachable) as caught:
        await upstream.send(post(url))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        ((b"X-A", b"1\r\nX-Evil: 2"),),
        ((b"X-A", b"1\nX-Evil: 2"),),
        ((b"X-A", b"a\x00b"),),
        ((b"X A", b"1"),),
        ((b"", b"1"),),
        ((b"X-A: 1\r\nX-Evil", b"2"),),
    ],
)
async def test_a_header_that_would_break_the_request_is_refused_before_anything_is_sent(
    upstream: HttpUpstream, headers: Headers
) -> None:
    async with listening(always(OK)) as wire:
        with pytest.raises(UpstreamUnreachable, match="line break"):
            await upstream.send(post(wire.url, headers=headers))
    assert wire.connections == 0


async def test_a_method_that_is_no_word_is_refused(upstream: HttpUpstream) -> None:
    async with listening(always(OK)) as wire:
        request = post(wire.url)
        with pytest.raises(UpstreamUnreachable):
            await upstream.send(type(request)("GET / HTTP/1.1\r\nX:", request.url, (), b""))


async def test_an_answer_that_does_not_come_in_time_is_a_timeout_and_cuts_the_call(upstream: HttpUpstream) -> None:
    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        await line.until_left()
        wire.left.set()

    async with listening(script) as wire:
        with pytest.raises(UpstreamTimeout, match=r"no answer within 0\.05 s"):
            await upstream.send(post(wire.url, first_byte_s=0.05))
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)


async def test_a_body_may_pause_for_longer_than_the_first_byte_may_take(upstream: HttpUpstream) -> None:
    go_on = asyncio.Event()

    async def script(line: Line, _: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        await go_on.wait()
        await line.answer(b"cd")

    async with listening(script) as wire:
        answer = await upstream.send(post(wire.url, first_byte_s=0.1))
        passed = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.2, passed.set_result, None)
        await passed
        go_on.set()
        assert await read(answer) == b"abcd"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not begin like HTTP"),
        (b"HTTP/2 200\r\n\r\n", "does not begin like HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n folded: first\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "transfer coding"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 300_000 + b"\r\n\r\n", "longer than 262144"),
        (b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 10_000, "longer than 262144"),
    ],
)
async def test_what_is_no_answer_is_broken(upstream: HttpUpstream, data: bytes, message: str) -> None:
    async with listening(once(data)) as wire:
        with pytest.raises(UpstreamBroken, match=message):
            await upstream.send(post(wire.url))
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("data", "arrived"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n", b"half"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nTrailer: x\r\n", b"half"),
    ],
)
async def test_a_body_cut_short_is_broken_after_what_did_arrive(
    upstream: HttpUpstream, data: bytes, arrived: bytes
) -> None:
    async with listening(once(data)) as wire:
        answer = await upstream.send(post(wire.url))
        chunks = aiter(answer.chunks())
        got = await anext(chunks)
        while len(got) < len(arrived):
            got += await anext(chunks)
        with pytest.raises(UpstreamBroken, match="in the middle of an answer"):
            await anext(chunks)
        await answer.aclose()
    assert got == arrived


@pytest.mark.parametrize(
    "junk", [b"xyz\r\n", b"4\r\nhalfmore\r\n", b"-1\r\n", b"\r\n", b"0x4\r\nhalf\r\n", b"1" * 20_000]
)
async def test_chunks_out_of_step_are_broken(upstream: HttpUpstream, junk: bytes) -> None:
    async with listening(once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + junk)) as wire:
        with pytest.raises(UpstreamBroken, match="broken answer"):
            await whole(upstream, post(wire.url))


async def test_a_reset_in_the_middle_of_an_answer_is_broken(upstream: HttpUpstream) -> None:
    async def script(line: Line, _: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        line.writer.transport.abort()

    async with listening(script) as wire:
        with pytest.raises(UpstreamBroken):
            await whole(upstream, post(wire.url))


async def test_upstreams_names_the_schemes_it_knows(upstream: HttpUpstream) -> None:
    upstreams = Upstreams({"http": upstream, "https": upstream})
    with pytest.raises(UpstreamUnreachable, match="http://, https://"):
        await upstreams.send(post("gopher://host/"))
    async with listening(always(OK)) as wire:
        assert (await whole(upstreams, post(wire.url.replace("http", "HTTP"))))[2] == b"ok"
    await upstreams.close()


async def test_only_what_may_pass_by_itself_is_said_to(upstream: HttpUpstream) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UpstreamUnreachable) as refused:
            await upstream.send(post(f"http://127.0.0.1:{taken.getsockname()[1]}/v1"))
    with pytest.raises(UpstreamUnreachable) as odd:
        await Upstreams({}).send(post("ftp://host/"))
    assert (refused.value.may_pass, odd.value.may_pass) == (True, False)
