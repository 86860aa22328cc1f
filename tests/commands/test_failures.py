import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import SCRIPTS, CommandLine


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("providers", "list"),
        ("models", "list"),
        ("keys", "create"),
        ("users", "list"),
        ("usage",),
        ("requests",),
        ("requests", "--follow"),
        ("leaderboard",),
        ("connect", "curl"),
    ],
)
@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_without_a_daemon_a_command_fails_with_one_line_that_says_what_to_do(
    codevector: CommandLine, arguments: tuple[str, ...], extra: tuple[str, ...]
) -> None:
    failed = codevector(*arguments, *extra)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert len(failed.stderr.splitlines()) == 1
    assert "no daemon is running" in failed.stderr
    assert "codevector up" in failed.stderr


def test_down_is_done_when_nothing_runs(codevector: CommandLine) -> None:
    done = codevector("down", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"stopped": False, "pid": None})


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("status", "--nonsense"),
        ("providers", "add"),
        ("providers", "add", "x", "--kind", "openai", "--credential", "sk-very-secret"),
        ("providers", "add", "x", "--kind", "openai", "--credential-env", "NOT_SET"),
        ("providers", "add", "x", "--kind", "openai", "--credential-file", "/nowhere/at/all"),
        ("providers", "add", "x", "--kind", "openai", "--credential-stdin"),
        ("providers", "add", "x", "--kind", "openai", "--credential-stdin", "--credential-env", "HOME"),
        ("models", "add", "x", "--backend", "no-slash"),
        ("models", "add", "x", "--backend", "a/b", "--input-price", "1"),
        ("models", "set", "x"),
        ("users", "set", "x"),
        ("usage", "--period", "8d"),
        ("usage", "--from", "2026-02-30"),
        ("usage", "--to", "2026-02-03"),
        ("usage", "--from", "2026-02-03", "--to", "2026-02-01"),
        ("usage", "--period", "7d", "--from", "2026-02-03"),
        ("usage", "--user", "ana", "--everyone"),
        ("usage", "--by", "colour"),
        ("requests", "--last", "0"),
        ("requests", "--last", "-3"),
        ("requests", "--follow", "--state", "open"),
        ("leaderboard", "--metric", "fame"),
        ("connect", "emacs"),
    ],
)
def test_wrong_usage_is_told_in_one_line_with_exit_code_2(codevector: CommandLine, arguments: tuple[str, ...]) -> None:
    failed = codevector(*arguments)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert len(failed.stderr.splitlines()) == 1
    assert "--help" in failed.stderr
    assert "very-secret" not in failed.stderr


@pytest.mark.parametrize("arguments", [("status",), ("keys", "list"), ("providers", "list"), ("down",), ("up",)])
def test_administration_over_an_address_is_told_to_be_on_the_socket(
    codevector: CommandLine, arguments: tuple[str, ...]
) -> None:
    failed = codevector(*arguments, env={"CODEVECTOR_URL": "http://127.0.0.1:9", "CODEVECTOR_KEY": "cv_x"})
    assert failed.returncode == 1
    assert "administration is on the daemon's own socket" in failed.stderr


def test_an_address_without_a_key_says_so(codevector: CommandLine) -> None:
    failed = codevector("usage", env={"CODEVECTOR_URL": "http://127.0.0.1:9"})
    assert failed.returncode == 1
    assert "CODEVECTOR_KEY" in failed.stderr


def test_a_stack_trace_is_shown_with_debug_only(codevector: CommandLine) -> None:
    assert "Traceback" not in codevector("status").stderr
    assert "Traceback" in codevector("status", "--debug").stderr


def test_help_and_version_are_no_failures(codevector: CommandLine) -> None:
    assert codevector("--version").stdout.startswith("codevector, version ")
    shown = codevector("--help")
    assert shown.returncode == 0
    for name in ("up", "down", "status", "providers", "connect", "init", "service"):
        assert f"\n  {name} " in shown.stdout


@pytest.mark.parametrize("arguments", ["connect codex --url http://127.0.0.1:1 --debug", "--help", "usage --help"])
def test_a_reader_that_leaves_early_is_no_failure(codevector: CommandLine, arguments: str) -> None:
    command = f"'{SCRIPTS / 'codevector'}' {arguments} | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=codevector.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "Exception ignored" not in done.stderr


def test_the_command_never_imports_textual_nor_the_daemon(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from codevector_tui.commands.main import run\n"
        "for words in ([], ['status'], ['keys', 'list'], ['connect', 'curl'], ['service', 'status']):\n"
        "    run(words)\n"
        "bad = [name for name in sys.modules if name.split('.')[0] in ('textual', 'codevector_daemon', 'sqlalchemy')]\n"
        "sys.exit(f'imported {bad}' if bad else 0)\n"
    )
    environment = {"CODEVECTOR_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
