"""The real ``codevector`` command, run with a clean home and environment."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SCRIPTS = Path(sys.executable).parent


class CommandLine:
    """Runs commands as a person would, in one home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            "HOME": str(home),
            "CODEVECTOR_HOME": str(home / "cv"),
            "CODEVECTOR_LISTEN": "127.0.0.1:0",
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
        }

    def __call__(
        self, *arguments: str, here: Path | None = None, answers: str = "", env: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run ``codevector`` to its end."""
        return subprocess.run(
            [SCRIPTS / "codevector", *arguments],
            cwd=here or self.home,
            env={**self.environment, **(env or {})},
            input=answers,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
