"""``models import``: which facades a provider's models make."""

import re
from collections.abc import Iterable
from typing import Final

from codevector_daemon.control import probe
from codevector_daemon.control.services import Services
from codevector_daemon.directory.kinds import kind_of
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import DirectoryError, UpstreamError
from codevector_daemon.metering.prices import CatalogueModel
from codevector_daemon.sandbox.models import SANDBOX_MODELS, SandboxModel
from codevector_shared.protocol import Backend, ModelCreate, PriceOverride

_FOREIGN: Final = re.compile(r"[^a-z0-9._:/-]+")
_SLUG_LIMIT: Final = 128
_BAD_GATEWAY: Final = 502


async def orders(services: Services, provider: Provider) -> list[ModelCreate]:
    """Return a facade for each model: of the sandbox, of the vendor's catalogue, else of the provider's own list."""
    if provider.kind == "sandbox":
        return [_of_sandbox(provider, model) for model in SANDBOX_MODELS]
    if vendor := kind_of(provider).vendor:
        return list(_unique(_of_catalogue(provider, model) for model in services.prices.models(vendor)))
    return list(_unique(_plain(provider, name) for name in await _listed(services, provider)))


async def _listed(services: Services, provider: Provider) -> list[str]:
    try:
        return await probe.list_models(services.upstream, provider)
    except (UpstreamError, TimeoutError, ValueError) as wrong:
        raise DirectoryError(
            "no_model_list",
            f"the models of {provider.name} cannot be listed: {wrong or 'no answer in time'}",
            f"Name them by hand: codevector models add SLUG --backend {provider.name}/UPSTREAM_MODEL.",
            status=_BAD_GATEWAY,
        ) from wrong


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


def _of_catalogue(provider: Provider, model: CatalogueModel) -> ModelCreate:
    return ModelCreate(
        slug=slug_for(model.slug),
        backends=[Backend(provider.name, model.slug)],
        kind=model.kind,
        display_name=_display_name(model.display_name),
        context_window=model.context_window,
    )


def _plain(provider: Provider, name: str) -> ModelCreate:
    kind = "chat" if provider.dialects != ("embeddings",) else "embedding"
    return ModelCreate(slug=slug_for(name), backends=[Backend(provider.name, name)], kind=kind)  # type: ignore[arg-type]


def slug_for(name: str) -> str:
    """Make a slug of a model's name at its provider."""
    cleaned = _FOREIGN.sub("-", name.lower())
    segments = (segment for segment in cleaned.split("/") if segment.strip("."))
    return "/".join(segments)[:_SLUG_LIMIT].strip("/")


def _display_name(name: str) -> str | None:
    return name if name.isprintable() and 1 <= len(name.strip()) <= _SLUG_LIMIT else None


def _unique(wanted: Iterable[ModelCreate]) -> Iterable[ModelCreate]:
    """Leave out what has no usable name, and of two with one slug the second."""
    seen: set[str] = set()
    for order in wanted:
        upstream = order.backends[0].upstream_model
        usable = order.slug and upstream.isprintable() and upstream == upstream.strip() and len(upstream) <= 256  # noqa: PLR2004
        if usable and order.slug not in seen:
            seen.add(order.slug)
            yield order
