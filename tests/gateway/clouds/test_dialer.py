import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from codevector_daemon.directory import kinds
from codevector_daemon.directory.values import Provider, ProviderSettings, Secret
from codevector_daemon.errors import UpstreamBroken, UpstreamUnreachable
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_daemon.gateway.http_upstream import HttpUpstream
from codevector_daemon.gateway.upstream import UpstreamAnswer, UpstreamRequest, Via
from support.eventstream import chunk
from support.upstreams import read
from support.wire import Line, Script, Wire, always, listening

NOW = 1_780_000_000_000
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Clock:
    at: int = NOW

    def __call__(self) -> int:
        return self.at


@dataclass
class Desk:
    """A dialer on real sockets, and its clock."""

    dialer: Dialer
    clock: Clock = field(default_factory=Clock)


@asynccontextmanager
async def dialing() -> AsyncIterator[Desk]:
    clock = Clock()
    upstream = HttpUpstream({}, connect_s=2)
    try:
        yield Desk(Dialer(upstream, clock), clock)
    finally:
        await upstream.close()


def provider(kind: str, url: str, credential: str | None = None, **settings: Any) -> Provider:
    return Provider(
        id=1,
        name="p",
        kind=kind,
        base_url=url,
        dialects=tuple(kinds.KINDS[kind].endpoints),
        enabled=True,
        credential=None if credential is None else Secret(credential),
        created_ms=0,
        settings=ProviderSettings(region="us-east-1", project="acme-1", **settings),
    )


async def called(dialer: Dialer, found: Provider, *, stream: bool = False, **how: Any) -> UpstreamAnswer:
    where = kinds.endpoint(found, found.dialects[0])
    assert where is not None
    url = kinds.address(found, where, model="m", stream=stream)
    lines = ((b"content-type", b"application/json"), *kinds.credential_headers(found, where.auth))
    return await dialer.send(UpstreamRequest("POST", url, lines, b"{}", 5), found, where, **how)


def head(request: bytes) -> dict[str, str]:
    lines = request.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


async def test_a_plain_provider_is_called_as_it_was_asked() -> None:
    async with listening(always(OK)) as wire, dialing() as out:
        answer = await called(out.dialer, provider("openai", f"{wire.url}/v1", "sk-1"))
        assert await read(answer) == b"{}"
    assert head(wire.requests[0])["authorization"] == "Bearer sk-1"


async def test_a_bedrock_key_goes_out_as_it_is() -> None:
    async with listening(always(OK)) as wire, dialing() as out:
        await read(await called(out.dialer, provider("bedrock", wire.url, "bedrock-api-key-1")))
    assert head(wire.requests[0])["authorization"] == "Bearer bedrock-api-key-1"
    assert wire.requests[0].startswith(b"POST /model/m/invoke HTTP/1.1")


async def test_an_access_key_signs_each_call_anew() -> None:
    pytest.importorskip("botocore")
    async with listening(always(OK)) as wire, dialing() as out:
        found = provider("bedrock", wire.url, "AKIA1:hush")
        for _ in range(2):
            await read(await called(out.dialer, found, stream=True))
            out.clock.at += 1000
    first, second = (head(request) for request in wire.requests)
    assert first["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA1/20260528/us-east-1/bedrock/")
    assert (first["x-amz-date"], second["x-amz-date"]) == ("20260528T202640Z", "20260528T202641Z")
    assert first["authorization"] != second["authorization"]
    assert b"hush" not in b"".join(wire.requests)


async def test_a_clients_own_login_is_never_signed_over() -> None:
    async with listening(always(OK)) as wire, dialing() as out:
        await read(await called(out.dialer, provider("bedrock", wire.url, "bedrock-api-key-1"), own_login=True))
    assert "authorization" not in head(wire.requests[0])


EVENTS = [{"type": "message_start", "message": {}}, {"type": "message_stop"}]
FRAMED = b"".join(chunk(event) for event in EVENTS)
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nX-Amzn-RequestId: r\r\n"


def in_pieces(data: bytes, length: int) -> Script:
    async def script(line: Line, wire: Wire) -> None:
        wire.requests.append(await line.request())
        await line.answer(STREAM + b"Content-Length: %d\r\n\r\n" % length)
        for at in range(0, len(data), 50):
            await line.answer(data[at : at + 50])

    return script


async def test_a_bedrock_stream_comes_back_as_events() -> None:
    async with listening(in_pieces(FRAMED, len(FRAMED))) as wire, dialing() as out:
        answer = await called(out.dialer, provider("bedrock", wire.url, "k"), stream=True)
        lines = {name.decode().lower(): value for name, value in answer.headers}
        body = await read(answer)
    assert wire.requests[0].startswith(b"POST /model/m/invoke-with-response-stream HTTP/1.1")
    assert lines["content-type"].startswith(b"text/event-stream")
    assert "content-length" not in lines
    assert lines["x-amzn-requestid"] == b"r"
    expected = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS]
    assert body.decode() == "".join(expected)


@pytest.mark.parametrize("kept", [len(FRAMED) - 1, 5])
async def test_a_bedrock_stream_that_ends_in_a_message_is_broken(kept: int) -> None:
    async with listening(in_pieces(FRAMED[:kept], kept)) as wire, dialing() as out:
        answer = await called(out.dialer, provider("bedrock", wire.url, "k"), stream=True)
        with pytest.raises(UpstreamBroken, match="middle of a message"):
            await read(answer)


async def test_a_bedrock_stream_of_nonsense_is_broken() -> None:
    async with listening(in_pieces(b"<html>" * 9, 54)) as wire, dialing() as out:
        answer = await called(out.dialer, provider("bedrock", wire.url, "k"), stream=True)
        with pytest.raises(UpstreamBroken, match="cannot be read"):
            await read(answer)


async def test_an_error_of_bedrock_is_passed_on_as_it_is() -> None:
    refusal = b'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"message":"a"}'
    async with listening(always(refusal)) as wire, dialing() as out:
        answer = await called(out.dialer, provider("bedrock", wire.url, "k"), stream=True)
        assert (answer.status, await read(answer)) == (403, b'{"message":"a"}')


# -- service accounts of Google ---------------------------------------------------------------------------------------

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def account(token_uri: str) -> str:
    pem = PRIVATE.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps({"client_email": "robot@acme", "private_key": pem.decode(), "token_uri": token_uri})


def tokens(*answers: tuple[int, bytes]) -> Script:
    """Give out what is next, on however many connections."""
    left = list(answers)

    async def script(line: Line, wire: Wire) -> None:
        while True:
            wire.requests.append(await line.request())
            status, body = left.pop(0)
            await line.answer(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    return script


def given(number: int) -> tuple[int, bytes]:
    return 200, json.dumps({"access_token": f"token-{number}", "expires_in": 3600, "token_type": "Bearer"}).encode()


async def test_a_service_account_fetches_one_token_for_many_calls_and_renews_it_in_time() -> None:
    pytest.importorskip("google.auth")
    async with listening(tokens(given(1), given(2))) as google, listening(always(OK)) as wire, dialing() as out:
        found = provider("vertex", wire.url, account(f"{google.url}/token"))
        for answer in await asyncio.gather(*(called(out.dialer, found) for _ in range(5))):
            await read(answer)
        out.clock.at += 54 * 60 * 1000
        await read(await called(out.dialer, found))
        out.clock.at += 60 * 1000
        await read(await called(out.dialer, found, stream=True))
    sent = [head(request)["authorization"] for request in wire.requests]
    assert sent == ["Bearer token-1"] * 6 + ["Bearer token-2"]
    assert len(google.requests) == 2
    assert wire.requests[-1].startswith(
        b"POST /v1/projects/acme-1/locations/us-east-1/publishers/anthropic/models/m:streamRawPredict HTTP/1.1"
    )


async def test_google_is_shown_who_asks_and_for_what() -> None:
    jwt = pytest.importorskip("google.auth.jwt")
    async with listening(tokens(given(1))) as google, listening(always(OK)) as wire, dialing() as out:
        place = f"{google.url}/token"
        await read(await called(out.dialer, provider("vertex", wire.url, account(place))))
    form = parse_qs(google.requests[0].split(b"\r\n\r\n", 1)[1].decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    public = PRIVATE.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, claims, _, _ = jwt._unverified_decode(form["assertion"][0])
    assert claims == {
        "iss": "robot@acme",
        "sub": "robot@acme",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": place,
        "iat": NOW // 1000,
        "exp": NOW // 1000 + 3600,
    }
    verifier = pytest.importorskip("google.auth.crypt").RSAVerifier.from_string(public)
    signed, _, mark = form["assertion"][0].rpartition(".")
    padded = mark + "=" * (-len(mark) % 4)
    assert verifier.verify(signed.encode(), base64.urlsafe_b64decode(padded))


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, b'{"error":"invalid_grant"}', "gave no access token for robot@acme"),
        (200, b"<html>", "no access token"),
    ],
)
async def test_a_token_that_is_refused_is_told_and_asked_for_again(status: int, body: bytes, says: str) -> None:
    pytest.importorskip("google.auth")
    async with listening(tokens((status, body), given(7))) as google, listening(always(OK)) as wire, dialing() as out:
        found = provider("vertex", wire.url, account(f"{google.url}/token"))
        with pytest.raises((UpstreamUnreachable, UpstreamBroken), match=says):
            await called(out.dialer, found)
        await read(await called(out.dialer, found))
    assert head(wire.requests[0])["authorization"] == "Bearer token-7"


async def test_a_private_key_that_is_none_is_told_without_repeating_it() -> None:
    pytest.importorskip("google.auth")
    broken = json.dumps({"client_email": "robot@acme", "private_key": "hush", "token_uri": "http://127.0.0.1:1/"})
    async with dialing() as out:
        with pytest.raises(UpstreamUnreachable, match="private key of robot@acme") as told:
            await called(out.dialer, provider("vertex", "http://127.0.0.1:1", broken))
    assert "hush" not in str(told.value)


async def test_an_access_token_goes_out_as_it_is() -> None:
    async with listening(always(OK)) as wire, dialing() as out:
        await read(await called(out.dialer, provider("vertex", wire.url, "ya29.x")))
    assert head(wire.requests[0])["authorization"] == "Bearer ya29.x"


async def test_a_provider_with_a_proxy_is_called_through_it() -> None:
    async with listening(always(OK)) as proxy, dialing() as out:
        settings = {"proxy": Secret(f"http://me:hush@127.0.0.1:{proxy.port}")}
        await read(await called(out.dialer, provider("openai", "http://127.0.0.1:1/v1", "sk-1", **settings)))
    assert proxy.requests[0].startswith(b"POST http://127.0.0.1:1/v1/chat/completions HTTP/1.1")
    assert "hush" not in repr(Via(f"http://me:hush@127.0.0.1:{proxy.port}"))
