"""Calling a provider: the very bytes out, the very bytes back."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from msgspec import Struct

from codevector_daemon.errors import UpstreamUnreachable

OK, REDIRECT, FIRST_ERROR_STATUS = 200, 300, 400
"""Where the statuses of answers, of redirections and of errors begin."""

Headers = tuple[tuple[bytes, bytes], ...]
"""Header lines in the order and spelling of the wire, duplicates kept."""


class Via(Struct, frozen=True):
    """The way to one provider, where it is not everyone's: its own proxy, certificates trusted for it alone."""

    proxy: str | None = None
    ca_file: str | None = None

    def __repr__(self) -> str:
        return "Via(…)"  # a proxy's address can hold a login


class UpstreamRequest(Struct, frozen=True):
    """One call to a provider. ``url`` goes out as it stands, never re-quoted."""

    method: str
    url: str
    headers: Headers
    body: bytes
    first_byte_s: float = 600.0
    via: Via | None = None


class UpstreamAnswer(Protocol):
    """The answer of a provider, its body not yet read. Must be closed on every path."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Headers:
        """The header lines."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, still content-coded; raises UpstreamBroken when it is cut."""

    async def aclose(self) -> None:
        """Let go of the connection; an unfinished answer is cut off at once."""


async def body_of(answer: UpstreamAnswer, most_bytes: int) -> bytes:
    """Read an answer that is no client's up to about so many bytes, and close it; raises UpstreamBroken."""
    body = bytearray()
    try:
        async for chunk in answer.chunks():
            body += chunk
            if len(body) > most_bytes:
                break
    finally:
        await answer.aclose()
    return bytes(body)


class Upstream(Protocol):
    """Something that can be called: providers over HTTP, or the built-in sandbox."""

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Send and wait for the head of the answer; raises UpstreamUnreachable, UpstreamTimeout, UpstreamBroken."""

    async def close(self) -> None:
        """Cut what is still open and wait until it is."""


class Upstreams:
    """All ways to call a provider, told apart by the scheme of the URL."""

    def __init__(self, by_scheme: Mapping[str, Upstream]) -> None:
        self._by_scheme = dict(by_scheme)

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Send by the upstream that serves the URL's scheme."""
        scheme = request.url.partition("://")[0].lower()
        upstream = self._by_scheme.get(scheme)
        if upstream is None:
            known = ", ".join(f"{name}://" for name in sorted(self._by_scheme))
            raise UpstreamUnreachable(f"The provider's address must begin with one of {known}")
        return await upstream.send(request)

    async def close(self) -> None:
        """Close every upstream once."""
        for upstream in {id(each): each for each in self._by_scheme.values()}.values():
            await upstream.close()
