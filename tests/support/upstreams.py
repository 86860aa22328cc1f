"""Calling an upstream in a test."""

from codevector_daemon.gateway.upstream import Headers, Upstream, UpstreamAnswer, UpstreamRequest

PATIENCE_S = 10.0


def post(url: str, body: bytes = b"{}", headers: Headers = (), *, first_byte_s: float = PATIENCE_S) -> UpstreamRequest:
    """Return a POST."""
    return UpstreamRequest("POST", url, headers, body, first_byte_s)


async def read(answer: UpstreamAnswer) -> bytes:
    """Read an answer to its end and let go of it."""
    try:
        return b"".join([chunk async for chunk in answer.chunks()])
    finally:
        await answer.aclose()


async def whole(upstream: Upstream, request: UpstreamRequest) -> tuple[int, Headers, bytes]:
    """Send a request and return status, header lines and body of its answer."""
    answer = await upstream.send(request)
    return answer.status, answer.headers, await read(answer)
