"""The tools, each in a folder of its own below the cache, installed once from its registry by its package's name."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

INSTALL_LIMIT_S = 900
NODE = "node@24"
"""Newer than what many machines have, and than what some tools ask for: it comes as a package like the tools."""


class NotInstalledError(Exception):
    """A tool cannot be installed here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Package:
    """One tool as its registry has it; the first of ``names`` is the one whose version counts."""

    client: str
    registry: Literal["npm", "pypi"]
    names: tuple[str, ...]
    program: str
    older: str = ""
    """What to install where the newest version does not."""

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return cache() / self.client

    @property
    def installed(self) -> Path:
        """The program; of a library, its folder."""
        below = "bin" if self.registry == "pypi" else "node_modules/.bin" if self.program else "node_modules"
        return self.folder / below / self.program

    @property
    def is_installed(self) -> bool:
        """Whether the tool is there, with all that it was asked for with."""
        parts = [self.folder / "node_modules" / name for name in self.names] if self.registry == "npm" else []
        return all(path.exists() for path in (self.installed, *parts))

    @property
    def version(self) -> str:
        """The installed version."""
        if self.registry == "npm":
            manifest = self.folder / "node_modules" / self.names[0] / "package.json"
            return str(json.loads(manifest.read_text())["version"])
        code = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
        return _run([str(self.folder / "bin/python"), "-c", code, self.names[0]]).strip()


PACKAGES: Mapping[str, Package] = {
    package.client: package
    for package in (
        Package("claude-code", "npm", ("@anthropic-ai/claude-code",), "claude"),
        Package("codex", "npm", ("@openai/codex",), "codex"),
        Package("opencode", "npm", ("opencode-ai",), "opencode"),
        Package("pi", "npm", ("@earendil-works/pi-coding-agent",), "pi", "@earendil-works/pi-coding-agent@<0.99"),
        Package("gemini-cli", "npm", ("@google/gemini-cli",), "gemini"),
        Package("qwen-code", "npm", ("@qwen-code/qwen-code",), "qwen"),
        Package("continue", "npm", ("@continuedev/cli",), "cn"),
        Package("goose", "npm", ("@aaif/goose",), "goose"),
        Package("cline", "npm", ("cline",), "cline"),
        Package(
            "vercel-ai-sdk",
            "npm",
            ("ai", "zod", *(f"@ai-sdk/{part}" for part in ("openai-compatible", "openai", "anthropic", "google"))),
            "",
        ),
        Package("langchain", "pypi", ("langchain-openai", "langchain-anthropic"), "python"),
        Package("aider", "pypi", ("aider-chat",), "aider"),
        Package("llm", "pypi", ("llm", "llm-anthropic", "llm-gemini"), "llm"),
    )
}


def cache() -> Path:
    """Return the folder of all installed tools."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "codevector-clients"


def node_folder() -> Path:
    """Return the folder of the Node that the tools run on."""
    return cache() / "node" / "node_modules/node/bin"


def install(package: Package, *, newest: bool = False) -> None:
    """Install a tool where it is missing, or again where the newest is wanted; NotInstalledError with the reason."""
    if package.is_installed and not newest:
        return
    if package.registry == "npm":
        _install_node()
        _install_with_npm(package)
    else:
        _pip(package)
    if not package.is_installed:
        raise NotInstalledError(f"{package.names[0]} was installed without a program named {package.program}")


def _install_node() -> None:
    if not (node_folder() / "node").exists():
        _npm(cache() / "node", NODE)


def _install_with_npm(package: Package) -> None:
    try:
        _npm(package.folder, *package.names)
    except NotInstalledError:
        if not package.older:
            raise
        _npm(package.folder, package.older)


def _npm(folder: Path, *names: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalledError("npm is not on this machine")
    folder.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(node_folder()), os.environ["PATH"]])
    _run([npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder), *names], path)


def _pip(package: Package) -> None:
    _run([sys.executable, "-m", "venv", str(package.folder)])
    _run([str(package.folder / "bin/python"), "-m", "pip", "install", "--quiet", "--upgrade", *package.names])


def _run(command: list[str], path: str | None = None) -> str:
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    try:
        ended = subprocess.run(
            command, env=environment, text=True, capture_output=True, timeout=INSTALL_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"{command[0]} took longer than {INSTALL_LIMIT_S} s") from error
    if ended.returncode:
        raise NotInstalledError((ended.stderr.strip() or ended.stdout.strip())[-500:])
    return ended.stdout
