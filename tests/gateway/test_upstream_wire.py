"""The golden test: what leaves on the socket, and what is made of what comes back, to the byte."""

from collections.abc import AsyncIterator

import pytest

from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.gateway.upstream import Headers, UpstreamRequest
from support.wire import Line, Wire, always, listening

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def upstream() -> AsyncIterator[HttpUpstream]:
    upstream = HttpUpstream({})
    yield upstream
    await upstream.close()


async def call(
    upstream: HttpUpstream, url: str, *, method: str = "POST", headers: Headers = (), body: bytes = b"{}"
) -> tuple[int, Headers, bytes]:
    answer = await upstream.send(UpstreamRequest(method, url, headers, body, first_byte_s=5))
    try:
        return answer.status, answer.headers, b"".join([chunk async for chunk in answer.chunks()])
    finally:
        await answer.aclose()


async def test_a_request_goes_out_as_it_was_given(upstream: HttpUpstream) -> None:
    headers = (
        (b"x-Case", b"kept"),
        (b"X-CASE", b"and repeated"),
        (b"x-Case", b"and repeated"),
        (b"X-Empty", b""),
        (b"X-Latin", b"caf\xe9"),
        (b"X-Utf8", "café".encode()),
        (b"Accept-Encoding", b"gzip,deflate"),
        (b"Cookie", b"a=b; c"),
        (b"X-Inner", b"a  b\tc"),
    )
    body = b'{"a": 1.0,\n "\\u00e9": "\xc3\xa9"}'
    async with listening(always(OK)) as wire:
        await call(upstream, f"{wire.url}/v1%2Fx/../y//z;p?beta=true&&q=%7e+%20&e=", headers=headers, body=body)
    assert wire.requests == [
        b"POST /v1%2Fx/../y//z;p?beta=true&&q=%7e+%20&e= HTTP/1.1\r\n"
        b"Host: 127.0.0.1:" + str(wire.port).encode() + b"\r\n"
        b"x-Case: kept\r\n"
        b"X-CASE: and repeated\r\n"
        b"x-Case: and repeated\r\n"
        b"X-Empty: \r\n"
        b"X-Latin: caf\xe9\r\n"
        b"X-Utf8: caf\xc3\xa9\r\n"
        b"Accept-Encoding: gzip,deflate\r\n"
        b"Cookie: a=b; c\r\n"
        b"X-Inner: a  b\tc\r\n"
        b"Content-Length: 27\r\n"
        b"\r\n" + body
    ]


async def test_an_answer_comes_back_as_it_was_given(upstream: HttpUpstream) -> None:
    raw = (
        b"HTTP/1.1 418 I am\r\nx-Case: one\r\nX-CASE: two\r\nx-Case: two\r\nX-Empty:\r\nX-Padded: \t a  b \r\n"
        b"X-Latin: caf\xe9\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nLocation: http://elsewhere/\r\n"
        b"Content-Encoding: gzip\r\ncontent-LENGTH: 4\r\n\r\n\x1f\x8b\x00\xff"
    )
    async with listening(always(raw)) as wire:
        status, headers, body = await call(upstream, wire.url)
    assert (status, body) == (418, b"\x1f\x8b\x00\xff")
    assert headers == (
        (b"x-Case", b"one"),
        (b"X-CASE", b"two"),
        (b"x-Case", b"two"),
        (b"X-Empty", b""),
        (b"X-Padded", b"a  b"),
        (b"X-Latin", b"caf\xe9"),
        (b"Set-Cookie", b"a=b"),
        (b"Set-Cookie", b"c=d"),
        (b"Location", b"http://elsewhere/"),
        (b"Content-Encoding", b"gzip"),
        (b"content-LENGTH", b"4"),
    )


async def test_cookies_are_not_kept_and_redirects_not_followed(upstream: HttpUpstream) -> None:
    raw = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with listening(always(raw)) as wire:
        assert (await call(upstream, wire.url))[0] == 302
        assert (await call(upstream, wire.url))[0] == 302
    assert len(wire.requests) == 2
    assert wire.requests[0] == wire.requests[1]
    assert b"ookie" not in wire.requests[1]


@pytest.mark.parametrize(
    ("method", "url", "body", "first"),
    [
        ("GET", "", b"", b"GET / HTTP/1.1\r\n"),
        ("GET", "?a=b", b"", b"GET /?a=b HTTP/1.1\r\n"),
        ("POST", "/x#part", b"", b"POST /x HTTP/1.1\r\n"),
        ("DELETE", "/x/%00", b"", b"DELETE /x/%00 HTTP/1.1\r\n"),
    ],
)
async def test_the_request_line_is_the_url_without_its_fragment(
    upstream: HttpUpstream, method: str, url: str, body: bytes, first: bytes
) -> None:
    async with listening(always(OK)) as wire:
        await call(upstream, wire.url + url, method=method, body=body)
    assert wire.requests[0].startswith(first)


async def test_the_framing_is_ours_and_keeps_the_place_and_spelling_of_the_line(upstream: HttpUpstream) -> None:
    headers = (
        (b"A", b"1"),
        (b"content-LENGTH", b"9999"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Content-Length", b"3"),
        (b"host", b"gateway.example"),
    )
    async with listening(always(OK)) as wire:
        await call(upstream, wire.url, headers=headers, body=b"{}")
    assert wire.requests == [b"POST / HTTP/1.1\r\nA: 1\r\ncontent-LENGTH: 2\r\nhost: gateway.example\r\n\r\n{}"]


async def test_an_empty_post_says_so_and_a_get_says_nothing_of_a_body(upstream: HttpUpstream) -> None:
    async with listening(always(OK)) as wire:
        await call(upstream, wire.url, body=b"")
        await call(upstream, wire.url, method="GET", body=b"")
    assert b"Content-Length: 0\r\n" in wire.requests[0]
    assert b"Content-Length" not in wire.requests[1]


async def test_a_large_body_arrives_whole(upstream: HttpUpstream) -> None:
    body = bytes(range(256)) * 20_000
    async with listening(always(OK)) as wire:
        await call(upstream, wire.url, body=body)
    assert wire.requests[0].endswith(b"\r\n\r\n" + body)


async def test_a_head_of_more_than_200_lines_and_200_kilobytes_is_read(upstream: HttpUpstream) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"v" * 1000) for number in range(205))
    raw = b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n"
    async with listening(always(raw)) as wire:
        _, headers, _ = await call(upstream, wire.url)
    assert len(headers) == 206


async def test_interim_answers_are_passed_over(upstream: HttpUpstream) -> None:
    raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
    async with listening(always(raw)) as wire:
        status, headers, body = await call(upstream, wire.url)
    assert (status, headers, body) == (200, ((b"Content-Length", b"2"),), b"ok")


async def test_chunks_and_trailers_are_taken_off(upstream: HttpUpstream) -> None:
    raw = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;ext=1\r\nhello\r\n00A\r\n, \r\n world\r\n0\r\nX-Trailer: 1\r\nX-Other: 2\r\n\r\n"
    )
    async with listening(always(raw)) as wire:
        assert (await call(upstream, wire.url))[2] == b"hello, \r\n world"
        assert (await call(upstream, wire.url))[2] == b"hello, \r\n world"
    assert wire.connections == 1


async def test_an_answer_without_framing_ends_with_its_connection(upstream: HttpUpstream) -> None:
    async def script(line: Line, _: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end")

    async with listening(script) as wire:
        assert (await call(upstream, wire.url))[2] == b"until the end"
        assert (await call(upstream, wire.url))[2] == b"until the end"
    assert wire.connections == 2


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("POST", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"),
    ],
)
async def test_answers_without_a_body_keep_the_connection(upstream: HttpUpstream, method: str, head: bytes) -> None:
    async with listening(always(head)) as wire:
        for _ in range(2):
            assert (await call(upstream, wire.url, method=method, body=b""))[2] == b""
    assert wire.connections == 1
