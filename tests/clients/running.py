"""Running a tool headless: to its own end, or until somebody has seen enough and presses Ctrl-C."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.waiting import until

LIMIT_S = 180
CTRL_C, CTRL_C_S = 3, 5.0
"""How often it is pressed before a tool counts as one that does not listen, and how long each time is waited."""
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a tool ended and what it said."""

    status: int
    output: str
    errors: str

    def assert_said(self, words: str) -> None:
        """Assert that the tool ended well and showed these words, however it wrapped them."""
        assert self.status == 0, self.told
        assert words in _plain(self.output), self.told

    @property
    def shown(self) -> str:
        """Everything it showed, on one line and without colours."""
        return _plain(f"{self.output} {self.errors}")

    @property
    def told(self) -> str:
        """Everything it said, for a failed assertion."""
        return f"ended with {self.status}\n{self.output[-4000:]}\n{self.errors[-4000:]}"


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    work: Path,
    folder: Path,
    enough: Callable[[], bool] | None = None,
) -> Ran:
    """Run a tool in ``work`` and keep what it said in ``folder``; TimeoutError with that where it does not end."""
    output, errors = folder / "output.txt", folder / "errors.txt"
    with output.open("wb") as out, errors.open("wb") as err:
        tool = subprocess.Popen(
            command,
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    try:
        if enough is not None:
            _press_ctrl_c(tool, enough)
        tool.wait(LIMIT_S)
    except subprocess.TimeoutExpired as error:
        said = Ran(-1, _read(output), _read(errors)).told
        raise TimeoutError(f"{command} took longer than {LIMIT_S} s: {said}") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(tool.pid, signal.SIGKILL)
        tool.wait()
    return Ran(tool.returncode, _read(output), _read(errors))


def _press_ctrl_c(tool: subprocess.Popen[bytes], enough: Callable[[], bool]) -> None:
    """Press it once enough was seen, and again where the tool asks for that."""
    until(lambda: enough() or tool.poll() is not None, "an answer half way", LIMIT_S)
    for _ in range(CTRL_C):
        if tool.poll() is None:
            os.killpg(tool.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                tool.wait(CTRL_C_S)


def _plain(text: str) -> str:
    return " ".join(COLOURS.sub("", text).split())


def _read(path: Path) -> str:
    return path.read_text(errors="replace")
