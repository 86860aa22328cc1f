"""The kinds of upstream services: where they are, how they ask for a credential, which dialects they speak and where.

Paths and headers as the vendors document them (platform.openai.com/docs/api-reference, docs.anthropic.com/en/api,
ai.google.dev/gemini-api/docs, openrouter.ai/docs/api-reference, api-docs.deepseek.com), read in 2026.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from msgspec import Struct

from codevector_daemon.directory.values import Provider

Auth = Literal["bearer", "x-api-key", "x-goog-api-key"]
Header = tuple[bytes, bytes]

DIALECTS: Final = ("chat", "responses", "messages", "gemini", "embeddings", "completions")
"""Every wire protocol that a provider may speak."""


class Endpoint(Struct, frozen=True):
    """Where and how a service takes one dialect: a path below the base URL, and the form of the credential."""

    path: str
    auth: Auth = "bearer"
    headers: tuple[Header, ...] = ()
    """Sent where the client's request has no such header."""


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of service."""

    name: str
    title: str
    base_url: str | None
    endpoints: Mapping[str, Endpoint]
    probe: Endpoint | None
    """A cheap call that proves the credential: the list of models, but for OpenRouter, whose list is public."""
    vendor: str = ""
    """The price catalogue's name of this vendor; ``""``: prices are found by the model's name alone."""
    variable: str | None = None
    """The environment variable in which the vendor's own tools look for the credential."""


_ANTHROPIC: Final = ((b"anthropic-version", b"2023-06-01"),)

_OPENAI: Final = {
    "chat": Endpoint("/chat/completions"),
    "responses": Endpoint("/responses"),
    "embeddings": Endpoint("/embeddings"),
    "completions": Endpoint("/completions"),
}

_MESSAGES: Final = Endpoint("/v1/messages", "x-api-key", _ANTHROPIC)
_GEMINI: Final = Endpoint("/v1beta/models/{model}", "x-goog-api-key")

_ALL: Final = (
    Kind(
        name="openai",
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        endpoints=_OPENAI,
        probe=Endpoint("/models"),
        vendor="openai",
        variable="OPENAI_API_KEY",
    ),
    Kind(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com",
        endpoints={"messages": _MESSAGES},
        probe=Endpoint("/v1/models", "x-api-key", _ANTHROPIC),
        vendor="anthropic",
        variable="ANTHROPIC_API_KEY",
    ),
    Kind(
        name="google",
        title="Google Gemini",
        base_url="https://generativelanguage.googleapis.com",
        endpoints={
            "gemini": _GEMINI,
            "chat": Endpoint("/v1beta/openai/chat/completions"),
            "embeddings": Endpoint("/v1beta/openai/embeddings"),
        },
        probe=Endpoint("/v1beta/models", "x-goog-api-key"),
        vendor="google",
        variable="GEMINI_API_KEY",
    ),
    Kind(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        endpoints={
            "chat": Endpoint("/chat/completions"),
            "responses": Endpoint("/responses"),
            "messages": Endpoint("/messages", "bearer", _ANTHROPIC),
            "embeddings": Endpoint("/embeddings"),
            "completions": Endpoint("/completions"),
        },
        probe=Endpoint("/key"),
        vendor="openrouter",
        variable="OPENROUTER_API_KEY",
    ),
    Kind(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        endpoints={
            "chat": Endpoint("/chat/completions"),
            "messages": Endpoint("/anthropic/v1/messages", "x-api-key", _ANTHROPIC),
        },
        probe=Endpoint("/models"),
        vendor="deepseek",
        variable="DEEPSEEK_API_KEY",
    ),
    Kind(
        name="custom",
        title="any service that speaks a known dialect",
        base_url=None,
        endpoints={**_OPENAI, "messages": _MESSAGES, "gemini": _GEMINI},
        probe=None,
    ),
    Kind(
        name="sandbox",
        title="the built-in sandbox",
        base_url="sandbox://local",
        endpoints={"chat": Endpoint("/v1/chat/completions"), "messages": _MESSAGES},
        probe=Endpoint("/v1/models"),
    ),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})


def kind_of(provider: Provider) -> Kind:
    """Return a provider's kind; a kind of a newer version that this one does not know is taken for a custom one."""
    return KINDS.get(provider.kind, KINDS["custom"])


def endpoint(provider: Provider, dialect: str) -> Endpoint | None:
    """Return where and how the provider takes a dialect; ``None`` when it does not speak it."""
    return kind_of(provider).endpoints.get(dialect) if dialect in provider.dialects else None


def probe_endpoint(provider: Provider) -> Endpoint:
    """Return the cheap call that proves a provider works; for a custom one the model list of its dialect's vendor."""
    if (known := kind_of(provider).probe) is not None:
        return known
    if "messages" in provider.dialects and "chat" not in provider.dialects:
        return Endpoint("/v1/models", "x-api-key", _ANTHROPIC)
    if provider.dialects == ("gemini",):
        return Endpoint("/v1beta/models", "x-goog-api-key")
    return Endpoint("/models")


def url(provider: Provider, path: str, *, model: str = "") -> str:
    """Join a base URL and a path. What both name is named once: ``https://api.anthropic.com/v1`` works too."""
    base = provider.base_url.rstrip("/")
    return base + _without_overlap(urlsplit(base).path, path).replace("{model}", quote(model, safe=""))


def credential_headers(provider: Provider, auth: Auth) -> tuple[Header, ...]:
    """Return the header that carries the provider's credential; empty where none is stored."""
    if provider.credential is None:
        return ()
    secret = provider.credential.reveal().encode("latin-1")
    if auth == "bearer":
        return ((b"authorization", b"Bearer " + secret),)
    return ((auth.encode(), secret),)


def _without_overlap(base_path: str, path: str) -> str:
    """Return ``path`` without its longest beginning that is also the end of the base's path."""
    ends, begins = base_path.split("/")[1:], path.split("/")[1:]
    for length in range(min(len(ends), len(begins) - 1), 0, -1):
        if ends[-length:] == begins[:length]:
            return "/" + "/".join(begins[length:])
    return path
