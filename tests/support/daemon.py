"""The real daemon in a process and a home of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from support.books import Books
from support.control import Control
from support.waiting import until

PROGRAMS = Path(sys.executable).parent
START_S = 60.0
"""Long enough for a cold start on a machine that is busy with other tests."""
FOREIGN = (
    "CODEVECTOR_",
    "OPENAI_",
    "ANTHROPIC_",
    "OPENROUTER_",
    "GEMINI_",
    "GOOGLE_",
    "DEEPSEEK_",
    "NOTIFY_",
    "LISTEN_",
)


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for our programs: this home, a free port, and nothing of the tester's own set-up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "CODEVECTOR_HOME": str(home), "CODEVECTOR_LISTEN": "127.0.0.1:0", **(extra or {})}


@contextlib.contextmanager
def temporary_home() -> Iterator[Path]:
    """Make a home with a path short enough for a Unix socket, and remove it afterwards."""
    base = Path(tempfile.mkdtemp(prefix="cv-"))
    try:
        yield base / "home"
    finally:
        shutil.rmtree(base)


@contextlib.contextmanager
def taken_port(*, listening: bool) -> Iterator[int]:
    """Hold a port of 127.0.0.1: one that accepts connections, or one that refuses them and that no other can take."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        if listening:
            holder.listen()
        yield holder.getsockname()[1]


def run(
    program: str, *arguments: str, env: Mapping[str, str], limit_s: float = 30.0
) -> subprocess.CompletedProcess[str]:
    """Run one of our programs to its end."""
    command = [str(PROGRAMS / program), *arguments]
    return subprocess.run(
        command, env=env, text=True, capture_output=True, timeout=limit_s, check=False, stdin=subprocess.DEVNULL
    )


def answers(path: Path) -> bool:
    """Tell whether somebody accepts connections on a Unix socket (httpx leaves its own socket open where not)."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class Daemon:
    """One ``codevectord`` on one home: start it, stop it, kill it, start it again."""

    def __init__(
        self,
        home: Path,
        extra: Mapping[str, str] | None = None,
        *,
        socket: Path | None = None,
    ) -> None:
        self.home = home
        self._socket = socket or home / "control.sock"
        self.books = Books(home / "codevector.db")
        self._environment = environment(home, extra)
        self._output = home.parent / "output.txt"
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Control | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id of the running daemon."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """The gateway's root address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> Control:
        """Administration of the running daemon."""
        assert self._control is not None, "the daemon is not running"
        return self._control

    @property
    def output(self) -> str:
        """What the daemon printed so far, over all its starts."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    def start(self) -> dict[str, Any]:
        """Start the daemon, wait until it is ready, and return its status."""
        self._output.parent.mkdir(parents=True, exist_ok=True)
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [PROGRAMS / "codevectord"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            status = until(self._ready, "the daemon to be ready", START_S)
        except BaseException:
            self.kill()
            raise
        self.port = urlsplit(str(status["gateway_url"])).port or 0
        return status

    def refusal(self) -> str:
        """Run a daemon that cannot start: assert exit status 1 and a single line, and return the line."""
        ended = run("codevectord", env=self._environment)
        said = ended.stderr.strip()
        assert ended.returncode == 1, (ended.returncode, said, ended.stdout)
        assert len(said.splitlines()) == 1, said
        assert "Traceback" not in said + ended.stdout
        return said

    def stop(self, limit_s: float = 15.0) -> int:
        """Ask the daemon to stop, wait for its end, and return its exit status."""
        self.terminate()
        return self.wait(limit_s)

    def terminate(self) -> None:
        """Send SIGTERM."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, limit_s: float = 15.0) -> int:
        """Wait for the daemon's end and return its exit status."""
        assert self._process is not None
        status = self._process.wait(limit_s)
        self._forget()
        return status

    def kill(self) -> None:
        """End the daemon with SIGKILL; no harm where it has ended already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
        self._forget()

    def _forget(self) -> None:
        self._process = None
        if self._control is not None:
            self._control.close()
            self._control = None

    def _ready(self) -> dict[str, Any] | None:
        assert self._process is not None
        assert self._process.poll() is None, f"codevectord ended with {self._process.returncode}:\n{self.output}"
        if not answers(self._socket):
            return None
        self._control = self._control or Control(self._socket)
        try:
            return self._control.status()
        except httpx.TransportError:
            return None
