import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import CommandLine
from support.daemon import temporary_home


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        folder.mkdir()
        yield folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "lighthouse"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


@pytest.fixture
def codevector(home: Path) -> CommandLine:
    return CommandLine(home)


@pytest.fixture
def running(codevector: CommandLine) -> Iterator[CommandLine]:
    """Have a daemon run, set up by its first run with the sandbox."""
    up = codevector.document("up", "--json")
    codevector.gateway = up["status"]["gateway_url"]
    codevector.key = up["first_run"]["key"]["key"]
    yield codevector
    assert codevector("down").returncode == 0
