"""Administration of users."""

import sqlalchemy as sa
from msgspec import UNSET, Struct

from codevector_daemon.directory import checks
from codevector_daemon.directory.change import Change
from codevector_daemon.directory.directory import Directory
from codevector_daemon.directory.values import User
from codevector_daemon.errors import DirectoryError
from codevector_daemon.store import schema
from codevector_shared.protocol import UserCreate, UserPatch


class UserRecord(Struct, frozen=True):
    """A user, and how many keys of theirs open the gateway now."""

    user: User
    keys: int


def listed(directory: Directory) -> list[UserRecord]:
    """Return all users, the oldest first."""
    keys = directory.open_keys()
    return [UserRecord(user, keys[user.id]) for user in directory.users()]


def one(directory: Directory, name: str) -> UserRecord:
    """Return the user of that name; raises DirectoryError 404."""
    user = directory.user_named(name)
    return UserRecord(user, directory.open_keys()[user.id])


async def create(directory: Directory, order: UserCreate, *, actor: str) -> UserRecord:
    """Add a user."""
    name = checks.user_name(order.name)
    if order.role == "owner":
        raise DirectoryError(
            "one_owner", "role: a gateway has one owner, made at its first start", "Make an admin or a member."
        )

    def act(change: Change) -> None:
        _refuse_taken(change, name)
        change.connection.execute(sa.insert(schema.users).values(name=name, role=order.role, created_ms=change.now_ms))
        change.note("user.create", name, role=order.role)

    await directory.change(act, actor=actor)
    return one(directory, name)


async def patch(directory: Directory, name: str, wish: UserPatch, *, actor: str) -> UserRecord:
    """Rename a user, or change their role or suspension."""
    user = directory.user_named(name)
    changes = _changes(user, wish)

    def act(change: Change) -> None:
        if not changes:
            return
        if "name" in changes:
            _refuse_taken(change, str(changes["name"]))
        updated = change.connection.execute(sa.update(schema.users).where(schema.users.c.id == user.id).values(changes))
        if not updated.rowcount:
            raise checks.missing("user", name, [other.name for other in directory.users()])
        change.note("user.change", name, **changes)

    await directory.change(act, actor=actor)
    return one(directory, str(changes.get("name", name)))


def _changes(user: User, wish: UserPatch) -> dict[str, object]:
    """Return what differs from now; raises DirectoryError for what an owner cannot be."""
    changes: dict[str, object] = {}
    if wish.name is not UNSET and (name := checks.user_name(wish.name)) != user.name:
        changes["name"] = name
    if wish.role is not UNSET and wish.role != user.role:
        changes["role"] = wish.role
    if wish.suspended is not UNSET and wish.suspended != user.suspended:
        changes["suspended"] = wish.suspended
    if changes.get("role") == "owner" or (user.role == "owner" and changes.keys() & {"role", "suspended"}):
        raise DirectoryError(
            "one_owner", "the one owner of a gateway can be renamed, but neither replaced nor suspended", status=409
        )
    return changes


def _refuse_taken(change: Change, name: str) -> None:
    """Refuse a name that differs from another's in case only: on a leaderboard nobody could tell the two apart."""
    taken = change.connection.scalars(sa.select(schema.users.c.name))
    for other in taken:
        if other.casefold() == name.casefold():
            raise DirectoryError("user_exists", f"there is a user {checks.shown(other)} already", status=409)
