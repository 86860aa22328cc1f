"""The service manager's protocols, with a notify socket of our own and systemd's own socket activation."""

import contextlib
import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import raw
from support.control import Control
from support.daemon import PROGRAMS, Daemon, environment, temporary_home
from support.waiting import until

pytestmark = pytest.mark.systemd


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as home:
        home.mkdir(mode=0o700)
        yield home


@pytest.fixture
def notify(home: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(home.parent / "notify"))
        manager.settimeout(20)
        yield manager


def told(manager: socket.socket, state: str) -> float:
    """Wait for a state and return when it came."""
    while True:
        if state in manager.recv(4096).decode().splitlines():
            return time.monotonic()


def everything_told(manager: socket.socket) -> bytes:
    """Return all that was told until now."""
    manager.settimeout(0)
    said = b""
    with contextlib.suppress(BlockingIOError):
        while True:
            said += manager.recv(4096) + b"\n"
    return said


def test_readiness_is_told_when_both_listeners_answer(home: Path, notify: socket.socket) -> None:
    daemon = Daemon(home, {"NOTIFY_SOCKET": str(home.parent / "notify")})
    with daemon:
        told(notify, "READY=1")
        assert daemon.control.status()["pid"] == daemon.pid
        assert raw.exchange(daemon.port, raw.request("GET", "/readyz", ())).status == 200
        daemon.terminate()
        told(notify, "STOPPING=1")
        assert daemon.wait() == 0


def test_the_watchdog_is_fed_at_least_twice_per_limit(home: Path, notify: socket.socket) -> None:
    limit_s = 2.0
    extra = {"NOTIFY_SOCKET": str(home.parent / "notify"), "WATCHDOG_USEC": str(int(limit_s * 1e6))}
    with Daemon(home, extra):
        times = [told(notify, "WATCHDOG=1") for _ in range(3)]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert max(gaps) < limit_s
        assert min(gaps) > limit_s / 10


def test_no_watchdog_is_fed_that_was_not_asked_for(home: Path, notify: socket.socket) -> None:
    with Daemon(home, {"NOTIFY_SOCKET": str(home.parent / "notify")}) as daemon:
        daemon.stop()
    said = everything_told(notify)
    assert b"READY=1" in said
    assert b"WATCHDOG" not in said


def test_readiness_is_never_told_by_a_daemon_that_cannot_start(home: Path, notify: socket.socket) -> None:
    (home / "codevector.db").write_bytes(b"no database" * 1000)
    daemon = Daemon(home, {"NOTIFY_SOCKET": str(home.parent / "notify")})
    assert str(home) in daemon.refusal()
    assert everything_told(notify) == b""


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd-socket-activate is not installed")
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_activated_sockets_are_served(home: Path, *, named: bool) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    control = home / "activated.sock"
    names = ["--fdname=gateway:control"] if named else []
    command = [
        "systemd-socket-activate",
        f"--listen=127.0.0.1:{port}",
        f"--listen={control}",
        *names,
        *(f"--setenv={name}={value}" for name, value in environment(home).items() if name.startswith("CODEVECTOR")),
        str(PROGRAMS / "codevectord"),
    ]
    output = (home.parent / "output.txt").open("wb")
    with output, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:
        try:
            until(control.is_socket, "the control socket")
            reply = raw.exchange(port, raw.request("GET", "/readyz", ()))  # the first connection starts the daemon
            client = Control(control)
            status = client.status()
            client.close()
            process.terminate()
            ended = process.wait(15)
        finally:
            process.kill()
    assert reply.status == 200
    assert (status["pid"], status["gateway_url"]) == (process.pid, f"http://127.0.0.1:{port}")
    assert status["socket"] == str(control)
    assert ended == 0
    assert control.is_socket(), "the service manager's socket was deleted"
    assert not (home / "control.sock").exists()
