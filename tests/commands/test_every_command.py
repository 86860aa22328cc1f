"""What holds of every command: its help, its examples, its JSON, and terminals of all kinds."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from codevector_tui.commands.examples import EXAMPLES
from codevector_tui.commands.main import codevector as root
from support.command import SCRIPTS, CommandLine


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walk(found, (*path, name))


COMMANDS = dict(walk(root))
EVERY = pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "codevector")


@EVERY
def test_its_help_fits_80_columns_and_explains_every_option(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(root, [*path, "--help"], prog_name="codevector", terminal_width=80)
    assert shown.exit_code == 0
    assert max(map(cell_len, shown.output.splitlines())) <= 80
    assert "Example" in shown.output
    options = [each for each in COMMANDS[path].params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []
    assert not path or isinstance(COMMANDS[path], click.Group) or {"json", "debug"} <= {each.name for each in options}


@EVERY
def test_its_examples_are_of_it_and_are_understood(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "activity.csv").write_text("")
    for example in EXAMPLES[" ".join(path)]:
        words = shlex.split(example)
        assert tuple(words[: len(path)]) == path
        understood(root, words)


def understood(command: click.Command, words: list[str]) -> None:
    """Parse a command line as click does, without running anything; click.UsageError where it is wrong."""
    context = command.make_context(command.name, list(words))
    if isinstance(command, click.Group) and context._protected_args:
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, name
        understood(found, rest)


def test_every_example_is_of_a_command() -> None:
    assert set(EXAMPLES) == {" ".join(path) for path in COMMANDS}


LOOKS = (
    "status",
    "providers list",
    "providers show sandbox",
    "providers test sandbox",
    "models list",
    "models show sandbox/quick",
    "models import sandbox --dry-run",
    "keys list",
    "users list",
    "users show Jürgen",
    "usage",
    "usage --period all --by client_app --everyone",
    "usage reprice --from 2026-01-01 --dry-run",
    "requests",
    "requests --state open",
    "leaderboard",
    "doctor --ledger",
    "doctor --prices",
    "doctor",
    "settings catalogue",
    "connect",
    "connect codex",
    "export --from 2026-01-01",
    "service status",
)
"""Commands that change nothing, in a home that the first run has set up."""


@pytest.fixture
def used(running: CommandLine) -> CommandLine:
    """Have a call in the ledger, and a name that not every terminal can show."""
    assert running.call_gateway("sandbox/quick", **{"x-project": "lighthouse"}).status_code == 200
    assert running("users", "add", "Jürgen").returncode == 0
    return running


def test_every_command_prints_one_json_object_and_nothing_that_is_empty_for_absent(used: CommandLine) -> None:
    for command in LOOKS:
        done = used(*command.split(), "--json")
        assert done.returncode in {0, 1 if command == "doctor" else 0}, (command, done.stderr)
        found = json.loads(done.stdout)
        assert isinstance(found, dict), command
        assert list(empties(found)) == [], command


def empties(value: object, place: str = "") -> Iterator[str]:
    """Yield where an empty text stands in a document."""
    if value == "":
        yield place
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from empties(part, f"{place}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from empties(part, f"{place}[]")


TERMINALS = (
    {"COLUMNS": "40", "NO_COLOR": "1", "TERM": "dumb"},
    {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"},
)


@pytest.mark.parametrize("env", TERMINALS, ids=lambda env: " ".join(f"{name}={text}" for name, text in env.items()))
def test_every_command_prints_in_every_terminal_without_a_failure(used: CommandLine, env: dict[str, str]) -> None:
    for command in LOOKS:
        done = used(*command.split(), env=env)
        assert done.returncode in {0, 1 if command == "doctor" else 0}, (command, done.stderr)
        assert "\x1b" not in done.stdout
        assert "unexpected" not in done.stderr
    names = [user["name"] for user in used.document("users", "list", "--json", env=env)["users"]]
    assert "Jürgen" in names


def test_a_reader_who_leaves_early_is_no_failure(used: CommandLine) -> None:
    for command in ("status", "models list", "usage", "requests --json", "export --from 2026-01-01", "doctor"):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            done = subprocess.run(
                [SCRIPTS / "codevector", *command.split()],
                env=used.environment,
                stdout=pipe,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode in {0, 1 if command == "doctor" else 0}, (command, done.stderr)
        assert "Traceback" not in done.stderr
        assert "Broken" not in done.stderr, command
