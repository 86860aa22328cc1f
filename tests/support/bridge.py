"""The vendors' SDKs on top of an upstream, without a socket between them."""

from collections.abc import AsyncIterator

import anthropic
import httpx2  # what both SDKs speak HTTP with
import openai

from codevector_daemon.gateway.upstream import Upstream, UpstreamAnswer, UpstreamRequest

BASE = "http://sandbox.test"


class Bridge(httpx2.AsyncBaseTransport):
    """Sends an SDK's requests to an upstream as ``sandbox://local``."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = str(request.url).replace(BASE, "sandbox://local")
        body = await request.aread()
        answer = await self._upstream.send(UpstreamRequest(request.method, url, tuple(request.headers.raw), body))
        return httpx2.Response(answer.status, headers=list(answer.headers), stream=_Stream(answer))


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, answer: UpstreamAnswer) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._answer.chunks())

    async def aclose(self) -> None:
        await self._answer.aclose()


def gpt_over(upstream: Upstream) -> openai.AsyncOpenAI:
    """Return an OpenAI client over an upstream."""
    client = httpx2.AsyncClient(transport=Bridge(upstream))
    return openai.AsyncOpenAI(base_url=f"{BASE}/v1", api_key="none", max_retries=0, http_client=client)


def claude_over(upstream: Upstream) -> anthropic.AsyncAnthropic:
    """Return an Anthropic client over an upstream."""
    client = httpx2.AsyncClient(transport=Bridge(upstream))
    return anthropic.AsyncAnthropic(base_url=BASE, api_key="none", max_retries=0, http_client=client)
