"""What every command shares: ``--json`` and ``--debug``, and failures told in one line with the right exit code."""

import importlib
from typing import Any

import click

from codevector_shared.formats import clean
from codevector_tui.commands.examples import EXAMPLES

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
_JSON = "codevector.json"
_LINE_LIMIT = 600


class Fault(click.ClickException):
    """A command cannot do what was asked: one line that says what and what to do. Exit code 1."""

    exit_code = FAILED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message.rstrip('.')}; {_continued(hint)}" if hint else message)


class Exemplified(click.Command):
    """A command whose help ends with examples."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them as they are typed, never folded."""
        found = EXAMPLES.get(ctx.command_path.partition(" ")[2], ())
        if found:
            with formatter.section("Examples" if len(found) > 1 else "Example"):
                formatter.write("".join(f"  codevector {one}".rstrip() + "\n" for one in found))


class Command(Exemplified):
    """A command with the two options that all of them take."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 — click's own signature
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--json"], is_flag=True, expose_value=False, callback=_remember, help="Print one JSON document."
            )
        )
        self.params.append(
            click.Option(["--debug"], is_flag=True, expose_value=False, help="Show where a failure came from.")
        )


class Group(Exemplified, click.Group):
    """Commands of one subject."""

    command_class = Command
    group_class = type


class CommandGroup(Command, Group):
    """A command that does something by itself, and has commands of its own besides."""


class LazyGroup(Group):
    """A group whose commands are imported on first use, so that none pays for the others."""

    def __init__(self, *args: Any, modules: dict[str, str], **kwargs: Any) -> None:  # noqa: ANN401 — click's own signature
        super().__init__(*args, **kwargs)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they were given."""
        del ctx
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module, which holds it under its own name with underscores."""
        del ctx
        module = self._modules.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(importlib.import_module(module), cmd_name.replace("-", "_"))
        return found


def wants_json() -> bool:
    """Tell whether the running command was asked for JSON."""
    return bool(click.get_current_context().find_root().meta.get(_JSON))


def complaint(command: str, message: str) -> str:
    """Return the one line for standard error."""
    return f"{command}: {clean(' '.join(message.split()), _LINE_LIMIT)}"


def _continued(hint: str) -> str:
    """Return a sentence as the second half of another."""
    begins_a_sentence = hint[:1].isupper() and hint[1:2].islower()
    return (hint[0].lower() + hint[1:] if begins_a_sentence else hint).rstrip(".")


def _remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 — click's own signature
    if value:
        ctx.find_root().meta[_JSON] = True
