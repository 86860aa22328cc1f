"""Providers with a proxy or certificates of their own."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from codevector_daemon.errors import UpstreamUnreachable
from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.gateway.upstream import Via
from support.certificates import Certificate
from support.upstreams import post, whole
from support.wire import always, listening

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_private_authority_is_trusted_for_its_provider_alone(certificate: Certificate) -> None:
    upstream = HttpUpstream({})
    async with listening(always(OK), certificate.server()) as wire:
        own = replace(post(wire.url), via=Via(ca_file=str(certificate.file)))
        for _ in range(2):
            assert (await whole(upstream, own))[2] == b"ok"
        with pytest.raises(UpstreamUnreachable, match="certificate"):
            await upstream.send(post(wire.url))
        await upstream.close()
    assert len(wire.requests) == 2


async def test_a_file_of_certificates_that_is_gone_is_named(tmp_path: Path) -> None:
    upstream = HttpUpstream({})
    async with listening(always(OK)) as wire:
        gone = replace(post(wire.url.replace("http:", "https:")), via=Via(ca_file=str(tmp_path / "gone.pem")))
        with pytest.raises(UpstreamUnreachable, match=r"gone\.pem cannot be used .No such file"):
            await upstream.send(gone)
        await upstream.close()


async def test_a_providers_own_proxy_wins_over_the_environments_and_serves_loopback() -> None:
    async with listening(always(OK)) as own, listening(always(OK)) as everyones, listening(always(OK)) as direct:
        upstream = HttpUpstream({"http_proxy": everyones.url, "no_proxy": "*"})
        via = Via(proxy=f"http://me:hush@127.0.0.1:{own.port}")
        assert (await whole(upstream, replace(post(direct.url), via=via)))[2] == b"ok"
        assert (await whole(upstream, post(direct.url)))[2] == b"ok"
        await upstream.close()
    assert b"Proxy-Authorization: Basic bWU6aHVzaA==" in own.requests[0]
    assert (len(own.requests), len(everyones.requests), len(direct.requests)) == (1, 0, 1)


async def test_certificates_of_ones_own_leave_the_environments_proxy_in_place(certificate: Certificate) -> None:
    async with listening(always(OK)) as proxy:
        upstream = HttpUpstream({"http_proxy": proxy.url})
        via = Via(ca_file=str(certificate.file))
        assert (await whole(upstream, replace(post("http://api.example/v1"), via=via)))[2] == b"ok"
        await upstream.close()
    assert proxy.requests[0].startswith(b"POST http://api.example/v1 HTTP/1.1")


async def test_connections_of_two_ways_are_never_mixed() -> None:
    async with listening(always(OK)) as wire:
        upstream = HttpUpstream({})
        ways = [None, Via(ca_file="/a"), Via(ca_file="/b")]
        for via in ways * 3:
            await whole(upstream, replace(post(wire.url), via=via))
        await asyncio.gather(upstream.close())
    assert wire.connections == len(ways)
