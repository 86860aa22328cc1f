"""One small call of administration to a provider, and what it answered."""

import time
from typing import Final

import msgspec
from msgspec import Struct

from codevector_daemon.directory import kinds
from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.directory.values import Provider
from codevector_daemon.gateway.clouds.bodies import outgoing_body, outgoing_lines
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.upstream import Headers, UpstreamRequest, body_of

LIMIT_S: Final = 20.0
_BODY_LIMIT: Final = 8 * 1024 * 1024
_HEADERS: Final[Headers] = (
    (b"accept", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"codevector"),
)


class Reply(Struct, frozen=True):
    """What a provider answered."""

    status: int
    body: bytes
    latency_ms: int
    location: str | None = None
    """Where a redirection leads."""


async def get(dialer: Dialer, provider: Provider, where: Endpoint, *, query: str = "") -> Reply:
    """Ask a provider for something; raises UpstreamError."""
    return await _send(dialer, provider, where, _request("GET", provider, where, query=query))


async def post(
    dialer: Dialer, provider: Provider, where: Endpoint, body: object, *, model: str, suffix: str = ""
) -> Reply:
    """Call a provider's endpoint of a dialect; raises UpstreamError."""
    encoded = msgspec.json.encode(body)
    request = _request("POST", provider, where, model=model, suffix=suffix, body=encoded)
    return await _send(dialer, provider, where, request)


def _request(
    method: str,
    provider: Provider,
    where: Endpoint,
    *,
    body: bytes = b"",
    model: str = "",
    query: str = "",
    suffix: str = "",
) -> UpstreamRequest:
    typed = ((b"content-type", b"application/json"),) if body else ()
    lines = (
        *_HEADERS,
        *typed,
        *outgoing_lines(where.body, where.headers),
        *kinds.settings_headers(provider),
        *kinds.credential_headers(provider, where.auth),
    )
    url = kinds.address(provider, where, model=model, suffix=suffix, query=query)
    return UpstreamRequest(method, url, lines, outgoing_body(where.body, body, lines) if body else b"", LIMIT_S)


async def _send(dialer: Dialer, provider: Provider, where: Endpoint, request: UpstreamRequest) -> Reply:
    started = time.monotonic()
    answer = await dialer.send(request, provider, where)
    body = await body_of(answer, _BODY_LIMIT)
    took_ms = round((time.monotonic() - started) * 1000)
    return Reply(answer.status, body, took_ms, HeaderMap(answer.headers).text(b"location"))
