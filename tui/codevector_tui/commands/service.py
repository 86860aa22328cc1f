"""``codevector service``: have systemd run the daemon for this user."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import msgspec

from codevector_tui.commands import changes, launch, output, talk, units
from codevector_tui.commands.frame import Fault, Group, wants_json

_WITHOUT = "codevector up starts the daemon without it"
_LIMIT_S = 90


class ServiceStatus(msgspec.Struct, frozen=True):
    """What ``service status --json`` prints; what systemd alone knows is null where it is not running."""

    installed: bool
    unit: str | None
    systemd: bool
    enabled: bool | None
    state: str | None


@click.group(cls=Group)
def service() -> None:
    """Have systemd run the daemon for you, from log-in on."""
    if sys.platform == "darwin":
        raise Fault("a launchd service for macOS is not built yet", _WITHOUT)


@service.command()
@click.option("--no-start", is_flag=True, help="Only write the unit; run no systemctl.")
def install(*, no_start: bool) -> None:
    """Write the user unit, enable it and start it."""
    if not no_start:
        _require_systemd()
        running = talk.status_or_none()
        if running is not None and not _is_active():
            raise Fault(f"a daemon runs already (pid {running.pid})", "stop it first with codevector down")
    path = _unit_path()
    if path.exists() and not units.is_ours(path.read_text(encoding="utf-8", errors="replace")):
        raise Fault(f"{path} was not written by this command", "move it away first")
    path.parent.mkdir(parents=True, exist_ok=True)
    changes.replace(path, units.user_unit(launch.program("codevectord"), os.environ).encode())
    output.note(f"wrote {path}")
    commands = [("daemon-reload",), ("enable", units.UNIT), ("restart", units.UNIT)]
    if no_start:
        output.note("then run:")
    for command in commands:
        output.note(f"  {' '.join(_systemctl(*command))}")
        if not no_start:
            _run(*command)
    output.note("  loginctl enable-linger  (yours to run, if it shall keep running after you log out)")
    _show()


@service.command()
def uninstall() -> None:
    """Stop the service and remove its unit; data and settings stay."""
    path = _unit_path()
    if not path.exists():
        output.note("no service is installed")
    else:
        if _systemd_runs():
            _say_and_run("disable", "--now", units.UNIT)
        path.unlink()
        output.note(f"removed {path}")
        if _systemd_runs():
            _say_and_run("daemon-reload")
    _show()


@service.command()
def status() -> None:
    """Say whether the service is installed, enabled and running."""
    _show()


def _show() -> None:
    path, runs = _unit_path(), _systemd_runs()
    installed = path.exists()
    found = ServiceStatus(
        installed=installed,
        unit=str(path) if installed else None,
        systemd=runs,
        enabled=_ask("is-enabled") == "enabled" if runs else None,
        state=_ask("is-active") if runs else None,
    )
    if wants_json():
        output.emit(found)
        return
    output.facts(
        [
            ("Unit", found.unit or "not installed; codevector service install writes it"),
            ("systemd", "running" if runs else f"not running for this user; {_WITHOUT}"),
            ("Enabled", {True: "yes", False: "no", None: "unknown"}[found.enabled]),
            ("State", found.state or "unknown"),
        ]
    )


def _unit_path() -> Path:
    return units.user_folder(os.environ) / units.UNIT


def _systemctl(*arguments: str) -> list[str]:
    return ["systemctl", "--user", *arguments]


def _systemd_runs() -> bool:
    return shutil.which("systemctl") is not None and _call("show", "--property=Version").returncode == 0


def _require_systemd() -> None:
    if not _systemd_runs():
        raise Fault("systemd is not running for this user", f"{_WITHOUT}; --no-start only writes the unit")


def _is_active() -> bool:
    return _ask("is-active") == "active"


def _ask(question: str) -> str:
    return _call(question, units.UNIT).stdout.strip() or "unknown"


def _say_and_run(*arguments: str) -> None:
    output.note(f"  {' '.join(_systemctl(*arguments))}")
    _run(*arguments)


def _run(*arguments: str) -> None:
    done = _call(*arguments)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = said[0] if said else f"exit status {done.returncode}"
        raise Fault(f"{' '.join(_systemctl(*arguments))}: {reason}", f"journalctl --user -u {units.UNIT} says more")


def _call(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = _systemctl(*arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)  # noqa: S603 — a fixed command
