"""The ledger's time zone: where days and months are cut. Kept from the first start unless it is set."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from codevector_daemon.errors import SettingsError
from codevector_daemon.store import schema
from codevector_daemon.store.engine import Store

_NAME = "timezone"


async def settle_zone(store: Store, wanted: str | None) -> ZoneInfo:
    """Return the zone wanted, else the one kept, else the machine's, and keep it; SettingsError for no such zone."""
    if wanted is not None:
        _zone(wanted)
    kept = await store.read(_kept)
    name = wanted or kept or _of_this_machine()
    if name != kept:
        await store.write(lambda connection: _keep(connection, name))
    return _zone(name)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"timezone: {name!r} is no time zone; expected a name such as 'Europe/Berlin'") from error


def _of_this_machine() -> str:
    from tzlocal import get_localzone_name  # noqa: PLC0415  # needed at the first start only

    try:
        name = get_localzone_name() or "UTC"
        _zone(name)
    except (SettingsError, ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return name


def _kept(connection: sa.Connection) -> str | None:
    return connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.name == _NAME)).scalar()


def _keep(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.delete(schema.meta).where(schema.meta.c.name == _NAME))
    connection.execute(sa.insert(schema.meta).values(name=_NAME, value=name))
