"""Providers over TLS."""

import asyncio
import ssl

import pytest

from codevector_daemon.errors import UpstreamUnreachable
from codevector_daemon.gateway.http1.tls import provider_tls
from codevector_daemon.gateway.http_upstream import HttpUpstream
from support.certificates import Certificate
from support.upstreams import post, read, whole
from support.wire import Line, Wire, always, listening

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMIT_S = 10


async def test_a_secure_call_is_made_and_its_connection_kept(certificate: Certificate) -> None:
    upstream = HttpUpstream({}, tls=certificate.client())
    async with listening(always(OK), certificate.server()) as wire:
        for _ in range(5):
            assert (await whole(upstream, post(wire.url, bytes(300_000))))[2] == b"ok"
        assert wire.url.startswith("https://")
        await upstream.close()
    assert wire.connections == 1


async def test_leaving_a_secure_answer_cuts_the_connection_at_once(certificate: Certificate) -> None:
    async def script(line: Line, wire: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\n\r\nno end")
        await line.until_left()
        wire.left.set()

    upstream = HttpUpstream({}, tls=certificate.client())
    async with listening(script, certificate.server()) as wire:
        answer = await upstream.send(post(wire.url))
        assert await anext(answer.chunks()) == b"no end"
        await answer.aclose()
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)
        await upstream.close()


async def test_a_large_secure_answer_to_a_slow_reader_arrives_whole(certificate: Certificate) -> None:
    total = 32 << 20

    async def script(line: Line, _: Wire) -> None:
        await line.request()
        await line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total + bytes(total))

    upstream = HttpUpstream({}, tls=certificate.client())
    async with listening(script, certificate.server()) as wire:
        answer = await upstream.send(post(wire.url))
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(await read(answer)) == total
        await upstream.close()


async def test_a_certificate_nobody_vouches_for_is_refused_with_the_reason(certificate: Certificate) -> None:
    upstream = HttpUpstream({})
    async with listening(always(OK), certificate.server()) as wire:
        with pytest.raises(UpstreamUnreachable, match=r"certificate of 127\.0\.0\.1:\d+ was not accepted: self"):
            await upstream.send(post(wire.url))
        await upstream.close()


async def test_a_certificate_for_another_host_is_refused(certificate: Certificate) -> None:
    upstream = HttpUpstream({}, tls=certificate.client())
    async with listening(always(OK), certificate.server()) as wire:
        with pytest.raises(UpstreamUnreachable, match=r"was not accepted: .*localhost"):
            await upstream.send(post(wire.url.replace("127.0.0.1", "localhost")))
        await upstream.close()


async def test_https_to_a_plain_port_asks_whether_it_is_https() -> None:
    async def script(line: Line, _: Wire) -> None:
        await line.reader.read(1)
        await line.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    upstream = HttpUpstream({})
    async with listening(script) as wire:
        with pytest.raises(UpstreamUnreachable, match="is it https"):
            await upstream.send(post(wire.url.replace("http", "https")))
        await upstream.close()


async def test_a_caller_that_is_cancelled_during_the_handshake_leaves_no_connection() -> None:
    async def script(line: Line, wire: Wire) -> None:
        await line.reader.read(1)
        wire.spoken.set()
        await line.until_left()
        wire.left.set()

    upstream = HttpUpstream({})
    async with listening(script) as wire:
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(upstream.send(post(wire.url.replace("http", "https"))))
            await asyncio.wait_for(wire.spoken.wait(), LIMIT_S)
            call.cancel()
        await asyncio.wait_for(wire.left.wait(), LIMIT_S)
        await upstream.close()


def test_the_machines_own_trust_is_used() -> None:
    context = provider_tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.get_ca_certs() or ssl.get_default_verify_paths().capath  # a folder is read when it is needed
