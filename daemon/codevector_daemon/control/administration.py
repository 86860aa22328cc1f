"""The routes of administration, on the control socket only: providers, models, keys and users."""

from quart import Blueprint

from codevector_daemon.control import imports, present, probe
from codevector_daemon.control.asked import KeysQuery
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import typed
from codevector_daemon.directory import keys, models, providers, users
from codevector_shared.protocol import (
    Key,
    KeyCreate,
    KeyCreated,
    Keys,
    Model,
    ModelCreate,
    ModelImport,
    ModelPatch,
    Models,
    ModelsImported,
    Provider,
    ProviderCreate,
    ProviderPatch,
    Providers,
    ProviderTest,
    User,
    UserCreate,
    UserPatch,
    Users,
)

_CREATED = 201


def add_providers(routes: Blueprint, services: Services) -> None:
    """Add ``/providers``."""
    directory, zone = services.directory, services.ledger.zone

    @routes.get("/providers")
    @typed(Providers)
    async def list_providers() -> Providers:
        """List the upstream services."""
        return Providers([present.provider(found, zone) for found in directory.providers()])

    @routes.post("/providers")
    @typed(Provider, body=ProviderCreate, status=_CREATED)
    async def create_provider(body: ProviderCreate) -> Provider:
        """Add an upstream service. It is not called; its credential is sealed and never given out again."""
        made = await providers.create(directory, body, actor=directory.owner.user_name)
        return present.provider(made, zone)

    @routes.get("/providers/<name>")
    @typed(Provider)
    async def show_provider(name: str) -> Provider:
        """Show one upstream service."""
        return present.provider(providers.one(directory, name), zone)

    @routes.patch("/providers/<name>")
    @typed(Provider, body=ProviderPatch)
    async def change_provider(name: str, body: ProviderPatch) -> Provider:
        """Enable or disable an upstream service."""
        changed = await providers.patch(directory, name, body, actor=directory.owner.user_name)
        return present.provider(changed, zone)

    @routes.delete("/providers/<name>")
    @typed(None)
    async def remove_provider(name: str) -> None:
        """Remove an upstream service that serves no model."""
        await providers.remove(directory, name, actor=directory.owner.user_name)

    @routes.post("/providers/<name>/test")
    @typed(ProviderTest)
    async def test_provider(name: str) -> ProviderTest:
        """Call an upstream service, and say in words what is wrong."""
        found = providers.one(directory, name)
        return await probe.test(services.upstream, found, _a_model_of(services, found.name))


def add_models(routes: Blueprint, services: Services) -> None:
    """Add ``/models``."""
    directory = services.directory

    @routes.get("/models")
    @typed(Models)
    async def list_models() -> Models:
        """List the model facades with the rates that apply now."""
        return Models([_shown(services, found.slug) for found in directory.facades()])

    @routes.post("/models")
    @typed(Model, body=ModelCreate, status=_CREATED)
    async def create_model(body: ModelCreate) -> Model:
        """Add a model facade. No provider is called."""
        made = await models.create(directory, body, actor=directory.owner.user_name)
        return _shown(services, made.slug)

    @routes.post("/models/import")
    @typed(ModelsImported, body=ModelImport)
    async def import_models(body: ModelImport) -> ModelsImported:
        """Add facades of all models of a provider; those that exist stay as they are."""
        wanted = await imports.orders(services, providers.one(directory, body.provider))
        added, kept = await models.create_missing(directory, wanted, actor=directory.owner.user_name)
        return ModelsImported(added, kept)

    @routes.get("/models/<path:slug>")
    @typed(Model)
    async def show_model(slug: str) -> Model:
        """Show one model facade."""
        return _shown(services, slug)

    @routes.patch("/models/<path:slug>")
    @typed(Model, body=ModelPatch)
    async def change_model(slug: str, body: ModelPatch) -> Model:
        """Change a model facade."""
        await models.patch(directory, slug, body, actor=directory.owner.user_name)
        return _shown(services, slug)

    @routes.delete("/models/<path:slug>")
    @typed(None)
    async def remove_model(slug: str) -> None:
        """Remove a model facade; what it cost stays in the ledger."""
        await models.remove(directory, slug, actor=directory.owner.user_name)


def add_keys(routes: Blueprint, services: Services) -> None:
    """Add ``/keys``."""
    directory, zone, now_ms = services.directory, services.ledger.zone, services.now_ms

    @routes.get("/keys")
    @typed(Keys, query=KeysQuery)
    async def list_keys(query: KeysQuery) -> Keys:
        """List all gateway keys, or one user's."""
        user_id = None if query.user is None else directory.user_named(query.user).id
        return Keys([present.key(found, zone, now_ms()) for found in await keys.listed(directory, user_id=user_id)])

    @routes.post("/keys")
    @typed(KeyCreated, body=KeyCreate, status=_CREATED)
    async def create_key(body: KeyCreate) -> KeyCreated:
        """Make a gateway key; the answer is the only place where its secret is ever shown."""
        owner = directory.owner
        user = directory.user_named(owner.user_name if body.user is None else body.user)
        made = await keys.create(directory, body, user=user, zone=zone, actor=owner.user_name)
        return present.new_key(made, zone, now_ms())

    @routes.get("/keys/<int:key_id>")
    @typed(Key)
    async def show_key(key_id: int) -> Key:
        """Show one gateway key."""
        return present.key(await keys.one(directory, key_id), zone, now_ms())

    @routes.delete("/keys/<int:key_id>")
    @typed(Key)
    async def revoke_key(key_id: int) -> Key:
        """Revoke a gateway key for good."""
        closed = await keys.revoke(directory, key_id, actor=directory.owner.user_name)
        return present.key(closed, zone, now_ms())


def add_users(routes: Blueprint, services: Services) -> None:
    """Add ``/users``."""
    directory, zone = services.directory, services.ledger.zone

    @routes.get("/users")
    @typed(Users)
    async def list_users() -> Users:
        """List the users."""
        return Users([present.user(found, zone) for found in users.listed(directory)])

    @routes.post("/users")
    @typed(User, body=UserCreate, status=_CREATED)
    async def create_user(body: UserCreate) -> User:
        """Add a user."""
        return present.user(await users.create(directory, body, actor=directory.owner.user_name), zone)

    @routes.get("/users/<name>")
    @typed(User)
    async def show_user(name: str) -> User:
        """Show one user."""
        return present.user(users.one(directory, name), zone)

    @routes.patch("/users/<name>")
    @typed(User, body=UserPatch)
    async def change_user(name: str, body: UserPatch) -> User:
        """Rename a user, or change their role or suspension."""
        return present.user(await users.patch(directory, name, body, actor=directory.owner.user_name), zone)


def _shown(services: Services, slug: str) -> Model:
    found = models.one(services.directory, slug)
    return present.model(found, services.prices, services.ledger.zone, services.now_ms())


def _a_model_of(services: Services, provider: str) -> str | None:
    """Return some model that a provider is set up to serve."""
    for facade in services.directory.facades():
        for way in facade.backends:
            if way.provider.name == provider and facade.kind == "chat":
                return way.upstream_model
    return None
