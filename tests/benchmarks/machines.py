"""The processes that a benchmark needs, and what the system says about them."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import convert, to_builtins

from benchmarks.load import Job, Outcome

TESTS = Path(__file__).parent.parent


def _spawn(module: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"{process.args!r} ended"
    return line


@contextlib.contextmanager
def fast_upstream() -> Iterator[int]:
    """Run the fast upstream and give its port."""
    with _spawn("benchmarks.upstream") as process:
        try:
            yield int(_line(process))
        finally:
            process.kill()


class LoadGenerator:
    """The handle on the load generator's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def perform(self, job: Job) -> Outcome:
        """Do one job and return its outcome."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(to_builtins(job)) + "\n")
        self._process.stdin.flush()
        return convert(json.loads(_line(self._process)), Outcome)


@contextlib.contextmanager
def load_generator() -> Iterator[LoadGenerator]:
    """Run the load generator."""
    with _spawn("benchmarks.load") as process:
        try:
            yield LoadGenerator(process)
        finally:
            process.kill()


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used so far, user and system (proc(5), ``/proc/pid/stat``)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Return the memory a process holds now, in MB of 10^6 bytes (proc(5), ``VmRSS``)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kibibytes) * 1024 / 1e6
