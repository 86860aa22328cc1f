import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import brotli
import pytest
import zstandard

from codevector_daemon.errors import Refused
from codevector_daemon.gateway.body import ClientLeft, Incoming
from codevector_daemon.gateway.headers import HeaderMap

LIMIT = 100_000
BODY = b'{"model": "m"}' * 100


def arriving(*pieces: bytes, leaves: bool = False) -> Callable[[], Awaitable[Any]]:
    messages: list[dict[str, object]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append(
        {"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b"", "more_body": False}
    )
    remaining = iter(messages)

    async def receive() -> object:
        return next(remaining)

    return receive


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


CODED = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstandard.compress),
]


async def test_a_plain_body_is_put_together() -> None:
    assert await Incoming(arriving(b"ab", b"cd"), HeaderMap([])).read(LIMIT) == b"abcd"


@pytest.mark.parametrize(("coding", "code"), CODED)
async def test_every_known_coding_is_undone(coding: str, code: Callable[[bytes], bytes]) -> None:
    headers = HeaderMap([(b"Content-Encoding", coding.encode())])
    assert await Incoming(arriving(code(BODY)), headers).read(LIMIT) == BODY


@pytest.mark.parametrize(("coding", "code"), CODED)
async def test_the_limit_holds_after_decoding(coding: str, code: Callable[[bytes], bytes]) -> None:
    headers = HeaderMap([(b"content-encoding", coding.encode())])
    with pytest.raises(Refused) as refused:
        await Incoming(arriving(code(b"\0" * (LIMIT + 1))), headers).read(LIMIT)
    assert refused.value.status == 413


@pytest.mark.parametrize(("coding", "code"), CODED)
async def test_a_cut_body_is_no_body(coding: str, code: Callable[[bytes], bytes]) -> None:
    headers = HeaderMap([(b"content-encoding", coding.encode())])
    with pytest.raises(Refused) as refused:
        await Incoming(arriving(code(BODY)[:-3]), headers).read(LIMIT)
    assert refused.value.status == 400


async def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        await Incoming(arriving(b"x"), HeaderMap([(b"content-encoding", b"rot13")])).read(LIMIT)
    assert refused.value.status == 415


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_declared_or_not(declared: bool) -> None:
    lines = [(b"content-length", b"%d" % (LIMIT + 1))] if declared else []
    with pytest.raises(Refused) as refused:
        await Incoming(arriving(b"x" * LIMIT, b"x"), HeaderMap(lines)).read(LIMIT)
    assert refused.value.status == 413


async def test_a_client_that_leaves_while_sending_is_noticed() -> None:
    with pytest.raises(ClientLeft):
        await Incoming(arriving(b"x", leaves=True), HeaderMap([])).read(LIMIT)


async def test_every_member_of_a_gzip_stream_is_read() -> None:
    coded = gzip.compress(BODY[:700]) + gzip.compress(BODY[700:])
    headers = HeaderMap([(b"content-encoding", b"gzip")])
    assert await Incoming(arriving(coded), headers).read(LIMIT) == BODY


async def test_very_many_members_are_read_without_copying_all_that_follows_each() -> None:
    """Copied, this would be 100 GB."""
    coded = gzip.compress(b"") * 100_000 + gzip.compress(BODY)
    assert await Incoming(arriving(coded), HeaderMap([(b"content-encoding", b"gzip")])).read(len(coded)) == BODY


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_nothing_at_all_is_in_every_deflated_coding(coding: str) -> None:
    assert await Incoming(arriving(b""), HeaderMap([(b"content-encoding", coding.encode())])).read(LIMIT) == b""


async def test_what_is_left_of_a_refused_body_is_read_and_thrown_away() -> None:
    incoming = Incoming(arriving(b"x" * LIMIT, b"x", b"y", b"z"), HeaderMap([]))
    with pytest.raises(Refused):
        await incoming.read(LIMIT)
    await incoming.drain()
    await incoming.drain()  # a second time there is nothing to wait for
