"""Proxies of the environment: which addresses go through them, and what they are told."""

import asyncio

import pytest

from codevector_daemon.errors import UpstreamUnreachable
from codevector_daemon.gateway.http1.proxies import Proxies
from codevector_daemon.gateway.http1.target import Origin
from codevector_daemon.gateway.http_upstream import HttpUpstream
from support.certificates import Certificate
from support.upstreams import post, whole
from support.wire import Line, Wire, always, listening

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.0.0.1", "127.9.8.7", "::1", "0.0.0.0"])
@pytest.mark.parametrize("secure", [False, True])
def test_loopback_never_goes_through_a_proxy(host: str, *, secure: bool) -> None:
    proxies = Proxies({"http_proxy": "http://p:1", "HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"})
    assert proxies.proxy_for(Origin(secure, host, 443)) is None
    assert proxies.proxy_for(Origin(secure, "127.0.0.1.example", 443)) is not None


@pytest.mark.parametrize(
    ("environ", "secure", "expected"),
    [
        ({}, True, None),
        ({"HTTPS_PROXY": ""}, True, None),
        ({"HTTPS_PROXY": "http://up:1", "https_proxy": "http://low:2"}, True, "low:2"),
        ({"HTTPS_PROXY": "http://p:1"}, False, None),
        ({"HTTP_PROXY": "p:1"}, False, "p:1"),
        ({"HTTP_PROXY": "http://p"}, False, "p:80"),
        ({"all_proxy": "https://p"}, True, "p:443"),
    ],
)
def test_the_variable_for_the_scheme_names_the_proxy(
    environ: dict[str, str], expected: str | None, *, secure: bool
) -> None:
    proxy = Proxies(environ).proxy_for(Origin(secure, "api.example", 443))
    assert (proxy and str(proxy.origin)) == expected


@pytest.mark.parametrize(
    ("rule", "covered"),
    [
        ("*", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("API.Example.com", True),
        ("other.com, api.example.com:8443", True),
        ("api.example.com:1", False),
        ("ample.com", False),
        ("example.com.au", False),
        (",,", False),
        ("10.0.0.0/8", False),
    ],
)
def test_no_proxy_covers_names_and_what_lies_below_them(rule: str, *, covered: bool) -> None:
    proxies = Proxies({"HTTPS_PROXY": "http://p:1", "NO_PROXY": rule})
    assert (proxies.proxy_for(Origin(secure=True, host="api.example.com", port=8443)) is None) == covered


def test_no_proxy_covers_networks() -> None:
    proxies = Proxies({"ALL_PROXY": "http://p:1", "no_proxy": "10.0.0.0/8,fd00::/8,192.168.1.7"})
    covered = [
        host
        for host in ("10.1.2.3", "11.1.2.3", "fd00::1", "fe80::1", "192.168.1.7", "192.168.1.8")
        if proxies.proxy_for(Origin(secure=False, host=host, port=80)) is None
    ]
    assert covered == ["10.1.2.3", "fd00::1", "192.168.1.7"]


@pytest.mark.parametrize("url", ["socks5://p:1080", "http://", "http://p:0", "http://p:x", "http://p:99999"])
def test_a_proxy_of_another_kind_is_named_as_the_obstacle(url: str) -> None:
    with pytest.raises(UpstreamUnreachable, match="proxy in the environment"):
        Proxies({"HTTP_PROXY": url}).proxy_for(Origin(secure=False, host="api.example", port=80))


def test_a_proxys_login_is_not_shown() -> None:
    proxy = Proxies({"HTTP_PROXY": "http://me:hush@p:1"}).proxy_for(Origin(secure=False, host="a.example", port=80))
    assert "hush" not in repr(proxy)


async def test_a_plain_call_names_its_whole_address_to_the_proxy() -> None:
    async with listening(always(OK)) as proxy:
        upstream = HttpUpstream({"http_proxy": f"http://me:p%40ss@127.0.0.1:{proxy.port}"})
        for _ in range(2):
            assert (await whole(upstream, post("http://api.example:8080/v1%2Fx?y#z")))[2] == b"ok"
        await upstream.close()
    assert proxy.connections == 1
    assert proxy.requests[0] == (
        b"POST http://api.example:8080/v1%2Fx?y HTTP/1.1\r\nHost: api.example:8080\r\nContent-Length: 2\r\n"
        b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n{}"
    )


async def test_a_secure_call_tunnels_through_the_proxy(certificate: Certificate) -> None:
    async with listening(always(OK), certificate.server()) as provider:

        async def tunnel(line: Line, wire: Wire) -> None:
            wire.requests.append(await line.request())
            reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
            await line.answer(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_copy(line.reader, writer), _copy(reader, line.writer))

        async with listening(tunnel) as proxy:
            environ = {"https_proxy": f"http://me:hush@127.0.0.1:{proxy.port}"}
            upstream = HttpUpstream(environ, tls=certificate.client())
            for _ in range(2):
                assert (await whole(upstream, post("https://provider.test/v1", headers=((b"A", b"b"),))))[2] == b"ok"
            await upstream.close()
    (connect,) = proxy.requests
    assert connect == (
        b"CONNECT provider.test:443 HTTP/1.1\r\nHost: provider.test:443\r\n"
        b"Proxy-Authorization: Basic bWU6aHVzaA==\r\n\r\n"
    )
    assert provider.requests == [b"POST /v1 HTTP/1.1\r\nHost: provider.test\r\nA: b\r\nContent-Length: 2\r\n\r\n{}"] * 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "refused the way to .*: 407"),
        (b"", "without an answer"),
    ],
)
async def test_a_proxy_that_refuses_the_tunnel_is_named(answer: bytes, message: str) -> None:
    async def refuse(line: Line, _: Wire) -> None:
        await line.request()
        await line.answer(answer)

    async with listening(refuse) as proxy:
        upstream = HttpUpstream({"https_proxy": f"http://127.0.0.1:{proxy.port}"})
        with pytest.raises(UpstreamUnreachable, match=message):
            await upstream.send(post("https://provider.test/v1"))
        await upstream.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()
