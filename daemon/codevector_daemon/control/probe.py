"""``providers test``: one real, cheap call, and what it shows in words."""

import asyncio
from typing import Any, Final

import msgspec

from codevector_daemon.control import advice, listing, reply
from codevector_daemon.control.reply import Reply
from codevector_daemon.directory import checks, kinds
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_shared.protocol import ProviderTest

LIMIT_S: Final = 20.0
_NO_LIST: Final = frozenset({404, 405, 501})
_NOT_FOUND: Final = 404
_KNOWS_THE_PATH: Final = frozenset({401, 403, 429})
_WAITING: Final = "is the address right, and does the way there lead through a proxy (--proxy)?"
_NO_SUCH_MODEL: Final = "codevector-test"
"""The model that is asked for where none is set up, which costs nothing and shows the way and the credential."""
_PING: Final = [{"role": "user", "content": "ping"}]
_ONE_TOKEN: Final[dict[str, dict[str, Any]]] = {
    "messages": {"max_tokens": 1, "messages": _PING},
    "chat": {"max_tokens": 1, "messages": _PING},
    "responses": {"max_output_tokens": 16, "input": "ping"},
    "gemini": {
        "contents": [{"role": "user", "parts": [{"text": "ping"}]}],
        "generationConfig": {"maxOutputTokens": 1},
    },
    "completions": {"max_tokens": 1, "prompt": "ping"},
    "embeddings": {"input": "ping"},
}
"""The cheapest call in each dialect, the preferred dialect first."""


async def test(
    dialer: Dialer,
    provider: Provider,
    model: str | None,
    *,
    limit_s: float = LIMIT_S,  # noqa: PT028 - this is no test of ours
) -> ProviderTest:
    """Call the provider: its model list, or where it has none, ``model`` for one token."""
    try:
        async with asyncio.timeout(limit_s):
            found, missed = await _tried(dialer, provider, model)
            better = await _better_base(dialer, provider) if missed else None
    except TimeoutError:
        return _failed(provider, f"gave no answer within {limit_s:g} s: {_WAITING}")
    except UpstreamError as broken:
        return ProviderTest(provider.name, ok=False, message=advice.on_no_answer(str(broken)))
    if better is None:
        return found
    return msgspec.structs.replace(
        found,
        message=f"{found.message} {better} answers: `codevector providers set {provider.name} --base-url {better}`",
    )


async def _tried(dialer: Dialer, provider: Provider, model: str | None) -> tuple[ProviderTest, bool]:
    """Return what the call gave, and whether it seems to have missed the API."""
    where = kinds.probe_endpoint(provider)
    if where is not None:
        answer = await reply.get(dialer, provider, where)
        if answer.status not in _NO_LIST:
            return verdict(provider, answer), _missed(answer)
    answer = await _one_token(dialer, provider, model)
    found = _generated(provider, answer, model)
    return found, not found.ok and _missed(answer)


def _missed(answer: Reply) -> bool:
    succeeded = 200 <= answer.status < 300  # noqa: PLR2004 - HTTP's own numbers
    return answer.status == _NOT_FOUND or (succeeded and (advice.is_page(answer) or bool(advice.error_in(answer))))


async def _better_base(dialer: Dialer, provider: Provider) -> str | None:
    """Return a base URL beside the given one under which there is an API."""
    for base in advice.other_bases(provider):
        there = msgspec.structs.replace(provider, base_url=base)
        where = kinds.probe_endpoint(there)
        if where is None:
            return None
        answer = await reply.get(dialer, there, where)
        if answer.status in _KNOWS_THE_PATH or listing.entries(answer.body) is not None:
            return base
    return None


async def _one_token(dialer: Dialer, provider: Provider, model: str | None) -> Reply:
    dialect = next(dialect for dialect in _ONE_TOKEN if dialect in provider.dialects)
    where = kinds.endpoint(provider, dialect)
    if where is None:
        raise AssertionError(f"{provider.name} does not speak {dialect}")
    named = model or _NO_SUCH_MODEL
    asked = _ONE_TOKEN[dialect] | ({} if "{model}" in where.path else {"model": named})
    suffix = ":generateContent" if dialect == "gemini" else ""
    body = asked if model else _empty(asked)
    return await reply.post(dialer, provider, where, body, model=named, suffix=suffix)


def _empty(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a call that no provider charges for: it lacks what must be there."""
    return {"model": asked["model"]} if "model" in asked else {}


def _generated(provider: Provider, answer: Reply, model: str | None) -> ProviderTest:
    if model is None and answer.status in _refusals_of_nothing(provider):
        return _told(
            provider, answer, ok=True, said="answers; it has no list of models, and no model of it is set up yet"
        )
    if model is not None and answer.status == _NOT_FOUND and b"model" in answer.body.lower():
        return _told(provider, answer, ok=False, said=f"does not know the model {checks.shown(model)} (404)")
    return verdict(provider, answer)


def _refusals_of_nothing(provider: Provider) -> frozenset[int]:
    """Return the answers that a call for no model gets from a provider that works; where the path names it, 404 too."""
    named_in_path = kinds.kind_of(provider).name in {"bedrock", "vertex"}
    return frozenset({400, 422, 404}) if named_in_path else frozenset({400, 422})


def verdict(provider: Provider, answer: Reply) -> ProviderTest:
    """Say in words what a status means for somebody who just set the provider up."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
        return _success(provider, answer)
    if status == 429:  # noqa: PLR2004
        said = "answers, but limits calls for now (429): try again later"
        return _told(provider, answer, ok=True, said=said)
    return _told(provider, answer, ok=False, said=advice.on_status(provider, answer))


def _success(provider: Provider, answer: Reply) -> ProviderTest:
    if (error := advice.error_in(answer)) is not None:
        said = f"answered with an error ({error}): {advice.on_base_url(provider)}"
        return _told(provider, answer, ok=False, said=said)
    try:
        msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        what = "with a web page" if advice.is_page(answer) else "but not in JSON"
        return _told(provider, answer, ok=False, said=f"answered, {what}: {advice.on_base_url(provider)}")
    listed = listing.entries(answer.body)
    if listed is None:
        return _told(provider, answer, ok=True, said="works")
    if not listed:
        said = "works, but lists no models: may its account call any, and has it loaded one?"
        return _told(provider, answer, ok=True, said=said, models=0)
    return _told(provider, answer, ok=True, said=f"works and lists {len(listed)} models", models=len(listed))


def _failed(provider: Provider, said: str) -> ProviderTest:
    return ProviderTest(provider.name, ok=False, message=f"{provider.name} {said}")


def _told(provider: Provider, answer: Reply, *, ok: bool, said: str, models: int | None = None) -> ProviderTest:
    return ProviderTest(
        name=provider.name,
        ok=ok,
        message=f"{provider.name} {said}",
        status=answer.status,
        latency_ms=answer.latency_ms,
        models=models,
    )
