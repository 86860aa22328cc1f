"""The ``codevector`` command."""

import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper

import click

from codevector_tui.commands import frame

_HERE = "codevector_tui.commands"
_MODULES = {
    "up": "up",
    "down": "daemon",
    "status": "daemon",
    "providers": "providers",
    "models": "models",
    "keys": "keys",
    "users": "users",
    "usage": "usage",
    "requests": "requests",
    "leaderboard": "leaderboard",
    "doctor": "doctor",
    "reconcile": "reconcile",
    "settings": "settings",
    "connect": "connect",
    "init": "init",
    "backup": "backup",
    "export": "export",
    "service": "service",
}


@click.command(
    cls=frame.LazyGroup,
    modules={name: f"{_HERE}.{module}" for name, module in _MODULES.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("codevector"), prog_name="codevector")
def codevector() -> None:
    """Run, look into and administer your gateway for AI coding tools."""


def main() -> None:
    """Run one command and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 is no reason to fail
    code = run(sys.argv[1:])
    _let_go_of_output()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code: 0 done, 1 failed, 2 wrong usage."""
    debug = "--debug" in arguments
    try:
        # What a command exits with comes back as its value here; commands return nothing else.
        code = codevector.main(arguments, prog_name="codevector", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except SystemExit:  # click's own answer to a reader of a pipe who has left
        return 0
    except (click.Abort, KeyboardInterrupt):
        return frame.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return frame.WRONG_USAGE
    except click.ClickException as error:
        return _failed(error, debug=debug)
    except Exception as error:  # noqa: BLE001 — the edge of the process: told in one line, in full with --debug
        return _broken(error, debug=debug)
    return code if isinstance(code, int) else 0


def _let_go_of_output() -> None:
    """Forget what could not be printed, which was told: else Python tries once more at its end, and tells it again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _failed(error: click.ClickException, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    message, command = error.format_message(), "codevector"
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else command
        message = f"{message.rstrip('.')}; see {command} --help"
    click.echo(frame.complaint(command, message), err=True)
    return error.exit_code


def _broken(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        message = f"{where}{error.strerror}"
    else:
        message = f"unexpected {type(error).__name__}: {error}; run it again with --debug to see where"
    click.echo(frame.complaint("codevector", message), err=True)
    return frame.FAILED
