"""Asking a streamed Chat answer for its usage, where the client did not, without the client noticing."""

from collections.abc import AsyncIterator

from codevector_daemon.dialects import chat
from codevector_daemon.dialects.base import Head
from codevector_daemon.directory.values import Provider
from codevector_daemon.gateway.upstream import Headers, UpstreamAnswer

MAX_REFUSAL_BYTES = 64 * 1024
"""A provider's error that is larger than this is not read for what it says."""


class UsageOption:
    """Knows which providers refuse the option; owned by the event loop's thread."""

    def __init__(self) -> None:
        self._refusing: set[int] = set()

    def wanted(self, head: Head, provider: Provider) -> bool:
        """Tell whether the gateway must ask for the usage that this client did not ask for."""
        return not head.wants_usage and provider.id not in self._refusing

    async def refused(self, provider: Provider, answer: UpstreamAnswer) -> UpstreamAnswer | None:
        """Read a 400: ``None`` when it refuses the option (now remembered), else the answer, whole again."""
        read = bytearray()
        chunks = answer.chunks()
        async for chunk in chunks:
            read += chunk
            if len(read) > MAX_REFUSAL_BYTES:
                return Replayed(answer, bytes(read), chunks)
        if chat.refuses_usage_option(answer.status, bytes(read)):
            self._refusing.add(provider.id)
            return None
        return Replayed(answer, bytes(read), chunks)


class Replayed:
    """An answer whose beginning was already read."""

    def __init__(self, answer: UpstreamAnswer, read: bytes, rest: AsyncIterator[bytes]) -> None:
        self._answer = answer
        self._read = read
        self._rest = rest
        self.status: int = answer.status
        self.headers: Headers = answer.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what was read, then what follows."""
        if self._read:
            yield self._read
        async for chunk in self._rest:
            yield chunk

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._answer.aclose()
