"""What a kind means for one provider: the address of a call, and the headers that go with it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from codevector_daemon.directory.kinds.table import ANTHROPIC_VERSION, KINDS
from codevector_daemon.directory.kinds.values import Auth, Endpoint, Header, Kind
from codevector_daemon.directory.values import Provider

COUNT: Final = "/count_tokens"
"""What follows the path of Messages where only the input is counted."""

_MULTI_REGIONS: Final = {"global": "aiplatform.googleapis.com"} | {
    region: f"aiplatform.{region}.rep.googleapis.com" for region in ("us", "eu")
}
"""Where Vertex AI is for regions that are none."""
_CLOUD_HOSTS: Final = frozenset({"ollama.com"})
"""Services under a kind that otherwise runs on its owner's machine."""


def kind_of(provider: Provider) -> Kind:
    """Return a provider's kind; a kind of a newer version that this one does not know is taken for a custom one."""
    return KINDS.get(provider.kind, KINDS["custom"])


def endpoint(provider: Provider, dialect: str) -> Endpoint | None:
    """Return where and how the provider takes a dialect; ``None`` when it does not speak it."""
    return _endpoints(provider).get(dialect) if dialect in provider.dialects else None


def probe_endpoint(provider: Provider) -> Endpoint | None:
    """Return the cheap call that proves a provider works; for a custom one the model list of its dialect's vendor."""
    kind = kind_of(provider)
    return (kind.dated_probe if _is_dated(provider) else None) or kind.probe or list_endpoint(provider)


def list_endpoint(provider: Provider) -> Endpoint | None:
    """Return where the provider lists its models; ``None`` when it does not."""
    kind = kind_of(provider)
    if kind.name != "custom":
        return kind.lists
    if "messages" in provider.dialects and "chat" not in provider.dialects:
        return Endpoint("/v1/models?limit=1000", "x-api-key", ANTHROPIC_VERSION)
    if provider.dialects == ("gemini",):
        return Endpoint("/v1beta/models?pageSize=1000", "x-goog-api-key")
    return Endpoint("/models")


def address(
    provider: Provider, where: Endpoint, *, model: str = "", suffix: str = "", stream: bool = False, query: str = ""
) -> str:
    """Return the URL of a call.

    ``suffix`` is what the client's path had beyond the dialect's own, such as ``/count_tokens``, ``/compact`` or
    ``:generateContent``; ``query`` is the client's, kept as it is.
    """
    path = where.path + suffix
    if suffix == COUNT and where.count_path is not None:
        path = where.count_path
    elif stream and where.stream_path is not None:
        path = where.stream_path
    version = provider.settings.api_version
    queries = [query, f"api-version={quote(version, safe='')}" if version is not None else ""]
    return _with_query(url(provider, path, model=model, above=where.above), "&".join(filter(None, queries)))


def url(provider: Provider, path: str, *, model: str = "", above: str = "") -> str:
    """Join a base URL and a path. What both name is named once: ``https://api.anthropic.com/v1`` works too."""
    base = provider.base_url.rstrip("/").removesuffix(above)
    filled = _without_overlap(urlsplit(base).path, path)
    for name, value in _fillings(provider, model):
        filled = filled.replace(name, quote(value, safe=":@"))
    return base + filled


def base_url(kind: Kind, region: str | None) -> str | None:
    """Return where a kind's services are, in a region."""
    if kind.name == "vertex" and region in _MULTI_REGIONS:
        return f"https://{_MULTI_REGIONS[region]}"
    return None if kind.base_url is None else kind.base_url.replace("{region}", region or "")


def credential_headers(provider: Provider, auth: Auth) -> tuple[Header, ...]:
    """Return the header that carries the stored credential; empty where none is, or where each call needs its own."""
    if provider.credential is None or auth in {"aws", "google"}:
        return ()
    secret = provider.credential.reveal().encode("latin-1")
    if auth == "bearer":
        return ((b"authorization", b"Bearer " + secret),)
    return ((auth.encode(), secret),)


def settings_headers(provider: Provider, *, own_login: bool = False) -> tuple[Header, ...]:
    """Return what the provider's settings put on every call, over the client's lines of the same name.

    An organisation and a project belong to the stored credential: they are left out beside a client's own login.
    """
    kind, settings = kind_of(provider), provider.settings
    accounts = ((kind.organisation_header, settings.organisation), (kind.project_header, settings.project))
    lines = [] if own_login else [(name, value.encode()) for name, value in accounts if name and value]
    lines += [(name.encode(), value.reveal().encode("latin-1")) for name, value in settings.headers]
    return tuple(lines)


def costs_nothing(provider: Provider) -> bool:
    """Tell whether a model of this provider is free unless it is given a price: it runs on its owner's machine."""
    return kind_of(provider).own_machine and urlsplit(provider.base_url).hostname not in _CLOUD_HOSTS


def _endpoints(provider: Provider) -> Mapping[str, Endpoint]:
    kind = kind_of(provider)
    return {**kind.endpoints, **(kind.dated or {})} if _is_dated(provider) else kind.endpoints


def _is_dated(provider: Provider) -> bool:
    """Tell whether the provider's endpoints are those of a dated version; below a ``/v1`` there are none such."""
    return provider.settings.api_version is not None and not provider.base_url.rstrip("/").endswith("/v1")


def _fillings(provider: Provider, model: str) -> tuple[tuple[str, str], ...]:
    """Return what stands for what in a path; the model comes last, so that nothing in its name is filled in."""
    settings = provider.settings
    return (("{project}", settings.project or ""), ("{region}", settings.region or ""), ("{model}", model))


def _with_query(address: str, query: str) -> str:
    if not query:
        return address
    return f"{address}{'&' if '?' in address else '?'}{query}"


def _without_overlap(base_path: str, path: str) -> str:
    """Return ``path`` without its longest beginning that is also the end of the base's path."""
    ends, begins = base_path.split("/")[1:], path.split("/")[1:]
    for length in range(min(len(ends), len(begins) - 1), 0, -1):
        if ends[-length:] == begins[:length]:
            return "/" + "/".join(begins[length:])
    return path
