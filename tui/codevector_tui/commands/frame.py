"""What every command shares: ``--json`` and ``--debug``, and failures told in one line with the right exit code."""

import importlib
from typing import Any

import click

from codevector_shared.formats import clean

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
_JSON, _DEBUG = "codevector.json", "codevector.debug"
_LINE_LIMIT = 600


class Fault(click.ClickException):
    """A command cannot do what was asked: one line that says what and what to do. Exit code 1."""

    exit_code = FAILED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)


class Command(click.Command):
    """A command with the two options that all of them take."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 — click's own signature
        super().__init__(*args, **kwargs)
        self.params.append(_flag("--json", _JSON, "Print one JSON document."))
        self.params.append(_flag("--debug", _DEBUG, "Show where a failure came from."))


class Group(click.Group):
    """Commands of one subject."""

    command_class = Command
    group_class = type


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


def _flag(name: str, key: str, help_text: str) -> click.Option:
    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 — click's own signature
        if value:
            ctx.find_root().meta[key] = True

    return click.Option([name], is_flag=True, expose_value=False, is_eager=True, callback=remember, help=help_text)


def debugging(ctx: click.Context | None) -> bool:
    """Tell whether a stack trace was asked for."""
    return ctx is not None and bool(ctx.find_root().meta.get(_DEBUG))
