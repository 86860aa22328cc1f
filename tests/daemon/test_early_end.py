"""SIGTERM before the daemon serves: an orderly end, and a home in which the next start finds nothing half-made."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support.daemon import PROGRAMS, START_S, Daemon, environment, temporary_home
from support.waiting import until

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells when a signal is caught")

END_S = 10.0
"""What the contract gives a daemon that is told to end."""


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as home:
        yield home


@contextmanager
def starting(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a daemon, and go on as soon as it has taken its signals in hand: from then on none may kill it."""
    command = [str(PROGRAMS / "codevectord"), *arguments]
    quiet = subprocess.DEVNULL
    daemon = subprocess.Popen(
        command, env=environment(home), stdin=quiet, stdout=quiet, stderr=subprocess.PIPE, text=True
    )
    try:
        until(lambda: daemon.poll() is not None or catches_sigterm(daemon.pid), "the signal to be caught", START_S)
        yield daemon
    finally:
        daemon.kill()
        daemon.communicate()


def catches_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def test_the_signals_are_caught_before_anything_is_made_in_the_home(home: Path) -> None:
    command = [str(PROGRAMS / "codevectord")]
    with subprocess.Popen(
        command, env=environment(home), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as daemon:
        try:
            until(home.exists, "the home to be made", START_S)
            assert catches_sigterm(daemon.pid)
        finally:
            daemon.kill()


def assert_starts(home: Path) -> None:
    with Daemon(home) as daemon:
        assert daemon.control.status()["users"] == 1
        assert daemon.stop() == 0


MOMENTS: dict[str, Callable[[Path], object]] = {
    "the first line": lambda _: True,
    "the lock": lambda home: (home / "daemon.lock").exists(),
    "the socket": lambda home: (home / "control.sock").exists(),
    "the database": lambda home: (home / "codevector.db").exists(),
    "the master key": lambda home: (home / "master.key").exists(),
    "the prices": lambda home: (home / "rates.cache").exists(),
}


@pytest.mark.parametrize("reached", MOMENTS.values(), ids=MOMENTS)
def test_a_start_that_is_called_off_is_an_orderly_end(home: Path, reached: Callable[[Path], object]) -> None:
    with starting(home) as daemon:
        until(lambda: reached(home), "the moment", START_S)
        daemon.terminate()
        assert daemon.wait(END_S) == 0
        assert "Traceback" not in (daemon.stderr.read() if daemon.stderr else "")
    assert_starts(home)


def test_an_interrupt_from_the_keyboard_is_an_orderly_end_too(home: Path) -> None:
    with starting(home) as daemon:
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait(END_S) == 0


def test_a_demo_that_is_called_off_while_it_is_made_up_is_an_orderly_end(home: Path) -> None:
    with starting(home, "--demo") as daemon:
        until(lambda: MOMENTS["the prices"](home), "the moment", START_S)
        daemon.terminate()
        assert daemon.wait(END_S) == 0


def test_a_salvage_that_is_called_off_is_begun_again_by_the_next_start(home: Path) -> None:
    assert_starts(home)
    database = home / "codevector.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany("INSERT INTO meta VALUES (?, ?)", ((f"filler {at}", "x" * 3000) for at in range(20_000)))
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'marks'").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    with starting(home) as daemon:
        until(lambda: any(home.glob("codevector.db.[sd]*")), "the salvage", START_S)
        daemon.terminate()
        assert daemon.wait(END_S) == 0
    assert_starts(home)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM meta WHERE name LIKE 'filler %'").fetchone() == (20_000,)


def test_a_signal_that_was_ignored_at_the_start_stays_ignored(home: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with Daemon(home) as daemon:
            os.kill(daemon.pid, signal.SIGHUP)
            assert daemon.control.status()["pid"] == daemon.pid
            assert daemon.stop() == 0
    finally:
        signal.signal(signal.SIGHUP, before)
