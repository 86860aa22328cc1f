"""Model facades, their backends and prices."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from codevector_shared.protocol.base import Answer, Message, Name
from codevector_shared.protocol.providers import Health
from codevector_shared.protocol.words import ModelKind, ModelStatus, PriceBasis


class Backend(Struct, frozen=True):
    """One way to serve a model facade."""

    provider: str
    upstream_model: str
    priority: int = 0
    weight: int = 1


class ModelBackend(Backend, frozen=True):
    """One way to serve a model facade, as it is now; ``health`` is null where nothing is wrong with it."""

    health: Health | None = None
    enabled: bool = True
    """Whether its provider takes calls; a model with no such backend cannot be called."""


class PriceOverride(Struct, frozen=True):
    """Rates in USD per million tokens that override the catalogue; left out: cached = input, writes = input."""

    input_price: str
    output_price: str
    cached_price: str | None = None
    cache_write_price: str | None = None
    cache_write_1h_price: str | None = None


class ModelCreate(Message, frozen=True):
    """A new model facade.

    One ``*`` in the slug makes it a wildcard: it answers to every name of that form which no other model has, and a
    backend's upstream model ``*`` stands for the very name that was asked for.
    """

    slug: Name
    backends: list[Backend]
    kind: ModelKind | None = None
    """Left out: ``embedding`` where the backends say so by their names or can do nothing else, otherwise ``chat``."""
    display_name: str | None = None
    price: PriceOverride | None = None
    free: bool = False
    context_window: int | None = None
    max_output: int | None = None
    status: ModelStatus = "active"
    aliases: list[str] = []
    capabilities: list[str] | None = None


class ModelPatch(Message, frozen=True):
    """What may change of a model facade; ``null`` goes back to the catalogue."""

    kind: ModelKind | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    status: ModelStatus | UnsetType = UNSET
    backends: list[Backend] | UnsetType = UNSET
    price: PriceOverride | UnsetType | None = UNSET
    free: bool | UnsetType = UNSET
    context_window: int | UnsetType | None = UNSET
    max_output: int | UnsetType | None = UNSET
    aliases: list[str] | UnsetType = UNSET
    capabilities: list[str] | UnsetType | None = UNSET


class Model(Answer, frozen=True):
    """A model facade with the rates that apply to it now, in USD per million tokens (``null``: unknown)."""

    slug: str
    display_name: str
    kind: ModelKind
    status: ModelStatus
    backends: list[ModelBackend]
    provider: str | None
    input_price: str | None
    output_price: str | None
    cached_price: str | None
    cache_write_price: str | None
    cache_write_1h_price: str | None
    price_basis: PriceBasis
    context_window: int | None
    max_output: int | None
    capabilities: list[str]
    created_at: str
    aliases: list[str] = []
    wildcard: bool = False


class Models(Answer, frozen=True):
    """The model facades: all of them, or those a key may call."""

    models: list[Model]


class ModelImport(Message, frozen=True):
    """Ask for facades of the models that a provider lists; ``only`` are names or patterns with ``*``."""

    provider: str
    only: list[str] = []
    dry_run: bool = False
    """Say what would be added, and add nothing."""


class ModelsImported(Answer, frozen=True):
    """Which slugs an import made (or would make), and which it left alone because they exist."""

    added: list[str]
    kept: list[str]
    source: Literal["provider", "catalogue", "sandbox"] = "provider"
    """Whose list it was; the catalogue's where the provider has none or could not be asked, which ``note`` says."""
    unknown: list[str] = []
    """Of those added, the ones that the price catalogue does not know."""
    gone: list[str] = []
    """Models set up for this provider that its own list does not hold any more."""
    skipped: int = 0
    """Listed models that neither chat nor embed, such as speech and pictures."""
    note: str | None = None
    dry_run: bool = False
