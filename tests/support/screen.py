"""A program on a real terminal: tmux draws it, the test types and reads what a person would see."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from support.waiting import until

TMUX = shutil.which("tmux")


class Screen:
    """One program in a tmux of its own, of a given size."""

    def __init__(self, command: list[str], columns: int, rows: int, env: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cv-tmux-")
        settings_file = Path(self._folder.name) / "tmux.conf"
        settings_file.write_text("set -g status off\nset -g remain-on-exit on\n")
        self._tmux = [str(TMUX), "-S", str(Path(self._folder.name) / "tmux"), "-f", str(settings_file)]
        settings = [f"{name}={value}" for name, value in env.items()]
        self._run(
            *("new-session", "-d", "-x", str(columns), "-y", str(rows)),
            *("env", "-i", *settings, "TERM=tmux-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", *command),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=10, check=False)
        self._folder.cleanup()

    def text(self) -> str:
        """Return what stands on the screen now."""
        return self._run("capture-pane", "-p")

    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        columns, rows = self._run("display-message", "-p", "#{pane_width} #{pane_height}").split()
        return int(columns), int(rows)

    def type(self, *keys: str) -> None:
        """Press keys, in tmux's names for them."""
        self._run("send-keys", *keys)

    def ended(self) -> bool:
        """Tell whether the program has ended."""
        return self._run("display-message", "-p", "#{pane_dead}").strip() == "1"

    def wait_for(self, *words: str, limit_s: float = 15.0) -> str:
        """Wait until all words stand on the screen and return it."""
        try:
            return until(lambda: self._with(words), f"{words!r} on the screen", limit_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{self.text()}") from None

    def _with(self, words: tuple[str, ...]) -> str | None:
        text = self.text()
        return text if all(word in text for word in words) else None

    def _run(self, *command: str) -> str:
        ended = subprocess.run([*self._tmux, *command], text=True, capture_output=True, timeout=10, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout
