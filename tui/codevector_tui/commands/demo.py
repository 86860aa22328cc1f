"""``codevector up --demo``: made-up history and live sandbox traffic, in a home that is thrown away."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from codevector_shared.protocol import Status
from codevector_tui.commands import launch, output
from codevector_tui.commands.frame import Fault, wants_json

READY_S = 90.0
"""The history of 90 days is written before the daemon is ready."""


class _Ended(BaseException):
    """The process was asked to end: what was started is stopped and removed on the way out."""


def show(*, in_terminal: bool) -> None:
    """Run a demo until the monitor is closed, or without a terminal until the process is told to end."""
    if wants_json():
        raise Fault("a demo ends with its process and has nothing to print as JSON", "leave out --json")
    with _signals_end_it(), _throw_away_home() as home:
        _move_into(home)
        output.note(f"Writing 90 days of made-up history into {home} …")
        started = launch.start_detached("--demo", ready_s=READY_S)
        try:
            _run(*started, home, in_terminal=in_terminal)
        except (_Ended, KeyboardInterrupt):
            output.note("The demo has ended.")
        finally:
            launch.end(started[1])


def _run(status: Status, daemon: "subprocess.Popen[bytes]", home: Path, *, in_terminal: bool) -> None:
    output.say(f"DEMO: made-up history and traffic in {home}, removed at the end. Nothing here is yours.")
    output.say(f"CodeVector (demo) listens on {status.gateway_url} (pid {status.pid})")
    if in_terminal:
        subprocess.run([launch.program("codevector-tui")], check=False)  # noqa: S603 — our own program
    else:
        daemon.wait()


def _move_into(home: Path) -> None:
    """Point this process and all it starts at the demo's home and at a free port."""
    for name in [name for name in os.environ if name.startswith("CODEVECTOR_")]:
        del os.environ[name]
    os.environ["CODEVECTOR_HOME"] = str(home)
    os.environ["CODEVECTOR_LISTEN"] = "127.0.0.1:0"


@contextmanager
def _throw_away_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="codevector-demo-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _signals_end_it() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise _Ended

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
