import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path

import pytest

from codevector_tui.commands import units

SYSTEMD = Path(__file__).parents[2] / "systemd"

needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def verify(files: list[Path], manager: str, runtime: Path) -> str:
    command = ["systemd-analyze", f"--{manager}", "verify", *map(str, files)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr + (f"exit status {done.returncode}" if done.returncode else "")


def section(text: str, name: str) -> Mapping[str, str]:
    parser = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # directives keep their capitals
    parser.read_string(text)
    return parser[name]


@pytest.mark.parametrize("manager", ["user", "system"])
@pytest.mark.systemd
@needs_analyze
def test_systemd_finds_nothing_wrong_with_the_shipped_units(manager: str, tmp_path: Path) -> None:
    assert verify(sorted((SYSTEMD / manager).iterdir()), manager, tmp_path) == ""


@pytest.mark.systemd
@needs_analyze
def test_systemd_finds_nothing_wrong_with_an_installed_user_unit(tmp_path: Path) -> None:
    program = tmp_path / "100% mine" / "codevectord"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    unit = tmp_path / units.UNIT
    unit.write_text(units.user_unit(program, {"CODEVECTOR_HOME": str(tmp_path / "a home"), "CODEVECTOR_KEY": "cv_x"}))
    assert verify([unit], "user", tmp_path) == ""


@pytest.mark.systemd
@needs_analyze
def test_systemd_rates_the_system_service_as_hardened(tmp_path: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20"]
    done = subprocess.run(
        [*command, str(SYSTEMD / "system" / "codevector.service")],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_the_daemon_tells_the_sockets_apart_by_the_names_the_units_give() -> None:
    system = SYSTEMD / "system"
    assert section((system / "codevector.socket").read_text(), "Socket")["FileDescriptorName"] == "gateway"
    control = section((system / "codevector-control.socket").read_text(), "Socket")
    assert (control["FileDescriptorName"], control["SocketMode"]) == ("control", "0660")


@pytest.mark.parametrize("manager", ["user", "system"])
def test_both_services_wait_for_readiness_and_watch_the_daemon(manager: str) -> None:
    service = section((SYSTEMD / manager / units.UNIT).read_text(), "Service")
    assert (service["Type"], service["WatchdogSec"]) == ("notify", "30")


def test_an_installed_unit_starts_this_program_on_the_places_of_the_environment() -> None:
    environ = {"CODEVECTOR_HOME": "/srv/my home", "CODEVECTOR_SOCKET": "/run/cv.sock", "CODEVECTOR_KEY": "cv_secret"}
    text = units.user_unit(Path("/opt/100%/$venv/bin/codevectord"), environ)
    assert "ExecStart=/opt/100%%/$$venv/bin/codevectord\n" in text
    assert 'Environment="CODEVECTOR_HOME=/srv/my home"\n' in text
    assert "Environment=CODEVECTOR_SOCKET=/run/cv.sock\n" in text
    assert "cv_secret" not in text
    assert units.is_ours(text)


@pytest.mark.systemd
@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed")
@pytest.mark.skipif(os.getuid() != 0, reason="only root may make users and give folders away")
def test_the_system_user_and_folders_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for tool, file, options in (("sysusers", "sysusers.d", []), ("tmpfiles", "tmpfiles.d", ["--create"])):
        text = (SYSTEMD / file / "codevector.conf").read_text()
        command = [f"systemd-{tool}", f"--root={tmp_path}", *options, "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "codevector").stat().st_mode & 0o777 == 0o750
    assert "codevector" in (tmp_path / "etc" / "passwd").read_text()
