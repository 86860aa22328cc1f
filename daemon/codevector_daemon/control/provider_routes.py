"""The routes of providers, on the control socket only."""

from quart import Blueprint

from codevector_daemon.control import present, probe
from codevector_daemon.control.asked import RemovalQuery
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import typed
from codevector_daemon.directory import providers
from codevector_daemon.directory.naming import ASKED
from codevector_daemon.directory.values import Provider as Known
from codevector_shared.protocol import (
    Provider,
    ProviderCreate,
    ProviderPatch,
    ProviderRemoved,
    Providers,
    ProviderTest,
)

_CREATED = 201


def add_providers(routes: Blueprint, services: Services) -> None:
    """Add ``/providers``."""
    directory = services.directory

    @routes.get("/providers")
    @typed(Providers)
    async def list_providers() -> Providers:
        """List the upstream services."""
        return Providers([_shown(services, found) for found in directory.providers()])

    @routes.post("/providers")
    @typed(Provider, body=ProviderCreate, status=_CREATED)
    async def create_provider(body: ProviderCreate) -> Provider:
        """Add an upstream service. It is not called; its credential is sealed and never given out again."""
        return _shown(services, await providers.create(directory, body, actor=directory.owner.user_name))

    @routes.get("/providers/<name>")
    @typed(Provider)
    async def show_provider(name: str) -> Provider:
        """Show one upstream service."""
        return _shown(services, providers.one(directory, name))

    @routes.patch("/providers/<name>")
    @typed(Provider, body=ProviderPatch)
    async def change_provider(name: str, body: ProviderPatch) -> Provider:
        """Change an upstream service, or replace its credential."""
        return _shown(services, await providers.patch(directory, name, body, actor=directory.owner.user_name))

    @routes.delete("/providers/<name>")
    @typed(ProviderRemoved, query=RemovalQuery)
    async def remove_provider(name: str, query: RemovalQuery) -> ProviderRemoved:
        """Remove an upstream service and say which models lost a backend; by force where it was their last one."""
        return await providers.remove(directory, name, actor=directory.owner.user_name, force=query.force)

    @routes.post("/providers/<name>/test")
    @typed(ProviderTest)
    async def test_provider(name: str) -> ProviderTest:
        """Call an upstream service, and say in words what is wrong."""
        found = providers.one(directory, name)
        return await probe.test(services.dialer, found, _a_model_of(services, found.name))


def _shown(services: Services, found: Known) -> Provider:
    slugs = [facade.slug for facade in providers.served(services.directory, found.name)]
    return present.provider(found, slugs, services.health.conditions(), services.ledger.zone)


def _a_model_of(services: Services, provider: str) -> str | None:
    """Return some model that a provider is set up to serve."""
    for facade in providers.served(services.directory, provider):
        for way in facade.backends:
            if way.provider.name == provider and facade.kind == "chat" and way.upstream_model != ASKED:
                return way.upstream_model
    return None
