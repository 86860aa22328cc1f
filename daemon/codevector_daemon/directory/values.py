"""What the directory hands out: frozen values that a request carries along."""

from typing import Literal

from msgspec import Struct

from codevector_daemon.metering.prices import RateOverride
from codevector_shared.protocol import ModelKind, ModelStatus, Role


class Caller(Struct, frozen=True):
    """Who is calling: a key, its user, and the defaults and limits the key carries."""

    key_id: int
    key_name: str
    user_id: int
    user_name: str
    role: Role
    scope: Literal["gateway", "console"] = "gateway"
    project: str | None = None
    client_app: str | None = None
    allowed_models: frozenset[str] | None = None

    def may_call(self, slug: str) -> bool:
        """Tell whether this key was granted the model; a key without a list may call every model."""
        return self.allowed_models is None or slug in self.allowed_models

    def may_use(self, facade: "Facade") -> bool:
        """Tell whether this key was granted a model, or the wildcard that stands behind it."""
        return self.may_call(facade.granted_as) or self.may_call(facade.slug)


class Secret:
    """A credential in memory that never shows in a repr, a log or a traceback."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; only for the wire."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


class User(Struct, frozen=True):
    """A person or robot whose calls are counted together."""

    id: int
    name: str
    role: Role
    suspended: bool
    created_ms: int


class ProviderSettings(Struct, frozen=True):
    """How an upstream service is called, beside its address and credential. Headers and proxy can hold secrets."""

    organisation: str | None = None
    project: str | None = None
    region: str | None = None
    api_version: str | None = None
    headers: tuple[tuple[str, Secret], ...] = ()
    proxy: Secret | None = None
    ca_file: str | None = None
    own_login: bool = False
    """A client's own login may be shown to it, though it is no vendor's own service: its owner vouches for it."""


class Provider(Struct, frozen=True):
    """An upstream service, with its credential decrypted for use."""

    id: int
    name: str
    kind: str
    base_url: str
    dialects: tuple[str, ...]
    enabled: bool
    credential: Secret | None
    created_ms: int
    credential_lost: bool = False
    """What is stored cannot be decrypted; such a provider counts as disabled."""
    settings: ProviderSettings = ProviderSettings()


class Backend(Struct, frozen=True):
    """One way to serve a facade."""

    provider: Provider
    upstream_model: str
    priority: int = 0
    weight: int = 1


class Facade(Struct, frozen=True):
    """A model slug as callers see it, and what stands behind it."""

    id: int
    slug: str
    display_name: str
    kind: ModelKind
    status: ModelStatus
    backends: tuple[Backend, ...]
    override: RateOverride | None
    free: bool
    context_window: int | None
    max_output: int | None
    created_ms: int
    aliases: tuple[str, ...] = ()
    capabilities: tuple[str, ...] | None = None
    """``None``: what the catalogue knows."""
    matched: str | None = None
    """The wildcard that answered for a name of its form; ``slug`` is then that name."""

    @property
    def granted_as(self) -> str:
        """The slug that a key's list of models must hold for this call."""
        return self.matched or self.slug

    @property
    def is_callable(self) -> bool:
        """Tell whether a call of it can be answered as things are set up: it is active, and so is a provider of it."""
        return self.status == "active" and any(way.provider.enabled for way in self.backends)

    @property
    def is_wildcard(self) -> bool:
        """Tell whether this stands for every name of its form, and is none itself."""
        return "*" in self.slug
