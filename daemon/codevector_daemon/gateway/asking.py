"""Asking a provider for a response that it keeps, and reading what it tells of its usage."""

import asyncio
from urllib.parse import quote

from msgspec import Struct

from codevector_daemon.dialects.base import Head, Kept, Reading
from codevector_daemon.directory import kinds
from codevector_daemon.directory.kinds import Endpoint
from codevector_daemon.directory.values import Provider
from codevector_daemon.gateway import headers
from codevector_daemon.gateway.call import Gateway
from codevector_daemon.gateway.keeping import DIALECT
from codevector_daemon.gateway.taps import tap_of
from codevector_daemon.gateway.upstream import OK, REDIRECT, Headers, UpstreamAnswer, UpstreamRequest
from codevector_daemon.metering.tap import Tap

LIMIT_S = 30.0
"""For the whole of an answer that no client waits for."""


class Told(Struct, frozen=True):
    """What a provider said of a response."""

    status: int
    reading: Reading
    kept: Kept

    @property
    def found(self) -> bool:
        """Whether this is the response itself."""
        return OK <= self.status < REDIRECT and self.reading.finished and self.reading.response_id is not None


async def ask(
    gateway: Gateway, response_id: str, provider: Provider, lines: Headers | None = None, *, own_login: bool = False
) -> Told:
    """Ask for a response, with a client's header lines or with our own; raises UpstreamError and TimeoutError."""
    where = endpoint_of(provider)
    request = UpstreamRequest(
        method="GET",
        url=url_of(provider, where, response_id),
        headers=_own_lines(provider, where) if lines is None else lines,
        body=b"",
        first_byte_s=LIMIT_S,
    )
    async with asyncio.timeout(LIMIT_S):
        answer = await gateway.dialer.send(request, provider, where, own_login=own_login)
        try:
            tap = kept_tap(answer)
            async for chunk in answer.chunks():
                tap.feed(chunk)
        finally:
            await answer.aclose()
    return Told(answer.status, tap.reading(), tap.kept())


def endpoint_of(provider: Provider) -> Endpoint:
    """Return where a provider serves the responses that it keeps."""
    where = kinds.endpoint(provider, DIALECT)
    if where is None:
        raise AssertionError(f"{provider.name} keeps a response without speaking {DIALECT}")
    return where


def url_of(provider: Provider, where: Endpoint, response_id: str, suffix: str = "", query: str = "") -> str:
    """Return the address of a kept response, or of something about it."""
    return kinds.address(provider, where, suffix=f"/{quote(response_id, safe='')}{suffix}", query=query)


def kept_tap(answer: UpstreamAnswer) -> Tap:
    """Return what reads an answer about a response."""
    return tap_of(answer, DIALECT, Head(model=""))


def _own_lines(provider: Provider, where: Endpoint) -> Headers:
    lines = (
        (b"accept", b"application/json"),
        (b"accept-encoding", b"identity"),
        *kinds.credential_headers(provider, where.auth),
    )
    return headers.with_settings(lines, kinds.settings_headers(provider))
