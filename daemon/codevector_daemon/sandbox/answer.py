"""The sandbox's side of an answer."""

from collections.abc import AsyncGenerator, AsyncIterator

from codevector_daemon.gateway.upstream import Headers


class SandboxAnswer:
    """An answer that is made while it is read."""

    def __init__(self, status: int, headers: Headers, body: AsyncGenerator[bytes, None]) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body in its own time."""
        return self._body

    async def aclose(self) -> None:
        """Stop making it."""
        await self._body.aclose()


def whole(status: int, body: bytes, number: int) -> SandboxAnswer:
    """Return an answer that is there at once, as JSON."""
    headers = head("application/json", number, length=len(body))
    if status in {429, 503, 529}:
        headers = (*headers, (b"retry-after", b"1"))
    return SandboxAnswer(status, headers, _pieces(body))


def head(content_type: str, number: int, *, length: int | None = None) -> Headers:
    """Return the header lines of an answer."""
    lines = [
        (b"content-type", content_type.encode()),
        (b"request-id", b"req_sandbox%012x" % number),
        (b"x-request-id", b"req_sandbox%012x" % number),
    ]
    if length is not None:
        lines.append((b"content-length", b"%d" % length))
    return tuple(lines)


async def _pieces(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece
