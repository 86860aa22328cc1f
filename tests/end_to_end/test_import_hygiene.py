"""Which modules a program loads, seen in a fresh process: the daemon and the commands never load the terminal's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.daemon import PROGRAMS, Daemon, environment, temporary_home
from support.desk import Desk

IMPORTED = re.compile(r"^import time:.*\|\s+([\w.]+)$", re.MULTILINE)
TERMINAL = {"textual", "plotext"}
HEAVY = {"alembic", "genai_prices", "tiktoken"}
"""What a daemon needs only now and then, and loads only then (design, section 4)."""


def packages(import_log: str) -> set[str]:
    """Return the top-level packages in what ``-X importtime`` printed."""
    found = {name.split(".")[0] for name in IMPORTED.findall(import_log)}
    assert "os" in found or "encodings" in found, "no imports were logged"
    return found


def modules_after(statement: str) -> set[str]:
    """Return the top-level packages loaded after a statement in a fresh process."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement], text=True, capture_output=True, timeout=60, check=True
    )
    return packages(ended.stderr)


def run_logged(program: str, *arguments: str, home: Path) -> tuple[int, set[str]]:
    """Run one of our programs and return its exit status with the packages it loaded."""
    env = {**os.environ, **environment(home), "PYTHONPROFILEIMPORTTIME": "1"}
    ended = subprocess.run(
        [PROGRAMS / program, *arguments], env=env, text=True, capture_output=True, timeout=60, check=False
    )
    return ended.returncode, packages(ended.stderr)


def test_codevector_status_loads_neither_textual_nor_the_daemon(desk: Desk) -> None:
    status, loaded = run_logged("codevector", "status", "--json", home=desk.daemon.home)
    assert status == 0
    assert loaded.isdisjoint(TERMINAL | {"codevector_daemon", "sqlalchemy", "quart", "hypercorn"})


@pytest.mark.parametrize("arguments", [("--help",), ("usage", "--help"), ("providers", "list")])
def test_no_command_loads_textual(desk: Desk, arguments: tuple[str, ...]) -> None:
    status, loaded = run_logged("codevector", *arguments, home=desk.daemon.home)
    assert status == 0
    assert loaded.isdisjoint(TERMINAL | {"codevector_daemon"})


def test_a_running_daemon_never_loads_the_terminal_nor_what_it_does_not_need() -> None:
    with temporary_home() as home, Daemon(home, {"PYTHONPROFILEIMPORTTIME": "1"}) as daemon:
        daemon.stop()
        assert packages(daemon.output).isdisjoint(TERMINAL | {"codevector_tui", "rich"})
        daemon.start()
        daemon.stop()
        second_start = daemon.output.rpartition("import time: self [us]")[2]
        assert packages(second_start).isdisjoint(HEAVY)


def test_checking_the_settings_is_light() -> None:
    with temporary_home() as home:
        status, loaded = run_logged("codevectord", "--check", home=home)
    assert status == 0
    assert loaded.isdisjoint(TERMINAL | HEAVY | {"codevector_tui", "quart", "sqlalchemy"})


@pytest.mark.parametrize("module", ["codevector_tui.main", "codevector_tui.app"])
def test_the_monitor_never_loads_the_daemon(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert "textual" in loaded or module.endswith(".main")
    assert loaded.isdisjoint({"codevector_daemon", "sqlalchemy", "quart", "hypercorn"})


def test_what_both_sides_share_loads_neither() -> None:
    loaded = modules_after("import codevector_shared.protocol, codevector_shared.client, codevector_shared.formats")
    assert loaded.isdisjoint(TERMINAL | {"codevector_daemon", "codevector_tui", "quart", "sqlalchemy"})
