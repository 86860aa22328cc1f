"""One act of administration: a transaction that leaves its audit row and counts the directory's version up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from codevector_daemon.directory.snapshot import VERSION
from codevector_daemon.directory.vault import Vault
from codevector_daemon.store import schema

T = TypeVar("T")


@dataclass(slots=True)
class Change:
    """What an act of administration works with. Its one mutable part is owned by the transaction it runs in."""

    connection: sa.Connection
    vault: Vault
    now_ms: int
    actor: str
    noted: int = field(default=0, init=False)

    def note(self, action: str, target: str, **detail: object) -> None:
        """Write the audit row of what was done; ``detail`` never holds a secret."""
        self.noted += 1
        self.connection.execute(
            sa.insert(schema.audit).values(
                at_ms=self.now_ms,
                actor=self.actor,
                action=action,
                target=target,
                detail=msgspec.json.encode(detail).decode() if detail else "",
            )
        )


Act = Callable[[Change], T]


def run(act: Act[T], change: Change) -> T:
    """Do the act; the version moves in the same transaction when it noted anything."""
    result = act(change)
    if change.noted:
        _count_up(change.connection)
    return result


def _count_up(connection: sa.Connection) -> None:
    meta = schema.meta
    following = sa.cast(sa.cast(meta.c.value, sa.BigInteger) + 1, sa.Text)
    updated = connection.execute(sa.update(meta).where(meta.c.name == VERSION).values(value=following))
    if not updated.rowcount:
        connection.execute(sa.insert(meta).values(name=VERSION, value="1"))
