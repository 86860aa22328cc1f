"""``codevector status`` and ``codevector down``."""

import click
import msgspec

from codevector_shared.formats import duration, whole
from codevector_shared.protocol import Status
from codevector_tui.commands import launch, output, talk
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
    if found is not None:
        launch.stop(found.pid)
    if wants_json():
        output.emit(Stopped(found is not None, found.pid if found else None))
    else:
        output.say(f"Stopped the daemon (pid {found.pid})." if found else "No daemon was running.")


def lines(found: Status) -> list[tuple[str, str]]:
    """Return a status as names and values for people."""
    state = "demo, with made-up history" if found.demo else "running"
    if found.degraded:
        state += f"; the database cannot be written, {whole(found.spooled_events)} events wait in the spool"
    return [
        ("State", f"{state} for {duration(int(found.uptime_s * 1000))} (pid {found.pid}, version {found.version})"),
        ("Gateway", found.gateway_url),
        ("Socket", found.socket),
        ("Database", found.database),
        ("Time zone", found.timezone),
        ("Providers", whole(found.providers)),
        ("Models", whole(found.models)),
        ("Users", whole(found.users)),
        ("Keys", whole(found.keys)),
        ("Open requests", whole(found.open_requests)),
    ]
