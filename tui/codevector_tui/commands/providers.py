"""``codevector providers``: the upstream services."""

import os
import sys
from pathlib import Path

import click
import msgspec

from codevector_shared.formats import UNKNOWN, clean, duration, whole
from codevector_shared.protocol import Provider, ProviderCreate, ProviderPatch
from codevector_tui.commands import output, talk
from codevector_tui.commands.frame import Fault, Group, wants_json
from codevector_tui.commands.output import Column

_COLUMNS = (Column("Name"), Column("Kind"), Column("Base URL"), Column("Dialects"), Column("Key"), Column("State"))


class Removed(msgspec.Struct, frozen=True):
    """What ``remove --json`` prints."""

    removed: str


@click.group(cls=Group)
def providers() -> None:
    """Administer upstream services."""


@providers.command()
@click.argument("name")
@click.option("--kind", required=True, help="openai, anthropic, google, openrouter, deepseek, custom or sandbox.")
@click.option("--base-url", metavar="URL", help="As the vendor's SDK has it, with the version path where it has one.")
@click.option("--dialect", "dialects", multiple=True, help="What a custom service speaks; repeatable.")
@click.option("--credential-env", metavar="VAR", help="Read its key from this environment variable.")
@click.option("--credential-file", metavar="FILE", help="Read its key from this file.")
@click.option("--credential-stdin", is_flag=True, help="Read its key from standard input.")
def add(
    *,
    name: str,
    kind: str,
    base_url: str | None,
    dialects: tuple[str, ...],
    credential_env: str | None,
    credential_file: str | None,
    credential_stdin: bool,
) -> None:
    """Add a service. Its key is read once, now, and kept encrypted."""
    order = ProviderCreate(
        name=name,
        kind=kind,
        base_url=base_url,
        dialects=list(dialects) or None,
        credential=credential(credential_env, credential_file, stdin=credential_stdin),
    )
    made = talk.administer(lambda control: control.create_provider(order))
    _show(made, f"Added {made.name} ({made.kind}, {made.base_url}). Next: codevector models import {made.name}")


@providers.command("list")
def list_providers() -> None:
    """Show all services."""
    found = talk.administer(lambda control: control.providers())
    if wants_json():
        output.emit(found)
        return
    empty = "No provider yet: codevector providers add NAME --kind KIND --credential-env VAR adds one."
    output.table(_COLUMNS, [row(provider) for provider in found.providers], empty=empty)


@providers.command()
@click.argument("name")
def test(*, name: str) -> None:
    """Make one real, cheap call to a service."""
    found = talk.administer(lambda control: control.test_provider(name))
    if wants_json():
        output.emit(found)
    elif found.ok:
        models = f", {whole(found.models)} models" if found.models is not None else ""
        output.say(f"{name} works: {duration(found.latency_ms)}{models}.")
    if not found.ok:
        raise Fault(f"{name}: {found.message}")


@providers.command()
@click.argument("name")
def disable(*, name: str) -> None:
    """Stop sending calls to a service."""
    _patch(name, enabled=False)


@providers.command()
@click.argument("name")
def enable(*, name: str) -> None:
    """Send calls to a service again."""
    _patch(name, enabled=True)


@providers.command()
@click.argument("name")
def remove(*, name: str) -> None:
    """Forget a service and its key."""
    talk.administer(lambda control: control.remove_provider(name))
    if wants_json():
        output.emit(Removed(name))
    else:
        output.say(f"Removed {name}.")


def credential(variable: str | None, file: str | None, *, stdin: bool) -> str | None:
    """Read a credential from the one place that was named; the newline at its end is not part of it."""
    if sum((variable is not None, file is not None, stdin)) > 1:
        raise click.UsageError("give one of --credential-env, --credential-file and --credential-stdin")
    if variable is not None:
        return _given(os.environ.get(variable, ""), f"the environment variable {variable} is not set")
    if file is not None:
        try:
            return _given(Path(file).read_text(encoding="utf-8"), f"{file} is empty")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{file} cannot be read: {getattr(error, 'strerror', 'it is not text')}") from error
    return _given(sys.stdin.read(), "nothing came on standard input") if stdin else None


def row(provider: Provider) -> tuple[str, ...]:
    """Return a provider as cells of the table."""
    return (
        provider.name,
        provider.kind,
        provider.base_url,
        ", ".join(provider.dialects),
        "stored" if provider.has_credential else UNKNOWN,
        "enabled" if provider.enabled else "disabled",
    )


def _given(text: str, missing: str) -> str:
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise click.UsageError(missing)
    return secret


def _patch(name: str, *, enabled: bool) -> None:
    found = talk.administer(lambda control: control.patch_provider(name, ProviderPatch(enabled=enabled)))
    _show(found, f"{found.name} is {'enabled' if found.enabled else 'disabled'}.")


def _show(provider: Provider, text: str) -> None:
    if wants_json():
        output.emit(provider)
    else:
        output.say(clean(text))
