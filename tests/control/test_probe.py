import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from codevector_daemon.control import probe
from codevector_daemon.directory.values import Provider, ProviderSettings, Secret
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.sandbox import SandboxProvider
from codevector_shared.protocol import ProviderTest
from support.certificates import make_certificate
from support.wire import Line, Wire, always, listening

TLS_HANDSHAKE = b"\x16"
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data":[]}'
Answers = dict[str, tuple[int, bytes]]


def provider(
    base_url: str,
    dialects: tuple[str, ...] = ("chat",),
    credential: str | None = "sk-1",
    kind: str = "custom",
    **settings: Any,
) -> Provider:
    return Provider(
        id=1,
        name="local",
        kind="sandbox" if base_url.startswith("sandbox:") else kind,
        base_url=base_url,
        dialects=dialects,
        enabled=True,
        credential=None if credential is None else Secret(credential),
        created_ms=0,
        settings=ProviderSettings(**settings),
    )


@asynccontextmanager
async def server(answers: Answers, other: tuple[int, bytes] = (404, b"{}")) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve fixed answers by "METHOD /path", and keep the requests' heads."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        head = first if first == TLS_HANDSHAKE else first + await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        heads.append(head + (await reader.readexactly(int(length[1])) if length else b""))
        asked = " ".join(head.decode("latin-1").split()[:2]).partition("?")[0]
        status, body = answers.get(asked, other)
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", heads


async def trial(found: Provider, model: str | None = None) -> ProviderTest:
    upstream = HttpUpstream({}, connect_s=2)
    try:
        return await probe.test(Dialer(upstream, lambda: 0), found, model)
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
        (401, b"{}", False, "refused the credential (401): is it whole, still valid, and of this very service?"),
        (401, b"{}", False, "`codevector providers set local --credential-env VAR` replaces it"),
        (403, b"{}", False, "may its account call models, from this address and country?"),
        (429, b"{}", True, "limits calls"),
        (500, b"oops", False, "a failure of its own (500)"),
        (302, b"", False, "sends elsewhere (302)"),
        (402, b"", False, "has the account credit?"),
        (407, b"", False, "with --proxy"),
        (418, b"", False, "refused the call (418)"),
        (503, b"<!DOCTYPE html><p>Bad Gateway", False, "may be a proxy on the way"),
        (200, b" <!doctype HTML><title>Sign in", False, "answered, with a web page: is the base URL"),
        (200, b"pong", False, "not in JSON"),
        (200, b'{"data":[]}', True, "works, but lists no models: may its account call any, and has it loaded one?"),
        (200, b'{"error":"Unexpected endpoint"}', False, "answered with an error (Unexpected endpoint): is the base"),
        (200, b'{"error":{"message":"no such\\u001b[31m key"}}', False, "an error (no such"),
        (200, b'{"data": 5}', True, "works"),
        (200, b"[" * 100_000, False, "not in JSON"),
        (200, b'{"models":[{"name":"models/g"}]}', True, "lists 1 models"),
    ],
)
async def test_each_answer_is_put_into_words(status: int, body: bytes, ok: bool, says: str) -> None:
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


LISTED = b'{"data":[{"id":"a"}]}'


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("", "/v1"),
        ("/v1/v1", "/v1"),
        ("/v1/chat/completions", "/v1"),
        ("/v1/models", "/v1"),
        ("/chat/completions", "/v1"),
        ("/v1/", None),
        ("/elsewhere", None),
    ],
)
@pytest.mark.parametrize("wrong", [(404, b"{}"), (200, b"<html>"), (200, b'{"error":"Unexpected endpoint"}')])
async def test_a_base_url_with_a_version_path_too_little_or_too_much_is_told_the_right_one(
    given: str, right: str | None, wrong: tuple[int, bytes]
) -> None:
    async with server({"GET /v1/models": (200, LISTED)}, other=wrong) as (url, _):
        result = await trial(provider(f"{url}{given}"))
    if given == "/v1/":
        assert result.message == "local works and lists 1 models"
        return
    assert not result.ok
    advised = "" if right is None else f"`codevector providers set local --base-url {url}{right}`"
    assert result.message.endswith(advised or "as the vendor's SDK has it?")


async def test_a_path_that_asks_for_the_credential_is_taken_for_the_right_one() -> None:
    async with server({"GET /v1/models": (401, b"{}")}) as (url, _):
        result = await trial(provider(url))
    assert f"{url}/v1 answers: " in result.message


async def test_a_base_url_of_messages_is_told_the_right_one_too() -> None:
    async with server({"GET /v1/models": (200, LISTED)}) as (url, _):
        result = await trial(provider(f"{url}/v1/messages", ("messages",)))
        assert (await trial(provider(f"{url}/v1", ("messages",)))).ok
    assert f"{url}/v1 answers: " in result.message


async def test_where_it_sends_elsewhere_is_told_without_its_query() -> None:
    head = b"HTTP/1.1 301 X\r\nLocation: https://h.test/v1/models?token=hush\r\nContent-Length: 0\r\n\r\n"
    async with listening(always(head)) as wire:
        result = await trial(provider(f"{wire.url}/v1"))
    assert "(301 to https://h.test/v1/models), and nothing is followed" in result.message
    assert "hush" not in result.message


async def test_a_model_that_it_does_not_know_is_no_wrong_base_url() -> None:
    missing = (404, b'{"error":{"message":"model \'m\' not found"}}')
    async with server({"POST /v1/chat/completions": missing}) as (url, _):
        result = await trial(provider(f"{url}/v1"), "m")
    assert result.message == "local does not know the model 'm' (404)"


def refusing() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        (refusing, "connection refused; is the provider running there?"),
        (lambda: "http://no-such-host.invalid/v1", "Cannot find the host no-such-host.invalid: check the provider's"),
    ],
)
async def test_a_provider_that_is_not_there_is_told(base_url: Callable[[], str], says: str) -> None:
    result = await trial(provider(base_url()))
    assert (result.ok, result.status) == (False, None)
    assert says in result.message


async def test_https_where_http_is_spoken_is_told() -> None:
    async with server({}) as (url, _):
        result = await trial(provider(url.replace("http:", "https:")))
    assert not result.ok
    assert "does not speak TLS as expected" in result.message
    assert "is it https?" in result.message


async def test_http_where_https_is_spoken_is_told(tmp_path: Path) -> None:
    async with listening(always(OK), make_certificate(tmp_path).server()) as wire:
        result = await trial(provider(f"{wire.url}/v1".replace("https:", "http:")))
    assert (result.ok, result.status) == (False, None)
    assert result.message.endswith("; does it speak https on that port?")


async def test_what_does_not_speak_http_at_all_is_told() -> None:
    async with listening(always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")) as wire:
        result = await trial(provider(f"{wire.url}/v1"))
    assert "is that the port of its API" in result.message


async def test_an_answer_that_does_not_come_is_told() -> None:
    async def silent(line: Line, wire: Wire) -> None:
        wire.requests.append(await line.request())
        await line.until_left()

    upstream = HttpUpstream({}, connect_s=30)
    async with listening(silent) as wire:
        found = provider(f"{wire.url}/v1")
        result = await probe.test(Dialer(upstream, lambda: 0), found, None, limit_s=0.2)
        await upstream.close()
    assert result.message.startswith("local gave no answer within 0.2 s: is the address right")
    assert "--proxy" in result.message


async def test_a_proxy_that_asks_for_a_login_is_told() -> None:
    refusal = b"HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n"
    async with listening(always(refusal)) as wire:
        result = await trial(provider("https://provider.test/v1", proxy=Secret(wire.url)))
    assert "the proxy asks for a login: --proxy http://USER:PASSWORD@HOST:PORT" in result.message


async def test_a_certificate_for_another_host_is_told(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with listening(always(OK), certificate.server()) as wire:
        found = provider(f"https://localhost:{wire.port}/v1", ca_file=str(certificate.file))
        result = await trial(found)
    assert "ismatch" in result.message
    assert result.message.endswith("; the base URL must name a host that the certificate is for")


@pytest.mark.parametrize(
    ("dialect", "path", "field"),
    [
        ("chat", "/v1/chat/completions", "messages"),
        ("messages", "/v1/messages", "messages"),
        ("responses", "/v1/responses", "input"),
        ("embeddings", "/v1/embeddings", "input"),
        ("completions", "/v1/completions", "prompt"),
        ("gemini", "/v1beta/models/m:generateContent", "contents"),
    ],
)
async def test_one_token_is_asked_for_in_every_dialect(dialect: str, path: str, field: str) -> None:
    async with server({f"POST {path}": (200, b"{}")}) as (url, heads):
        base = url if dialect in {"messages", "gemini"} else f"{url}/v1"
        result = await trial(provider(base, (dialect,)), "m")
    assert result.message == "local works"
    asked = json.loads(heads[-1].split(b"\r\n\r\n")[1])
    assert field in asked
    assert asked.get("model", "m") == "m"


@pytest.mark.parametrize(
    ("status", "ok", "says"),
    [(400, True, "no model of it is set up"), (404, True, "no model of it is set up"), (403, False, "in eu-west-1")],
)
async def test_bedrock_is_tried_without_a_list(status: int, ok: bool, says: str) -> None:
    async with server({"POST /model/codevector-test/invoke": (status, b"{}")}) as (url, heads):
        result = await trial(provider(url, ("messages",), "bedrock-key", "bedrock", region="eu-west-1"))
    assert (result.ok, result.status) == (ok, status)
    assert says in result.message
    assert b"Bearer bedrock-key" in heads[0]


async def test_a_model_on_bedrock_is_asked_in_bedrocks_own_form() -> None:
    async with server({"POST /model/anthropic.claude-v1:0/invoke": (200, b"{}")}) as (url, heads):
        found = provider(url, ("messages",), "bedrock-key", "bedrock", region="eu-west-1")
        assert (await trial(found, "anthropic.claude-v1:0")).ok
    head, _, body = heads[0].partition(b"\r\n\r\n")
    assert json.loads(body)["anthropic_version"] == "bedrock-2023-05-31"
    assert b"anthropic-version" not in head


async def test_what_the_extra_cannot_sign_with_is_told() -> None:
    found = provider("http://127.0.0.1:1", ("messages",), '{"client_email":"a","private_key":"hush"}', "vertex")
    result = await trial(found)
    assert not result.ok
    assert "private key of a" in result.message
    assert "hush" not in result.message


async def test_azure_names_the_deployment_as_the_suspect() -> None:
    async with server({}) as (url, heads):
        result = await trial(provider(url, ("chat",), kind="azure", api_version="2024-10-21"), "my-gpt")
    assert "name of a deployment" in result.message
    asked = [head.split()[1] for head in heads]
    assert asked == [
        b"/openai/models?api-version=2024-10-21",
        b"/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
    ]
    assert b"api-key: sk-1" in heads[0]


async def test_extra_headers_go_along() -> None:
    async with server({"GET /v1/models": (200, b'{"data":[]}')}) as (url, heads):
        assert (await trial(provider(f"{url}/v1", headers=(("x-team", Secret("search")),)))).ok
    assert b"x-team: search" in heads[0]


async def test_a_certificate_that_nobody_vouches_for_is_told_with_the_remedy(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with listening(always(OK), certificate.server()) as wire:
        refused = await trial(provider(f"{wire.url}/v1"))
        trusted = await trial(provider(f"{wire.url}/v1", ca_file=str(certificate.file)))
    assert "--ca-file" in refused.message
    assert (refused.ok, trusted.ok) == (False, True)


async def test_the_sandbox_works() -> None:
    sandbox = provider("sandbox://local", ("chat", "messages"), None)
    result = await probe.test(Dialer(SandboxProvider(lambda: 0, pace=0), lambda: 0), sandbox, None)
    assert (result.ok, result.models) == (True, 3)
