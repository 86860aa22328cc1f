"""How the ledger is: what ``codevector doctor --ledger`` and ``GET /doctor/ledger`` say."""

import asyncio
import shutil
from pathlib import Path

import sqlalchemy as sa

from codevector_daemon.control.services import Services
from codevector_daemon.ledger.standing import Standing
from codevector_daemon.ledger.state import BEGINNING, Kept, kept_of, read_facts
from codevector_daemon.ledger.upkeep.believed import CLOCK
from codevector_daemon.ledger.upkeep.integrity import Check, check_ledger
from codevector_daemon.store.schema import marks, meta
from codevector_shared.ledger_protocol import LedgerCheck, LedgerHealth, Retention
from codevector_shared.periods import DAY_S, iso

_WRONG_CLOCK_S = 30 * DAY_S
"""A machine may have been off for a while; beyond this a wrong clock is as likely."""


async def ledger_health(services: Services) -> LedgerHealth:
    """Check everything; raises StoreError where the store cannot be read."""
    store, ledger = services.store, services.ledger
    standing = ledger.standing
    found = await asyncio.to_thread(check_ledger, store.path, patience_s=store.patience_s)
    checks = [*map(_shown, found), _spool(standing), await _clock(services)]
    facts = await store.read(read_facts)
    waiting = await store.read(lambda connection: connection.execute(sa.select(sa.func.count()).select_from(marks)))
    return LedgerHealth(
        ok=all(check.ok for check in checks),
        checks=checks,
        database=str(store.path),
        database_bytes=_size(store.path),
        log_bytes=_size(store.path.with_name(f"{store.path.name}-wal")),
        free_bytes=shutil.disk_usage(store.path.parent).free,
        timezone=ledger.zone.key,
        kept_since=_retention(services, kept_of(facts)),
        waiting_buckets=int(waiting.scalar() or 0),
        degraded=standing.degraded,
        spooled_events=standing.spooled_events,
        damaged_spool_files=standing.damaged_spool_files,
        folded_names=standing.folded_names,
        recovered=ledger.recovered,
        recovered_at=ledger.recovered_at,
    )


def _shown(check: Check) -> LedgerCheck:
    return LedgerCheck(check.name, check.detail, ok=not check.problems, problems=list(check.problems))


def _spool(found: Standing) -> LedgerCheck:
    problems = []
    if found.degraded:
        why = f": {found.trouble}" if found.trouble else ""
        problems.append(f"{found.spooled_events} events wait outside of the database{why}")
    if found.damaged_spool_files:
        problems.append(f"{found.damaged_spool_files} files could not be read in full and are kept as *.damaged")
    return LedgerCheck("the spool", f"{found.spooled_events} events wait", ok=not problems, problems=problems)


async def _clock(services: Services) -> LedgerCheck:
    """Say where the machine's clock has jumped so far ahead that what is old is given up only slowly."""
    query = sa.select(meta.c.value).where(meta.c.name == CLOCK)
    believed = await services.store.read(lambda connection: connection.execute(query).scalar())
    ahead_s = 0 if believed is None else services.now_ms() // 1000 - int(believed)
    problems = []
    if ahead_s > _WRONG_CLOCK_S:
        days = f"{ahead_s // DAY_S} days ahead of what was seen last"
        problems.append(f"it is {days}; in case it is wrong, old counts are given up only slowly")
    return LedgerCheck("the clock", "compared with the last upkeep", ok=not problems, problems=problems)


def _retention(services: Services, kept: Kept) -> Retention:
    def since(at_s: int) -> str | None:
        return None if at_s == BEGINNING else iso(at_s * 1000, services.ledger.zone)

    return Retention(since(kept.requests), since(kept.five_minutes), since(kept.hours))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
