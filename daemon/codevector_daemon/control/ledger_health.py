"""How the ledger is: what ``codevector doctor --ledger`` and ``GET /doctor/ledger`` say."""

import asyncio
import shutil
from pathlib import Path

import sqlalchemy as sa

from codevector_daemon.control.services import Services
from codevector_daemon.ledger.integrity import Check, check_ledger
from codevector_daemon.ledger.standing import Standing
from codevector_daemon.ledger.state import BEGINNING, Kept, kept_of, read_facts
from codevector_daemon.store.schema import marks
from codevector_shared.ledger_protocol import LedgerCheck, LedgerHealth, Retention
from codevector_shared.periods import iso


async def ledger_health(services: Services) -> LedgerHealth:
    """Check everything; raises StoreError where the store cannot be read."""
    store, ledger = services.store, services.ledger
    standing = ledger.standing
    found = await asyncio.to_thread(check_ledger, store.path, patience_s=store.patience_s)
    checks = [*map(_shown, found), _spool(standing)]
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


def _retention(services: Services, kept: Kept) -> Retention:
    def since(at_s: int) -> str | None:
        return None if at_s == BEGINNING else iso(at_s * 1000, services.ledger.zone)

    return Retention(since(kept.requests), since(kept.five_minutes), since(kept.hours))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
