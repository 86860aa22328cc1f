"""``providers test``: one real, cheap call, and what it shows in words."""

import asyncio
import time
from typing import Final

import msgspec

from codevector_daemon.directory import kinds
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway.upstream import Headers, Upstream, UpstreamRequest
from codevector_shared.protocol import ProviderTest

LIMIT_S: Final = 20.0
_BODY_LIMIT: Final = 4 * 1024 * 1024
_NO_LIST: Final = frozenset({404, 405, 501})
_HEADERS: Final[Headers] = (
    (b"accept", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"codevector"),
)


class Reply(msgspec.Struct, frozen=True):
    """What a provider answered to a probe."""

    status: int
    body: bytes
    latency_ms: int


async def test(upstream: Upstream, provider: Provider, model: str | None) -> ProviderTest:
    """Call the provider: its model list, or where it has none, ``model`` for one token."""
    try:
        async with asyncio.timeout(LIMIT_S):
            reply = await _listed(upstream, provider)
            if reply.status not in _NO_LIST:
                return _verdict(provider, reply)
            return _generated(provider, await _one_token(upstream, provider, model), model)
    except TimeoutError:
        return _failed(provider, f"gave no answer within {LIMIT_S:.0f} s")
    except UpstreamError as broken:
        return ProviderTest(provider.name, ok=False, message=str(broken))


async def list_models(upstream: Upstream, provider: Provider) -> list[str]:
    """Return the ids of the models that a provider lists; raises UpstreamError, and ValueError for anything else."""
    async with asyncio.timeout(LIMIT_S):
        reply = await _listed(upstream, provider)
    ids = _model_ids(reply.body) if reply.status == 200 else None  # noqa: PLR2004 - HTTP's own number
    if ids is None:
        raise ValueError(_verdict(provider, reply).message)
    return ids


async def _listed(upstream: Upstream, provider: Provider) -> Reply:
    where = kinds.probe_endpoint(provider)
    headers = (*_HEADERS, *where.headers, *kinds.credential_headers(provider, where.auth))
    return await _send(upstream, UpstreamRequest("GET", kinds.url(provider, where.path), headers, b"", LIMIT_S))


async def _one_token(upstream: Upstream, provider: Provider, model: str | None) -> Reply:
    """Ask for one token of a model; without a model send an empty request, which costs nothing and shows the route."""
    dialect = "messages" if "messages" in provider.dialects else provider.dialects[0]
    where = kinds.endpoint(provider, dialect) or kinds.probe_endpoint(provider)
    asked = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "ping"}]} if model else {}
    headers = (
        *_HEADERS,
        (b"content-type", b"application/json"),
        *where.headers,
        *kinds.credential_headers(provider, where.auth),
    )
    url = kinds.url(provider, where.path, model=model or "")
    return await _send(upstream, UpstreamRequest("POST", url, headers, msgspec.json.encode(asked), LIMIT_S))


async def _send(upstream: Upstream, request: UpstreamRequest) -> Reply:
    started = time.monotonic()
    answer = await upstream.send(request)
    try:
        body = bytearray()
        async for chunk in answer.chunks():
            body += chunk
            if len(body) > _BODY_LIMIT:
                break
        return Reply(answer.status, bytes(body), round((time.monotonic() - started) * 1000))
    finally:
        await answer.aclose()


def _generated(provider: Provider, reply: Reply, model: str | None) -> ProviderTest:
    if model is None and reply.status in {400, 422}:
        return _told(
            provider, reply, ok=True, said="answers; it has no list of models, and no model of it is set up yet"
        )
    return _verdict(provider, reply)


def _verdict(provider: Provider, reply: Reply) -> ProviderTest:
    """Say in words what a status means for somebody who just set the provider up."""
    status = reply.status
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
        return _success(provider, reply)
    if status in {401, 403}:
        said = "refused the credential" if provider.credential else "asks for a credential, and none is stored"
        return _told(provider, reply, ok=False, said=f"{said} ({status})")
    if status == 404:  # noqa: PLR2004
        return _told(provider, reply, ok=False, said=f"does not know that path (404): {_base_url_advice(provider)}")
    if status == 429:  # noqa: PLR2004
        return _told(provider, reply, ok=True, said="answers, but limits calls for now (429)")
    if 300 <= status < 400:  # noqa: PLR2004
        return _told(provider, reply, ok=False, said=f"sends elsewhere ({status}): {_base_url_advice(provider)}")
    if status >= 500:  # noqa: PLR2004
        return _told(provider, reply, ok=False, said=f"has a failure of its own ({status}): try again later")
    return _told(provider, reply, ok=False, said=f"refused the call ({status})")


def _success(provider: Provider, reply: Reply) -> ProviderTest:
    try:
        msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = f"answered, but not in JSON: {_base_url_advice(provider)}"
        return _told(provider, reply, ok=False, said=said)
    ids = _model_ids(reply.body)
    if ids is None:
        return _told(provider, reply, ok=True, said="works")
    return _told(provider, reply, ok=True, said=f"works and lists {len(ids)} models", models=len(ids))


def _base_url_advice(provider: Provider) -> str:
    return f"is the base URL {provider.base_url} right, with its version path as the vendor's SDK has it?"


def _failed(provider: Provider, said: str) -> ProviderTest:
    return ProviderTest(provider.name, ok=False, message=f"{provider.name} {said}")


def _told(provider: Provider, reply: Reply, *, ok: bool, said: str, models: int | None = None) -> ProviderTest:
    return ProviderTest(
        name=provider.name,
        ok=ok,
        message=f"{provider.name} {said}",
        status=reply.status,
        latency_ms=reply.latency_ms,
        models=models,
    )


class _Listed(msgspec.Struct):
    """One model as OpenAI and Anthropic (``id``) or Google (``name``) list it."""

    id: str | None = None
    name: str | None = None


class _ModelList(msgspec.Struct):
    data: list[_Listed] | None = None
    models: list[_Listed] | None = None


def _model_ids(body: bytes) -> list[str] | None:
    """Return the ids in a model list; ``None`` when the body is none."""
    try:
        listed = msgspec.json.decode(body, type=_ModelList)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = listed.data if listed.data is not None else listed.models
    if found is None:
        return None
    return [name for one in found if (name := one.id or (one.name or "").removeprefix("models/"))]
