"""The daemon as a process: found, started, awaited and stopped."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from codevector_shared.paths import Places
from codevector_shared.protocol import Status
from codevector_tui.commands import talk
from codevector_tui.commands.frame import Fault

READY_S, GONE_S = 30.0, 12.0
_PAUSE_S = 0.05


def program(name: str) -> Path:
    """Return one of our programs: the one of this installation before any other on the path."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise Fault(f"{name} is not installed beside {sys.executable}", "install CodeVector again")
    return Path(found)


def start_detached(*arguments: str, ready_s: float = READY_S) -> "tuple[Status, subprocess.Popen[bytes]]":
    """Start a daemon in a session of its own, which outlives this terminal, and wait until it is ready.

    Its standard error is read until then, for the one line it leaves with when it cannot start; its log is a file.
    """
    process = subprocess.Popen(  # noqa: S603 — our own program
        [program("codevectord"), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    errors = process.stderr
    assert errors is not None
    os.set_blocking(errors.fileno(), False)
    said = bytearray()

    def has_ended() -> bool:
        ended = process.poll() is not None
        said.extend(errors.read() or b"")
        return ended

    try:
        with errors:
            status = await_ready(has_ended, ready_s)
    except BaseException:
        end(process)
        raise
    if status is None:
        raise Fault(_last_words(said.decode(errors="replace")))
    return status, process


def await_ready(has_ended: Callable[[], bool], limit_s: float) -> Status | None:
    """Wait until a daemon answers; nothing if the one awaited has ended before. Fault when the limit has passed."""
    places = Places.from_environment(os.environ)
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        ended = has_ended()
        status = talk.status_or_none() if places.socket.exists() else None
        if status is not None or ended:
            return status
        time.sleep(_PAUSE_S)
    raise Fault(
        f"the daemon was not ready after {limit_s:.0f} s", f"run codevectord to see why; its log is {places.log}"
    )


def replace_by(name: str, *arguments: str, env: Mapping[str, str] | None = None) -> None:
    """Become another of our programs; does not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    path = program(name)
    os.execve(path, [str(path), *arguments], dict(env or os.environ))  # noqa: S606 — our own program


def aside(work: Callable[[], None]) -> None:
    """Do some work in a process beside this one, which neither waits for it nor has to reap it."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        if os.fork() == 0:
            work()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop a daemon that this process started: politely, then by force."""
    process.terminate()
    try:
        process.wait(GONE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop(pid: int, limit_s: float = GONE_S) -> None:
    """Ask a process to end, and wait until it is gone."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise Fault(f"the daemon (pid {pid}) belongs to another user", "stop it as that user") from error
    deadline = time.monotonic() + limit_s
    while not is_gone(pid):
        if time.monotonic() > deadline:
            raise Fault(f"the daemon (pid {pid}) is still there after {limit_s:.0f} s", f"kill -9 {pid} ends it")
        time.sleep(_PAUSE_S)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, even if nobody has reaped it yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state == b"Z"


def _last_words(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    if not lines:
        return "the daemon ended at once and said nothing; run codevectord to see it start"
    return f"the daemon did not start: {lines[-1].removeprefix('codevectord: ')}"
