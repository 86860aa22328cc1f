"""The routes of administration, on the control socket only: keys and users."""

from quart import Blueprint

from codevector_daemon.control import present
from codevector_daemon.control.asked import KeysQuery
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import typed
from codevector_daemon.directory import keys, users
from codevector_shared.protocol import Key, KeyCreate, KeyCreated, Keys, User, UserCreate, UserPatch, Users

_CREATED = 201


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
