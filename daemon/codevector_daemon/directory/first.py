"""What an empty store gets at its first opening: the owner, and the mark of the master key it belongs to."""

import getpass

import sqlalchemy as sa

from codevector_daemon.directory import checks
from codevector_daemon.directory.change import Change
from codevector_daemon.errors import DirectoryError, StartError
from codevector_daemon.store import schema

MASTER = "master_key"
"""The row of ``meta`` that holds the fingerprint of the master key."""


def is_bound(connection: sa.Connection) -> bool:
    """Tell whether the store belongs to a master key already."""
    return connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.name == MASTER)) is not None


def is_settled(connection: sa.Connection) -> bool:
    """Tell whether the store has both already."""
    return is_bound(connection) and connection.scalar(sa.select(schema.users.c.id).limit(1)) is not None


def settle(change: Change) -> None:
    """Give the store what it lacks, the actor as owner; two processes that try at once do it once."""
    meta, users = schema.meta, schema.users
    if change.connection.scalar(sa.select(meta.c.value).where(meta.c.name == MASTER)) is None:
        change.connection.execute(sa.insert(meta).values(name=MASTER, value=change.vault.fingerprint))
    if change.connection.scalar(sa.select(sa.func.count()).select_from(users)) == 0:
        change.connection.execute(sa.insert(users).values(name=change.actor, role="owner", created_ms=change.now_ms))
        change.note("user.create", change.actor, role="owner")


def refuse_foreign_master(connection: sa.Connection, fingerprint: str) -> None:
    """Raise StartError when the store was written under another master key: no key or credential would work."""
    marked = connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.name == MASTER))
    if marked != fingerprint:
        raise StartError(
            "the master key does not belong to this database: no gateway key and no provider credential would work."
            " Put the former master.key (or CODEVECTOR_MASTER_KEY) back, or start with a new database"
        )


def owner_name() -> str:
    """Return the name of the operating system's user, else ``owner``."""
    try:
        return checks.user_name(getpass.getuser())
    except (OSError, KeyError, ImportError, DirectoryError):
        return "owner"
