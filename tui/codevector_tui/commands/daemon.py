"""``codevector status`` and ``codevector down``."""

import click
import msgspec

from codevector_shared.formats import UNKNOWN, clean, duration, whole
from codevector_shared.protocol import Status
from codevector_tui.commands import launch, output, talk, times
from codevector_tui.commands.frame import Command, wants_json


class Stopped(msgspec.Struct, frozen=True):
    """What ``down --json`` prints."""

    stopped: bool
    pid: int | None


@click.command(cls=Command)
def status() -> None:
    """Say whether the daemon runs, and where."""
    found = talk.administer(lambda control: control.status())
    if wants_json():
        output.emit(found)
    else:
        output.facts(lines(found))


@click.command(cls=Command)
def down() -> None:
    """Stop the daemon; answers that are running may end first."""
    talk.refuse_remote()
    found = talk.status_or_none()
    if found is not None and found.pid is not None:
        launch.stop(found.pid)
    if wants_json():
        output.emit(Stopped(found is not None, found.pid if found else None))
    else:
        output.say(f"Stopped the daemon (pid {found.pid})." if found else "No daemon was running.")


def lines(found: Status) -> list[tuple[str, str]]:
    """Return a status as names and values for people; what is not as it should be right below the state."""
    state = "demo, with made-up history" if found.demo else "running"
    return [
        ("State", f"{state} for {duration(int(found.uptime_s * 1000))} (pid {found.pid}, version {found.version})"),
        *warnings(found),
        ("Gateway", found.gateway_url),
        ("Socket", found.socket or UNKNOWN),
        ("Database", found.database or UNKNOWN),
        ("Time zone", found.timezone),
        ("Providers", whole(found.providers)),
        ("Models", whole(found.models)),
        ("Users", whole(found.users)),
        ("Keys", whole(found.keys)),
        ("Open requests", whole(found.open_requests)),
    ]


def warnings(found: Status) -> list[tuple[str, str]]:
    """Return what is not as it should be."""
    said = []
    if found.degraded:
        waiting = f"{whole(found.spooled_events)} events wait in the spool"
        why = f"the database cannot be written ({clean(found.trouble)})" if found.trouble else "catching up"
        said.append(("Degraded", f"{why}; {waiting}, calls go on"))
    if found.recovered is not None:
        when = f"{times.short(found.recovered_at)}: " if found.recovered_at else ""
        said.append(("Recovered", f"{when}{clean(found.recovered, 400)}"))
    if found.damaged_spool_files:
        files = f"{whole(found.damaged_spool_files)} files of the spool could not be read in full"
        said.append(("Spool damage", f"{files}; codevector doctor --ledger says more"))
    if found.resting_backends:
        backends = f"{whole(found.resting_backends)} backends get no calls for now"
        said.append(("Resting", f"{backends}; codevector providers list says which"))
    if found.folded_names:
        said.append(("Folded names", f"{whole(found.folded_names)} are counted as other, their day had too many"))
    if found.recut_since is not None:
        said.append(("Older days", f"before {found.recut_since[:10]} are cut in {found.older_timezone}"))
    return said
