"""Upstream services, and how they fare."""

from msgspec import UNSET, UnsetType

from codevector_shared.protocol.base import Answer, Message, Name
from codevector_shared.protocol.words import BackendState


class ProviderCreate(Message, frozen=True):
    """A new upstream service; the credential is read once, encrypted, and never given out again.

    ``headers`` go out with every call, ``proxy`` is the way to it, ``ca_file`` names certificates to trust beside the
    machine's own. Their values, like the credential, are never given out again.
    """

    name: Name
    kind: str
    base_url: str | None = None
    dialects: list[str] | None = None
    credential: str | None = None
    organisation: str | None = None
    project: str | None = None
    region: str | None = None
    api_version: str | None = None
    headers: dict[str, str] | None = None
    proxy: str | None = None
    ca_file: str | None = None
    own_login: bool = False
    """A client's own login may be shown to it, where it speaks the client's dialect; for the kind ``custom`` alone."""


class ProviderPatch(Message, frozen=True):
    """What may change of a provider; ``null`` takes a setting away, for ``base_url`` it means the kind's own.

    ``headers`` names those to change: a value sets one, ``null`` takes it away, the others stay.
    """

    enabled: bool | UnsetType = UNSET
    base_url: str | UnsetType | None = UNSET
    dialects: list[str] | UnsetType | None = UNSET
    credential: str | UnsetType | None = UNSET
    organisation: str | UnsetType | None = UNSET
    project: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    api_version: str | UnsetType | None = UNSET
    headers: dict[str, str | None] | UnsetType = UNSET
    proxy: str | UnsetType | None = UNSET
    ca_file: str | UnsetType | None = UNSET
    own_login: bool | UnsetType = UNSET


class Health(Answer, frozen=True):
    """How a backend fails: ``failures`` calls in a row since ``failing_since``, the last one with ``last_error``.

    One that is ``resting`` gets calls only where no other backend can serve, and one call to try it at ``next_try_at``.
    """

    state: BackendState
    failures: int
    failing_since: str
    next_try_at: str | None
    last_error: str | None


class Unwell(Health, kw_only=True, frozen=True):
    """A backend that has failed since it last served."""

    upstream_model: str


class Provider(Answer, frozen=True):
    """An upstream service. Of extra headers only the names are shown, of the proxy only the address."""

    name: str
    kind: str
    base_url: str
    dialects: list[str]
    enabled: bool
    has_credential: bool
    created_at: str
    organisation: str | None = None
    project: str | None = None
    region: str | None = None
    api_version: str | None = None
    headers: list[str] = []
    proxy: str | None = None
    ca_file: str | None = None
    own_login: bool = False
    models: list[str] = []
    """The slugs that it is a backend of."""
    credential_lost: bool = False
    """What is stored cannot be decrypted, so the provider counts as disabled until it gets a new credential."""
    unwell: list[Unwell] = []
    """Those of its backends that have failed since they last served."""


class ProviderRemoved(Answer, frozen=True):
    """What a provider was a backend of when it was removed: models that lost one of several, or their last."""

    removed: str
    lost_a_backend: list[str]
    lost_their_last: list[str]


class Providers(Answer, frozen=True):
    """All providers."""

    providers: list[Provider]


class ProviderTest(Answer, frozen=True):
    """What a real cheap call to a provider gave."""

    name: str
    ok: bool
    message: str
    status: int | None = None
    latency_ms: int | None = None
    models: int | None = None
