"""Paths of the gateway: what each asks for, and what one that is not quite right was meant to be."""

import re

from msgspec import Struct

from codevector_daemon.gateway.call import Purpose


class Route(Struct, frozen=True):
    """What a path asks for.

    ``suffix`` is what follows the dialect's own path, here and upstream; ``target`` is what the path names where the
    model is not in the body: Gemini's ``{model}:{action}``, the id of a response.
    """

    dialect: str
    purpose: Purpose = "generate"
    suffix: str = ""
    target: str = ""


_PATHS: dict[str, Route] = {
    "/v1/chat/completions": Route("chat"),
    "/v1/completions": Route("completions"),
    "/v1/responses": Route("responses"),
    "/v1/responses/compact": Route("responses", suffix="/compact"),
    "/v1/embeddings": Route("embeddings"),
    "/v1/messages": Route("messages"),
    "/v1/messages/count_tokens": Route("messages", "count", "/count_tokens"),
}
_PREFIXES = {"messages": "/gateway/anthropic"}
"""The long form of a dialect's paths; all that are not named here are OpenAI's."""

ROUTES: dict[str, Route] = {
    **_PATHS,
    **{_PREFIXES.get(route.dialect, "/gateway/openai") + path: route for path, route in _PATHS.items()},
}
_RETRIEVAL = re.compile(r"(?:/gateway/openai)?/v1/responses/([^/]+)(/cancel|/input_items|)")
_RETRIEVED_BY = {"": ("GET", "DELETE"), "/cancel": ("POST",), "/input_items": ("GET",)}
_ACTIONS = "generateContent|streamGenerateContent|countTokens"
_GEMINI = re.compile(rf"(?:/gateway/google)?/v1(?:beta|alpha)?/models/(.+:({_ACTIONS}))")
_ANY_ACTION = re.compile(r"(?:/gateway/google)?/v1(?:beta|alpha)?/models/.+:[A-Za-z]*Contents?")
_BASES = ("/gateway/openai", "/gateway/anthropic", "/gateway/google")
_OURS = re.compile(r"/+(?:gateway|v1(?:beta|alpha)?)/.*", re.DOTALL)
_SLASHES = re.compile(r"//+")
_ENDS = sorted((*_PATHS, "/v1/models"), key=len, reverse=True)
_GEMINI_END = re.compile(rf"/models/[^/]+:(?:{_ACTIONS})")


def route_of(path: str, method: str = "POST") -> Route | None:
    """Return what a request asks for; ``None`` where it is none of the data plane."""
    route = ROUTES.get(path) if method == "POST" else None
    if route is not None:
        return route
    retrieval = _RETRIEVAL.fullmatch(path)
    if retrieval is not None:
        target, suffix = retrieval.groups()
        return Route("responses", "retrieve", suffix, target) if method in _RETRIEVED_BY[suffix] else None
    return _gemini_route(path) if method == "POST" else None


def _gemini_route(path: str) -> Route | None:
    gemini = _GEMINI.fullmatch(path)
    if gemini is None:
        return None
    target, action = gemini.groups()
    return Route("gemini", "count" if action == "countTokens" else "generate", f":{action}", target)


def tidied(path: str) -> str:
    """Return a path of ours without the slashes too many that a base URL ending in one makes."""
    if not path.endswith("/") and "//" not in path:
        return path
    return _SLASHES.sub("/", path).removesuffix("/") if _OURS.fullmatch(path) else path


def methods_of(path: str) -> tuple[str, ...]:
    """Return the methods that a path of the data plane has; none where there is no such path."""
    retrieval = _RETRIEVAL.fullmatch(path)
    if retrieval is not None and path not in ROUTES:
        return _RETRIEVED_BY[retrieval[2]]
    return ("POST",) if route_of(path) is not None else ()


def names_action(path: str) -> bool:
    """Tell whether a path names an action of Gemini on a model's contents, be it one that is served here or not."""
    return _ANY_ACTION.fullmatch(path) is not None


def meant(path: str) -> str | None:
    """Return the path that a client most likely meant, whose base URL lacks its version or has one too many."""
    prefix = next((known for known in _BASES if path.startswith(f"{known}/")), "")
    gemini = _GEMINI_END.search(path)
    if gemini is not None and prefix in {"", "/gateway/google"}:
        return f"{prefix}/v1beta{gemini[0]}"
    end = next((known for known in _ENDS if path.endswith(known.removeprefix("/v1"))), None)
    return None if end is None else f"{prefix}{end}"
