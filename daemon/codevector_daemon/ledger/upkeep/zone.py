"""The ledger's time zone: where days and months are cut. Kept from the first start unless it is set."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from codevector_daemon.errors import SettingsError
from codevector_daemon.ledger.calendar import Calendar, Cut
from codevector_daemon.ledger.state import BEGINNING, CUTS, ZONE, Kept, calendar_of, cuts_json, kept_of, read_facts
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.store.engine import Store
from codevector_daemon.store.schema import marks, meta
from codevector_shared.periods import DAY_S, HOUR_S, day_end, day_start, offset_changes, utc_offset


async def settle_zone(store: Store, wanted: str | None, now_s: int) -> ZoneInfo:
    """Return the zone wanted, else the one kept, else the machine's, and keep it; SettingsError for no such zone.

    Where another one was kept, hours, days and months are marked to be cut anew as far as finer counts are kept.
    """
    if wanted is not None:
        _zone(wanted)
    kept = (await store.read(read_facts)).get(ZONE)
    zone = _zone(wanted or kept or _of_this_machine())
    if zone.key != kept:
        await store.write(lambda connection: change_zone(connection, zone, now_s))
    return zone


def change_zone(connection: sa.Connection, zone: ZoneInfo, now_s: int) -> None:
    """Cut time in another zone from now on, and as far back as the counts allow."""
    facts = read_facts(connection)
    before, kept = calendar_of(facts), kept_of(facts)
    counted = _counted(connection)
    if ZONE not in facts or counted is None:
        cuts: tuple[Cut, ...] = (Cut(BEGINNING, zone),)
    else:
        first, last = counted[0], max(counted[1], now_s)
        since = _since(before, zone, kept, first, last)
        cuts = (*(cut for cut in before.cuts if cut.since_s < since), Cut(since, zone))
        same_hours = _same_hours(before, zone, max(kept.hours, first), last)
        _mark_all(connection, before, Calendar(cuts), max(since, first), last, hours_too=not same_hours)
    _keep(connection, ZONE, zone.key)
    _keep(connection, CUTS, cuts_json(cuts))


def _since(before: Calendar, zone: ZoneInfo, kept: Kept, first_s: int, last_s: int) -> int:
    """Return the start of the first day of the new zone that can be put together from what is kept."""
    same_hours = _same_hours(before, zone, max(kept.hours, first_s), last_s)
    border = kept.hours if same_hours else kept.five_minutes
    if border == BEGINNING:
        return BEGINNING
    whole = before.ceiling(Tier.DAY, border)
    return whole if day_start(whole, zone) == whole else day_end(whole, zone)


def _same_hours(before: Calendar, zone: ZoneInfo, first_s: int, last_s: int) -> bool:
    """Tell whether both calendars have the same hours, so that days can be put together from those there are."""
    zones = [*(cut.zone for cut in before.cuts), zone]
    changes = {at for each in zones for at in offset_changes(first_s, last_s, each)}
    aligned = all(
        utc_offset(at, each) % HOUR_S == utc_offset(at, zone) % HOUR_S
        for at in (first_s, last_s, *changes)
        for each in zones
    )
    # A change of the clocks in the middle of an hour cuts it.
    return aligned and all((at + utc_offset(at, zone)) % HOUR_S == 0 for at in changes)


def _mark_all(
    connection: sa.Connection, before: Calendar, after: Calendar, first_s: int, last_s: int, *, hours_too: bool
) -> None:
    """Mark every slot that may look different now; an empty one too, as it may hold a row of the former cut."""
    border = after.cuts[-1].since_s
    tier = Tier.HOUR if hours_too else Tier.DAY
    found = set(_slots(after, tier, first_s, last_s + 2 * DAY_S))
    if border > BEGINNING:
        # What the border cuts short is computed anew as well.
        found.add(before.floor(tier, border - 1))
        _mark(connection, Tier.DAY, {after.floor(Tier.MONTH, border - 1)})
        if hours_too:
            _mark(connection, Tier.HOUR, {after.floor(Tier.DAY, border - 1)})
    _mark(connection, tier.finer, found)


def _slots(calendar: Calendar, tier: Tier, first_s: int, until_s: int) -> Iterator[int]:
    at = calendar.floor(tier, first_s)
    while at < until_s:
        yield at
        at = calendar.after(tier, at)


def _mark(connection: sa.Connection, tier: Tier, starts: set[int]) -> None:
    rows = [{"at_tier": int(tier), "at_start": start} for start in sorted(starts)]
    place = (marks.c.tier == sa.bindparam("at_tier"), marks.c.start == sa.bindparam("at_start"))
    # One by one, as years of hours are more values than one statement may have.
    connection.execute(sa.delete(marks).where(*place), rows)
    connection.execute(
        sa.insert(marks).values(tier=sa.bindparam("at_tier"), start=sa.bindparam("at_start"), version=0), rows
    )


def _counted(connection: sa.Connection) -> tuple[int, int] | None:
    """Return where the first and the last bucket of all tiers begin."""
    ends = [
        connection.execute(sa.select(function(tier.table.c.start))).scalar()
        for tier in Tier
        for function in (sa.func.min, sa.func.max)
    ]
    known = [end for end in ends if end is not None]
    return (min(known), max(known)) if known else None


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


def _keep(connection: sa.Connection, name: str, value: str) -> None:
    connection.execute(sa.delete(meta).where(meta.c.name == name))
    connection.execute(sa.insert(meta).values(name=name, value=value))
