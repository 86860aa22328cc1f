"""What is wrong with a provider that was just set up, and what to do about it, in words."""

from typing import Final

import msgspec

from codevector_daemon.control.reply import Reply
from codevector_daemon.directory.values import Provider
from codevector_daemon.gateway.attribution import clean

_SHOWN: Final = 120
_OF_A_CALL: Final = ("/chat/completions", "/completions", "/responses", "/messages", "/embeddings", "/models")
"""What people copy into a base URL though it belongs to one call."""
_OF_CLOUDS: Final = frozenset({"azure", "bedrock", "vertex", "sandbox"})
"""Kinds whose base URL is no place with a version path."""


def on_status(provider: Provider, answer: Reply) -> str:
    """Say what an answer means that is no success."""
    status = answer.status
    match status:
        case 401:
            return _unauthorised(provider)
        case 403:
            return _forbidden(provider)
        case 402:
            return "wants to be paid (402): has the account credit?"
        case 404:
            return f"does not know that path (404): {on_base_url(provider)}"
        case 407:
            return "is behind a proxy that asks for a login (407): give it with --proxy http://USER:PASSWORD@HOST:PORT"
        case _ if 300 <= status < 400:  # noqa: PLR2004 - HTTP's own numbers
            return f"sends elsewhere ({status}{_whither(answer)}), and nothing is followed: {on_base_url(provider)}"
        case _ if status >= 500:  # noqa: PLR2004
            return f"has a failure of its own ({status}): {_its_own(answer)}"
        case _:
            return f"refused the call ({status})"


def on_base_url(provider: Provider) -> str:
    """Ask for the right base URL."""
    if provider.kind == "azure":
        return f"is {provider.base_url} the resource's own address, and the upstream model the name of a deployment?"
    return f"is the base URL {provider.base_url} right, with its version path as the vendor's SDK has it?"


def on_no_answer(said: str) -> str:
    """Add what to do to the words of a call that got no answer."""
    lowered = said.lower()
    for sign, advice in _SIGNS:
        if sign in lowered:
            return f"{said}; {advice}"
    return said


_SIGNS: Final = (
    ("mismatch", "the base URL must name a host that the certificate is for"),
    ("has expired", "the service must renew it; if it has, look at this machine's clock"),
    ("not yet valid", "look at this machine's clock"),
    ("certificate", "a private authority is trusted with --ca-file"),
    (": 407", "the proxy asks for a login: --proxy http://USER:PASSWORD@HOST:PORT"),
    ("the proxy", "another one is given with --proxy"),
    ("no connection within", "if the way out leads through a proxy, give it with --proxy"),
    ("without an answer", "does it speak https on that port?"),
    ("broken answer", "is that the port of its API, and http or https as it speaks?"),
)
"""What failures are told by, the more precise first."""


def other_bases(provider: Provider) -> list[str]:
    """Return base URLs that the given one may be meant for: a call's path too much, a version too little or twice."""
    if provider.kind in _OF_CLOUDS:
        return []
    base = provider.base_url.rstrip("/")
    shorter = next((base.removesuffix(path) for path in _OF_A_CALL if base.endswith(path)), base)
    found = dict.fromkeys((shorter, shorter.removesuffix("/v1"), f"{shorter}/v1"))
    return [one for one in found if one != base and one.partition("://")[2]]


def is_page(answer: Reply) -> bool:
    """Tell whether a web page came back in place of an API's answer."""
    return answer.body[:1024].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


def error_in(answer: Reply) -> str | None:
    """Return the error that an answer names though its status is one of success, as LM Studio's for unknown paths."""
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    error = found.get("error") if isinstance(found, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    return clean(str(said))[:_SHOWN] if said else None


def _unauthorised(provider: Provider) -> str:
    command = f"`codevector providers set {provider.name} --credential-env VAR`"
    if provider.credential is None:
        return f"asks for a credential, and none is stored (401): {command} gives it one"
    return f"refused the credential (401): {_suspect(provider)} {command} replaces it"


def _suspect(provider: Provider) -> str:
    match provider.kind:
        case "bedrock":
            return f"is it of {provider.settings.region}, and is the clock of this machine right?"
        case "vertex":
            return "is the service account's key still valid?"
        case _:
            return "is it whole, still valid, and of this very service?"


def _forbidden(provider: Provider) -> str:
    if provider.credential is None:
        return f"lets nobody in without a credential, and none is stored (403){_region(provider)}"
    return f"refused what the credential may do (403){_region(provider)}"


def _region(provider: Provider) -> str:
    match provider.kind:
        case "bedrock":
            return f": may it call models in {provider.settings.region}, and is the clock of this machine right?"
        case "vertex":
            return f": has it the role Vertex AI User in the project {provider.settings.project}?"
        case _:
            return ": may its account call models, from this address and country?"


def _whither(answer: Reply) -> str:
    """Return where a redirection leads, without what may be secret in its query."""
    place = (answer.location or "").partition("?")[0]
    return f" to {clean(place)[:_SHOWN]}" if place else ""


def _its_own(answer: Reply) -> str:
    if is_page(answer):
        return "a web page came with it, so it may be a proxy on the way; try again later"
    return "try again later"
