"""Reading what must never be an argument: everyone on a machine can see the arguments of a command."""

import os
import sys
from pathlib import Path

import click


def credential(variable: str | None, file: str | None, *, stdin: bool) -> str | None:
    """Read a credential from the one place that was named; the newline at its end is not part of it."""
    if sum((variable is not None, file is not None, stdin)) > 1:
        raise click.UsageError("give one of --credential-env, --credential-file and --credential-stdin")
    if variable is not None:
        return from_environment(variable)
    if file is not None:
        try:
            return _given(Path(file).read_text(encoding="utf-8"), f"{file} is empty")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{file} cannot be read: {getattr(error, 'strerror', 'it is not text')}") from error
    return _given(sys.stdin.read(), "nothing came on standard input") if stdin else None


def from_environment(variable: str) -> str:
    """Read a secret from an environment variable."""
    return _given(os.environ.get(variable, ""), f"the environment variable {variable} is not set")


def _given(text: str, missing: str) -> str:
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise click.UsageError(missing)
    return secret
