import subprocess
from pathlib import Path

import pytest

from support.command import CommandLine


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "lighthouse"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


@pytest.fixture
def codevector(home: Path) -> CommandLine:
    return CommandLine(home)
