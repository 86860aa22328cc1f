"""Calling a provider: the very bytes out, the very bytes back."""

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

Headers = tuple[tuple[bytes, bytes], ...]
"""Header lines in the order and spelling of the wire, duplicates kept."""


class UpstreamRequest(Struct, frozen=True):
    """One call to a provider. ``url`` goes out as it stands, never re-quoted."""

    method: str
    url: str
    headers: Headers
    body: bytes
    first_byte_s: float = 600.0


class UpstreamAnswer(Protocol):
    """The answer of a provider, its body not yet read. Must be closed on every path."""

    status: int
    headers: Headers

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, still content-coded; raises UpstreamBroken when it is cut."""

    async def aclose(self) -> None:
        """Let go of the connection; an unfinished answer is cut off at once."""


class Upstream(Protocol):
    """Something that can be called: providers over HTTP, or the built-in sandbox."""

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Send and wait for the head of the answer; raises UpstreamUnreachable, UpstreamTimeout, UpstreamBroken."""
