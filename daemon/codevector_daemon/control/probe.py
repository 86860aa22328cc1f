"""``providers test``: one real, cheap call, and what it shows in words."""

import asyncio
from typing import Any, Final

import msgspec

from codevector_daemon.control import listing, reply
from codevector_daemon.control.reply import Reply
from codevector_daemon.directory import kinds
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway.clouds.dialer import Dialer
from codevector_shared.protocol import ProviderTest

LIMIT_S: Final = 20.0
_NO_LIST: Final = frozenset({404, 405, 501})
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


async def test(dialer: Dialer, provider: Provider, model: str | None) -> ProviderTest:
    """Call the provider: its model list, or where it has none, ``model`` for one token."""
    try:
        async with asyncio.timeout(LIMIT_S):
            where = kinds.probe_endpoint(provider)
            if where is not None:
                answer = await reply.get(dialer, provider, where)
                if answer.status not in _NO_LIST:
                    return verdict(provider, answer)
            return _generated(provider, await _one_token(dialer, provider, model), model)
    except TimeoutError:
        return _failed(provider, f"gave no answer within {LIMIT_S:.0f} s")
    except UpstreamError as broken:
        return ProviderTest(provider.name, ok=False, message=_with_advice(str(broken)))


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
        return _told(provider, answer, ok=True, said="answers, but limits calls for now (429)")
    return _told(provider, answer, ok=False, said=_wrong(provider, status))


def _wrong(provider: Provider, status: int) -> str:
    match status:
        case 401 | 403:
            said = "refused the credential" if provider.credential else "asks for a credential, and none is stored"
            return f"{said} ({status}){_credential_advice(provider)}"
        case 402:
            return "wants to be paid (402): has the account credit?"
        case 404:
            return f"does not know that path (404): {_base_url_advice(provider)}"
        case 407:
            return "is behind a proxy that asks for a login (407): give it with --proxy"
        case _ if 300 <= status < 400:  # noqa: PLR2004 - HTTP's own numbers
            return f"sends elsewhere ({status}): {_base_url_advice(provider)}"
        case _ if status >= 500:  # noqa: PLR2004
            return f"has a failure of its own ({status}): try again later"
        case _:
            return f"refused the call ({status})"


def _success(provider: Provider, answer: Reply) -> ProviderTest:
    try:
        msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = f"answered, but not in JSON: {_base_url_advice(provider)}"
        return _told(provider, answer, ok=False, said=said)
    listed = listing.entries(answer.body)
    if listed is None:
        return _told(provider, answer, ok=True, said="works")
    return _told(provider, answer, ok=True, said=f"works and lists {len(listed)} models", models=len(listed))


def _credential_advice(provider: Provider) -> str:
    match provider.kind:
        case "bedrock":
            return f": may it call models in {provider.settings.region}, and is the clock of this machine right?"
        case "vertex":
            return f": has it the role Vertex AI User in the project {provider.settings.project}?"
        case _:
            return ""


def _base_url_advice(provider: Provider) -> str:
    if provider.kind == "azure":
        return f"is {provider.base_url} the resource's own address, and the upstream model the name of a deployment?"
    return f"is the base URL {provider.base_url} right, with its version path as the vendor's SDK has it?"


def _with_advice(said: str) -> str:
    """Add what to do about a certificate that is not trusted."""
    return f"{said}; a private authority is trusted with --ca-file" if "certificate" in said.lower() else said


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
