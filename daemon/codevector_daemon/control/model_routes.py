"""The routes of model facades, on the control socket only."""

from quart import Blueprint

from codevector_daemon.control import imports, present
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import typed
from codevector_daemon.directory import models, providers
from codevector_daemon.directory.values import Facade
from codevector_shared.protocol import Model, ModelCreate, ModelImport, ModelPatch, Models, ModelsImported

_CREATED = 201


def add_models(routes: Blueprint, services: Services) -> None:
    """Add ``/models``."""
    directory = services.directory

    @routes.get("/models")
    @typed(Models)
    async def list_models() -> Models:
        """List the model facades with the rates that apply now."""
        return Models([_shown(services, found) for found in directory.facades()])

    @routes.post("/models")
    @typed(Model, body=ModelCreate, status=_CREATED)
    async def create_model(body: ModelCreate) -> Model:
        """Add a model facade. No provider is called."""
        made = await models.create(directory, body, actor=directory.owner.user_name)
        return _shown(services, models.one(directory, made.slug))

    @routes.post("/models/import")
    @typed(ModelsImported, body=ModelImport)
    async def import_models(body: ModelImport) -> ModelsImported:
        """Ask a provider for its models and add facades of those that are new; the others stay as they are."""
        return await _imported(services, body)

    @routes.get("/models/<path:slug>")
    @typed(Model)
    async def show_model(slug: str) -> Model:
        """Show one model facade."""
        return _shown(services, models.one(directory, slug))

    @routes.patch("/models/<path:slug>")
    @typed(Model, body=ModelPatch)
    async def change_model(slug: str, body: ModelPatch) -> Model:
        """Change a model facade."""
        changed = await models.patch(directory, slug, body, actor=directory.owner.user_name)
        return _shown(services, models.one(directory, changed.slug))

    @routes.delete("/models/<path:slug>")
    @typed(None)
    async def remove_model(slug: str) -> None:
        """Remove a model facade; what it cost stays in the ledger."""
        await models.remove(directory, slug, actor=directory.owner.user_name)


async def _imported(services: Services, wish: ModelImport) -> ModelsImported:
    directory = services.directory
    wanted = await imports.wanted(services, providers.one(directory, wish.provider), wish)
    if wish.dry_run:
        added, kept = models.missing(directory, wanted.orders)
    else:
        added, kept = await models.create_missing(directory, wanted.orders, actor=directory.owner.user_name)
    return ModelsImported(
        added=added,
        kept=kept,
        source=wanted.source,
        unknown=sorted(wanted.unknown.intersection(added)),
        gone=wanted.gone,
        skipped=wanted.skipped,
        note=wanted.note,
        dry_run=wish.dry_run,
    )


def _shown(services: Services, found: Facade) -> Model:
    conditions = services.health.conditions()
    return present.model(found, services.prices, conditions, services.ledger.zone, services.now_ms())
