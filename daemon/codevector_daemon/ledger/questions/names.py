"""Names of users and keys, as they are now."""

from collections.abc import Iterable

import sqlalchemy as sa

from codevector_daemon.store.schema import keys, users


def user_names(connection: sa.Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of users by id."""
    return _names(connection, users, ids)


def key_names(connection: sa.Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of keys by id."""
    return _names(connection, keys, ids)


def _names(connection: sa.Connection, table: sa.Table, ids: Iterable[int]) -> dict[int, str]:
    wanted = sorted(set(ids))
    query = sa.select(table.c.id, table.c.name).where(table.c.id.in_(wanted))
    return {row.id: row.name for row in connection.execute(query)} if wanted else {}
