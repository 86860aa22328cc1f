"""``models import``: which facades a provider's models make."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from codevector_daemon.control import listing, probe
from codevector_daemon.control.listing import Listed, Unlisted
from codevector_daemon.control.services import Services
from codevector_daemon.directory import checks, kinds
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import DirectoryError, UpstreamError
from codevector_daemon.metering.prices import CatalogueModel, PriceBook
from codevector_daemon.sandbox.models import SANDBOX_MODELS, SandboxModel
from codevector_shared.protocol import Backend, ModelCreate, ModelImport, PriceOverride

_FOREIGN: Final = re.compile(r"[^a-z0-9._:/-]+")
_REGIONAL: Final = re.compile(r"^regional\.")
"""How the catalogue begins the ids of inference profiles that are called ``us.`` and ``eu.`` in those regions."""
_SLUG_LIMIT: Final = 128
_BAD_GATEWAY: Final = 502


class Wanted(Struct, frozen=True):
    """What an import would set up, and where that list is from."""

    orders: list[ModelCreate]
    source: Literal["provider", "catalogue", "sandbox"]
    unknown: frozenset[str] = frozenset()
    """Slugs that the price catalogue does not know."""
    gone: list[str] = []
    skipped: int = 0
    note: str | None = None


async def wanted(services: Services, provider: Provider, wish: ModelImport) -> Wanted:
    """Return a facade for each model: of the sandbox, of the provider's own list, else of the vendor's catalogue."""
    if provider.kind == "sandbox":
        return Wanted(_chosen([_of_sandbox(provider, model) for model in SANDBOX_MODELS], wish.only), "sandbox")
    where, why = kinds.list_endpoint(provider), "it has no list of models"
    if where is not None:
        try:
            listed = await listing.models(services.dialer, provider, where)
        except (UpstreamError, TimeoutError, Unlisted) as wrong:
            why = _in_words(provider, wrong)
        else:
            return _of_list(services, provider, listed, wish.only)
    return _of_catalogue(services, provider, why, wish.only)


def _of_list(services: Services, provider: Provider, listed: list[Listed], only: list[str]) -> Wanted:
    """Join the provider's list with the catalogue, which knows titles, context windows and prices."""
    prices, vendor = services.prices, kinds.kind_of(provider).vendor
    useful = [model for model in listed if model.kind is not None]
    orders = _chosen([_of_listed(provider, model, prices, vendor) for model in useful], only)
    priced = not kinds.costs_nothing(provider)
    unknown = (
        order.slug for order in orders if priced and prices.find(vendor, order.backends[0].upstream_model) is None
    )
    return Wanted(
        orders=orders,
        source="provider",
        unknown=frozenset(unknown),
        gone=_gone(services, provider, {model.id for model in listed}),
        skipped=len(listed) - len(useful),
    )


def _of_catalogue(services: Services, provider: Provider, why: str, only: list[str]) -> Wanted:
    vendor = kinds.kind_of(provider).vendor
    called = _callable(provider, services.prices.models(vendor))
    known = [model for model in called if services.prices.find(vendor, model.slug) is not None]
    if not known:
        raise DirectoryError(
            "no_model_list",
            f"the models of {provider.name} cannot be listed: {why}",
            f"Name them by hand: codevector models add SLUG --backend {provider.name}/UPSTREAM_MODEL.",
            status=_BAD_GATEWAY,
        )
    orders = _chosen([_of_entry(provider, model) for model in known], only)
    return Wanted(orders, "catalogue", note=f"the price catalogue's list was taken: {why}")


def _callable(provider: Provider, known: list[CatalogueModel]) -> list[CatalogueModel]:
    """Leave out what the catalogue names in its own way, which the provider would not know."""
    match provider.kind:
        case "azure":
            return []  # what can be called is deployments, whose names only their owner knows
        case "bedrock":
            region = provider.settings.region or ""
            near = next((place for place in ("us", "eu") if region.startswith(f"{place}-")), "")
            own = (replace(model, slug=_REGIONAL.sub(f"{near}.", model.slug)) for model in known)
            return [model for model in own if re.match(r"[a-z]+\.anthropic\.claude", model.slug)]
        case "google":
            return [model for model in known if not model.slug.startswith("claude-")]  # those are Vertex AI's
        case "vertex":
            return [model for model in known if re.match(r"claude-[a-z]+-\d", model.slug)]
        case _:
            return known


def _gone(services: Services, provider: Provider, listed: set[str]) -> list[str]:
    """Return the models whose backend at this provider is not in its list any more."""
    facades = (facade for facade in services.directory.facades() if not facade.is_wildcard)
    return [
        facade.slug
        for facade in facades
        if any(way.provider.name == provider.name and way.upstream_model not in listed for way in facade.backends)
    ]


def _in_words(provider: Provider, wrong: Exception) -> str:
    if isinstance(wrong, Unlisted):
        return probe.verdict(provider, wrong.answer).message
    return str(wrong) or f"{provider.name} gave no list in time"


def _of_sandbox(provider: Provider, model: SandboxModel) -> ModelCreate:
    rates = model.rates
    return ModelCreate(
        slug=model.slug,
        backends=[Backend(provider.name, model.name)],
        display_name=model.display_name,
        price=PriceOverride(rates.input, rates.output, rates.cached, rates.cache_write, rates.cache_write_1h),
        context_window=model.context_window,
        max_output=model.max_output,
    )


def _of_listed(provider: Provider, model: Listed, prices: PriceBook, vendor: str) -> ModelCreate:
    match = prices.find(vendor, model.id)
    known = None if match is None else match.entry
    return ModelCreate(
        slug=slug_for(model.id),
        backends=[Backend(provider.name, model.id)],
        kind=model.kind or "chat",
        display_name=_display_name(model.title or (known.name if known and known.id == model.id else None)),
        context_window=model.context_window or (known.context_window if known else None),
        max_output=model.max_output,
        aliases=_own_spelling(model.id),
    )


def _of_entry(provider: Provider, model: CatalogueModel) -> ModelCreate:
    return ModelCreate(
        slug=slug_for(model.slug),
        backends=[Backend(provider.name, model.slug)],
        kind=model.kind,
        display_name=_display_name(model.display_name),
        context_window=model.context_window,
    )


def slug_for(name: str) -> str:
    """Make a slug of a model's name at its provider."""
    cleaned = _FOREIGN.sub("-", name.lower())
    segments = (segment for segment in cleaned.split("/") if segment.strip("."))
    return "/".join(segments)[:_SLUG_LIMIT].strip("/")


def _own_spelling(name: str) -> list[str]:
    """Return the provider's own name as an alias, where a slug cannot spell it: ``Qwen/Qwen3-Coder``."""
    if slug_for(name) == name:
        return []
    try:
        return [checks.alias(name)]
    except DirectoryError:
        return []


def _display_name(name: str | None) -> str | None:
    return name if name and name.isprintable() and 1 <= len(name.strip()) <= _SLUG_LIMIT else None


def _chosen(orders: Iterable[ModelCreate], only: list[str]) -> list[ModelCreate]:
    """Leave out what has no usable name, what was not asked for, and of two with one slug the second."""
    found: dict[str, ModelCreate] = {}
    for order in orders:
        upstream = order.backends[0].upstream_model
        usable = order.slug and upstream.isprintable() and upstream == upstream.strip() and len(upstream) <= 256  # noqa: PLR2004 - as checks has it
        asked = not only or any(fnmatchcase(name, pattern) for name in (order.slug, upstream) for pattern in only)
        if usable and asked and "*" not in upstream:
            found.setdefault(order.slug, order)
    return list(found.values())
