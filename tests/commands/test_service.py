import json
import sys
from pathlib import Path

import pytest

from support.command import SCRIPTS, CommandLine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$HOME/calls"
case "$2" in
  is-enabled) [ -e "$HOME/enabled" ] && echo enabled || { echo disabled; exit 1; } ;;
  is-active) [ -e "$HOME/active" ] && echo active || { echo inactive; exit 3; } ;;
  enable) touch "$HOME/enabled" ;;
  restart)
    [ -e "$HOME/broken" ] && { echo "Job for codevector.service failed." >&2; exit 1; }
    touch "$HOME/active" ;;
  disable) rm -f "$HOME/enabled" "$HOME/active" ;;
esac
"""


@pytest.fixture
def systemd(home: Path, codevector: CommandLine) -> Path:
    """Put a systemctl on the path that keeps its state in files."""
    program = home / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    codevector.environment["PATH"] = f"{program.parent}:/usr/bin:/bin"
    return home


def unit(home: Path) -> Path:
    return home / ".config" / "systemd" / "user" / "codevector.service"


def test_install_writes_the_unit_and_says_what_it_runs(systemd: Path, codevector: CommandLine) -> None:
    done = codevector("service", "install", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {
        "installed": True,
        "unit": str(unit(systemd)),
        "systemd": True,
        "enabled": True,
        "state": "active",
    }
    text = unit(systemd).read_text()
    assert f"ExecStart={SCRIPTS / 'codevectord'}\n" in text
    assert f"Environment=CODEVECTOR_HOME={systemd / 'cv'}\n" in text
    for command in ("daemon-reload", "enable codevector.service", "restart codevector.service"):
        assert f"systemctl --user {command}" in done.stderr
        assert f"--user {command}\n" in (systemd / "calls").read_text()


def test_a_second_install_changes_nothing_and_uninstall_leaves_nothing(systemd: Path, codevector: CommandLine) -> None:
    codevector("service", "install")
    before = unit(systemd).read_bytes()
    assert codevector("service", "install").returncode == 0
    assert unit(systemd).read_bytes() == before
    done = codevector("service", "uninstall", "--json")
    assert json.loads(done.stdout)["installed"] is False
    assert "--user disable --now codevector.service\n" in (systemd / "calls").read_text()
    assert not unit(systemd).exists()
    assert codevector("service", "uninstall").returncode == 0


def test_a_unit_of_another_hand_is_left_alone(systemd: Path, codevector: CommandLine) -> None:
    unit(systemd).parent.mkdir(parents=True)
    unit(systemd).write_text("[Service]\nExecStart=/opt/own\n")
    refused = codevector("service", "install")
    assert refused.returncode == 1
    assert "was not written by this command" in refused.stderr
    assert unit(systemd).read_text() == "[Service]\nExecStart=/opt/own\n"


def test_what_systemctl_refuses_is_told_in_its_words(systemd: Path, codevector: CommandLine) -> None:
    (systemd / "broken").touch()
    refused = codevector("service", "install")
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert last.startswith(
        "codevector: systemctl --user restart codevector.service: Job for codevector.service failed; "
    )


def test_without_systemd_nothing_is_written_unless_only_the_unit_is_wanted(home: Path, codevector: CommandLine) -> None:
    codevector.environment["PATH"] = "/nowhere"
    refused = codevector("service", "install")
    assert refused.returncode == 1
    assert "systemd is not running for this user; codevector up starts the daemon without it" in refused.stderr
    assert not unit(home).exists()
    found = json.loads(codevector("service", "status", "--json").stdout)
    assert found == {"installed": False, "unit": None, "systemd": False, "enabled": None, "state": None}
    assert codevector("service", "install", "--no-start").returncode == 0
    assert unit(home).exists()
    assert codevector("service", "uninstall").returncode == 0
    assert not unit(home).exists()
