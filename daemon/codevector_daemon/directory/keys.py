"""Administration of gateway keys."""

from datetime import tzinfo
from typing import Final, Literal

import msgspec
import sqlalchemy as sa

from codevector_daemon.directory import checks
from codevector_daemon.directory.change import Change
from codevector_daemon.directory.credentials import Minted, mint
from codevector_daemon.directory.directory import Directory
from codevector_daemon.directory.expiry import expires_ms
from codevector_daemon.directory.values import Secret, User
from codevector_daemon.errors import DirectoryError
from codevector_daemon.store import schema
from codevector_shared.protocol import KeyCreate

_LARGEST_ID: Final = 2**63 - 1

Status = Literal["active", "revoked", "expired"]


class KeyRecord(msgspec.Struct, frozen=True):
    """A gateway key without its secret."""

    id: int
    name: str
    prefix: str
    user_id: int
    user_name: str
    project: str | None
    client_app: str | None
    scope: Literal["gateway", "console"]
    allowed_models: list[str] | None
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    last_used_ms: int | None

    def status(self, now_ms: int) -> Status:
        """Tell whether the key opens the gateway at that moment, as far as the key itself is concerned."""
        if self.revoked_ms is not None:
            return "revoked"
        return "expired" if self.expires_ms is not None and self.expires_ms <= now_ms else "active"


class NewKey(msgspec.Struct, frozen=True):
    """A key just made, with its secret."""

    record: KeyRecord
    secret: Secret


async def listed(directory: Directory, *, user_id: int | None = None) -> list[KeyRecord]:
    """Return all keys, or one user's, the newest first."""
    chosen = _SELECT.order_by(schema.keys.c.id.desc())
    if user_id is not None:
        chosen = chosen.where(schema.keys.c.user_id == user_id)
    return await directory.read(lambda connection: [_record(row) for row in connection.execute(chosen)])


async def one(directory: Directory, key_id: int, *, user_id: int | None = None) -> KeyRecord:
    """Return a key, of that user if one is named; raises DirectoryError 404."""
    return await directory.read(lambda connection: _one(connection, key_id, user_id))


async def create(directory: Directory, order: KeyCreate, *, user: User, zone: tzinfo, actor: str) -> NewKey:
    """Make a key for a user; days in ``expires_at`` are cut in ``zone``. Its secret leaves the daemon here only."""
    minted = mint()
    row = _row(directory, order, zone) | {"user_id": user.id, "prefix": minted.prefix}

    def act(change: Change) -> KeyRecord:
        return _insert(change, row, minted, user)

    record = await directory.change(act, actor=actor)
    return NewKey(record, Secret(minted.key))


async def revoke(directory: Directory, key_id: int, *, actor: str, user_id: int | None = None) -> KeyRecord:
    """Close a key for good; one that is closed already stays as it is. Raises DirectoryError 404."""

    def act(change: Change) -> KeyRecord:
        found = _one(change.connection, key_id, user_id)
        if found.revoked_ms is not None:
            return found
        change.connection.execute(
            sa.update(schema.keys).where(schema.keys.c.id == key_id).values(revoked_ms=change.now_ms)
        )
        change.note("key.revoke", found.prefix, name=found.name, user=found.user_name)
        return _one(change.connection, key_id, user_id)

    return await directory.change(act, actor=actor)


_SELECT = sa.select(schema.keys, schema.users.c.name.label("user_name")).join(
    schema.users, schema.users.c.id == schema.keys.c.user_id
)


def _row(directory: Directory, order: KeyCreate, zone: tzinfo) -> dict[str, object]:
    allowed = _allowed(directory, order.allowed_models)
    ends = None if order.expires_at is None else expires_ms(order.expires_at, now_ms=directory.now_ms(), zone=zone)
    return {
        "name": checks.optional_label("name", order.name),
        "project": checks.optional_label("project", order.project),
        "client_app": checks.optional_label("client_app", order.client_app),
        "scope": order.scope,
        "allowed_models": None if allowed is None else msgspec.json.encode(allowed).decode(),
        "expires_ms": ends,
    }


def _allowed(directory: Directory, slugs: list[str] | None) -> list[str] | None:
    """Check an allow list; an empty one would make a key that can call nothing."""
    if slugs is None:
        return None
    if not slugs:
        raise DirectoryError(
            "invalid_allowed_models",
            "allowed_models: the list is empty, so the key could call nothing",
            "Leave it out for a key that may call every model.",
        )
    return sorted({_granted(directory, slug) for slug in slugs})


def _granted(directory: Directory, name: str) -> str:
    """Return what a list holds for a name: a model's slug, a wildcard's pattern, or one name that a wildcard takes."""
    if (stored := directory.stored_facade(name)) is not None:
        return stored.slug
    if directory.facade(name) is not None:
        return name
    raise DirectoryError(
        "unknown_model",
        f"allowed_models: there is no model {checks.shown(name)}",
        checks.listing("model", [facade.slug for facade in directory.facades()]),
    )


def _insert(change: Change, row: dict[str, object], minted: Minted, user: User) -> KeyRecord:
    name = row["name"] or _free_name(change, user)
    _refuse_taken(change, str(name), user)
    inserted = change.connection.execute(
        sa.insert(schema.keys)
        .values(row | {"name": name, "digest": change.vault.digest(minted.key), "created_ms": change.now_ms})
        .returning(schema.keys.c.id)
    )
    made = _one(change.connection, inserted.scalar_one(), user.id)
    change.note("key.create", made.prefix, name=made.name, user=made.user_name, scope=made.scope)
    return made


def _free_name(change: Change, user: User) -> str:
    taken = set(change.connection.scalars(sa.select(schema.keys.c.name).where(schema.keys.c.user_id == user.id)))
    number = len(taken) + 1
    while f"key-{number}" in taken:
        number += 1
    return f"key-{number}"


def _refuse_taken(change: Change, name: str, user: User) -> None:
    """Refuse the name of a key of the same user that is still open; a closed key's name may be used again."""
    chosen = _SELECT.where(schema.keys.c.user_id == user.id, schema.keys.c.name == name)
    for row in change.connection.execute(chosen):
        if _record(row).status(change.now_ms) == "active":
            raise DirectoryError(
                "key_exists",
                f"name: {checks.shown(user.name)} has a key {checks.shown(name)} already ({row.prefix}…)",
                "Choose another name, or revoke that key first.",
                status=409,
            )


def _one(connection: sa.Connection, key_id: int, user_id: int | None) -> KeyRecord:
    row = None
    if key_id <= _LARGEST_ID:
        row = connection.execute(_SELECT.where(schema.keys.c.id == key_id)).one_or_none()
    if row is None or user_id not in {None, row.user_id}:
        raise DirectoryError(
            "unknown_key", f"there is no key with the id {key_id}", "`codevector keys list` shows the ids.", status=404
        )
    return _record(row)


def _record(row: sa.Row[tuple[object, ...]]) -> KeyRecord:
    allowed = None if row.allowed_models is None else msgspec.json.decode(row.allowed_models, type=list[str])
    return KeyRecord(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        user_id=row.user_id,
        user_name=row.user_name,
        project=row.project,
        client_app=row.client_app,
        scope=row.scope,
        allowed_models=allowed,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
        last_used_ms=row.last_used_ms,
    )
