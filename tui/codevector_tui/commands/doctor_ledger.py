"""The doctor's section on the ledger."""

from codevector_shared.formats import storage
from codevector_shared.ledger_protocol import LedgerHealth
from codevector_tui.commands import output, times


def say_ledger(found: LedgerHealth) -> None:
    """Print every check, and how much there is of what."""
    output.say("Ledger")
    for check in found.checks:
        output.say(f"  {'ok   ' if check.ok else 'WRONG'}  {check.name}: {check.detail}")
        for problem in check.problems:
            output.say(f"           {output.escaped(problem)}")
    if found.recovered is not None:
        output.say(f"  NOTE   {output.escaped(found.recovered)}")
    kept = found.kept_since
    output.facts(
        [
            ("  Database", found.database),
            ("  Size", f"{storage(found.database_bytes)}, its log {storage(found.log_bytes)}"),
            ("  Disk", f"{storage(found.free_bytes)} free"),
            ("  Days are cut in", found.timezone),
            ("  Calls kept", _since(kept.requests)),
            ("  5 minutes kept", _since(kept.five_minutes)),
            ("  Hours kept", _since(kept.hours)),
            ("  Not rolled up yet", f"{found.waiting_buckets} buckets"),
            ("  Names folded", str(found.folded_names)),
        ]
    )


def _since(moment: str | None) -> str:
    return "all" if moment is None else f"since {times.short(moment)}"
