import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from codevector_daemon.control import probe
from codevector_daemon.directory.values import Provider, Secret
from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.sandbox import SandboxProvider
from codevector_shared.protocol import ProviderTest

TLS_HANDSHAKE = b"\x16"
Answers = dict[str, tuple[int, bytes]]


def provider(base_url: str, dialects: tuple[str, ...] = ("chat",), credential: str | None = "sk-1") -> Provider:
    return Provider(
        id=1,
        name="local",
        kind="sandbox" if base_url.startswith("sandbox:") else "custom",
        base_url=base_url,
        dialects=dialects,
        enabled=True,
        credential=None if credential is None else Secret(credential),
        created_ms=0,
    )


@asynccontextmanager
async def server(answers: Answers) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve fixed answers by "METHOD /path", and keep the requests' heads."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        head = first if first == TLS_HANDSHAKE else first + await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        status, body = answers.get(" ".join(head.decode().split()[:2]), (404, b"{}"))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", heads


async def trial(found: Provider, model: str | None = None) -> ProviderTest:
    upstream = HttpUpstream({}, connect_s=2)
    try:
        return await probe.test(upstream, found, model)
    finally:
        await upstream.close()


async def test_a_good_provider_works_and_lists_its_models() -> None:
    async with server({"GET /v1/models": (200, b'{"data":[{"id":"a"},{"id":"b"}]}')}) as (url, heads):
        result = await trial(provider(f"{url}/v1"))
    assert (result.ok, result.models, result.status) == (True, 2, 200)
    assert result.message == "local works and lists 2 models"
    assert b"Bearer sk-1" in heads[0]


@pytest.mark.parametrize(
    ("status", "body", "ok", "says"),
    [
        (401, b"{}", False, "refused the credential (401)"),
        (403, b"{}", False, "refused the credential (403)"),
        (429, b"{}", True, "limits calls"),
        (500, b"oops", False, "a failure of its own (500)"),
        (302, b"", False, "sends elsewhere (302)"),
        (418, b"", False, "refused the call (418)"),
        (200, b"<html>", False, "not in JSON"),
        (200, b'{"data": 5}', True, "works"),
        (200, b"[" * 100_000, False, "not in JSON"),
        (200, b'{"models":[{"name":"models/g"}]}', True, "lists 1 models"),
    ],
)
async def test_each_answer_is_put_into_words(status: int, body: bytes, ok: bool, says: str) -> None:  # noqa: FBT001
    async with server({"GET /v1/models": (status, body)}) as (url, _):
        result = await trial(provider(f"{url}/v1"))
    assert (result.ok, result.status) == (ok, status)
    assert says in result.message
    assert "sk-1" not in result.message


async def test_a_missing_credential_is_told_apart_from_a_wrong_one() -> None:
    async with server({"GET /v1/models": (401, b"{}")}) as (url, heads):
        result = await trial(provider(f"{url}/v1", credential=None))
    assert "none is stored" in result.message
    assert b"uthorization" not in heads[0]


async def test_without_a_list_one_token_is_asked_of_a_model() -> None:
    async with server({"POST /v1/chat/completions": (200, b'{"choices":[]}')}) as (url, heads):
        result = await trial(provider(f"{url}/v1"), "m")
    assert (result.ok, result.message) == (True, "local works")
    assert [head.split()[0] for head in heads] == [b"GET", b"POST"]


async def test_without_list_and_model_an_empty_call_shows_that_somebody_is_there() -> None:
    async with server({"POST /v1/messages": (400, b"{}")}) as (url, _):
        result = await trial(provider(url, ("messages",)))
    assert (result.ok, result.status) == (True, 400)
    assert "no model of it is set up" in result.message


async def test_a_wrong_base_url_is_suspected_where_no_path_is_known() -> None:
    async with server({}) as (url, _):
        result = await trial(provider(f"{url}/wrong"), "m")
    assert (result.ok, result.status) == (False, 404)
    assert f"is the base URL {url}/wrong right" in result.message


def refusing() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("base_url", "says"),
    [(refusing, "connection refused"), (lambda: "http://no-such-host.invalid/v1", "Cannot find the host")],
)
async def test_a_provider_that_is_not_there_is_told(base_url: Callable[[], str], says: str) -> None:
    result = await trial(provider(base_url()))
    assert (result.ok, result.status) == (False, None)
    assert says in result.message


async def test_https_where_http_is_spoken_is_told() -> None:
    async with server({}) as (url, _):
        result = await trial(provider(url.replace("http:", "https:")))
    assert not result.ok
    assert "TLS" in result.message


async def test_the_sandbox_works() -> None:
    sandbox = provider("sandbox://local", ("chat", "messages"), None)
    result = await probe.test(SandboxProvider(lambda: 0, pace=0), sandbox, None)
    assert (result.ok, result.models) == (True, 3)
