"""The real ``codevector`` command, run with a clean home and environment."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

SCRIPTS = Path(sys.executable).parent


class CommandLine:
    """Runs commands as a person would, in one home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.gateway = ""
        self.key = ""
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

    def document(self, *arguments: str, answers: str = "", env: Mapping[str, str] | None = None) -> Any:
        """Run a command that must succeed, and return the one JSON document it prints."""
        done = self(*arguments, answers=answers, env=env)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start ``codevector`` and leave it running, with its output and errors in one pipe."""
        return subprocess.Popen(
            [SCRIPTS / "codevector", *arguments],
            cwd=self.home,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def call_gateway(self, model: str, *, key: str | None = None, **headers: str) -> httpx.Response:
        """Make one chat call through the gateway."""
        return httpx.post(
            f"{self.gateway}/v1/chat/completions",
            json={"model": model, "messages": [{"role": "user", "content": "hello"}]},
            headers={"authorization": f"Bearer {key or self.key}", **headers},
            timeout=30,
        )
