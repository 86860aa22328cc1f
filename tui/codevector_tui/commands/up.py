"""``codevector up``: the daemon started, set up on its first run, and the monitor opened."""

import os
import select
import sys
import termios

import click
import msgspec

from codevector_shared.protocol import Status
from codevector_tui.commands import demo, first_run, launch, output, talk
from codevector_tui.commands.first_run import FirstRun
from codevector_tui.commands.frame import Command, Fault, wants_json

READING_S = 5.0
"""How long a new key stays on screen before the monitor opens; Enter opens it at once."""


class Up(msgspec.Struct, frozen=True):
    """What ``up --json`` prints; the key is in it when this was the first run, and never again."""

    started: bool
    status: Status
    first_run: FirstRun


@click.command(cls=Command)
@click.option("--demo", "as_demo", is_flag=True, help="Show made-up history and traffic in a home that is thrown away.")
def up(*, as_demo: bool) -> None:
    """Start the daemon if none runs and open the monitor.

    Without a terminal the daemon stays in the foreground; with --json it is started in the background.
    """
    if as_demo:
        demo.show(in_terminal=_in_terminal())
        return
    talk.refuse_remote()
    status = talk.status_or_none()
    if wants_json():
        output.emit(_up_in_background(status))
    elif _in_terminal():
        _open_monitor(status or _start())
    elif status is None:
        _stay_in_foreground()
    else:
        _tell(_set_up(), status)


def _up_in_background(running: Status | None) -> Up:
    status = running or launch.start_detached()[0]
    done = _set_up()
    return Up(running is None, talk.ask(lambda control: control.status()) if running is None else status, done)


def _start() -> Status:
    output.note("Starting the daemon…")
    return launch.start_detached()[0]


def _open_monitor(status: Status) -> None:
    done = _set_up()
    _tell(done, status)
    if done.key is not None:
        _leave_time_to_read()
    launch.replace_by("codevector-tui")


def _stay_in_foreground() -> None:
    """Become the daemon; a process beside it waits until it is ready and does the first run's work."""
    daemon = os.getpid()

    def first_steps() -> None:
        try:
            status = launch.await_ready(lambda: launch.is_gone(daemon), launch.READY_S)
            if status is not None:
                _tell(_set_up(), status)
        except Fault as fault:
            output.note(f"codevector: {fault.message}")

    launch.aside(first_steps)
    launch.replace_by("codevectord")


def _set_up() -> FirstRun:
    return talk.ask(lambda control: first_run.set_up(control, os.environ))


def _tell(done: FirstRun, status: Status) -> None:
    for line in first_run.told(done, status.gateway_url):
        output.say(line)
    output.say(f"CodeVector listens on {status.gateway_url} (pid {status.pid})")


def _in_terminal() -> bool:
    """Tell whether a person sees this; the monitor draws on standard error."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _leave_time_to_read() -> None:
    output.say(f"\nThe monitor opens in {READING_S:.0f} seconds, or at once with Enter; quit it to see this again.")
    select.select([sys.stdin], [], [], READING_S)
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
