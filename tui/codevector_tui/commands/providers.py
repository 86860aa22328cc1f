"""``codevector providers``: the upstream services."""

from typing import Any, Final

import click
import msgspec
from msgspec import UNSET

from codevector_shared.formats import UNKNOWN, clean, duration, whole
from codevector_shared.protocol import Provider, ProviderCreate, ProviderPatch
from codevector_tui.commands import output, talk, times
from codevector_tui.commands.frame import Fault, Group, wants_json
from codevector_tui.commands.output import Column
from codevector_tui.commands.provider_options import KINDS, Described, described, provider_options
from codevector_tui.viewmodel import health

_COLUMNS = (
    Column("Name"),
    Column("Kind"),
    Column("Base URL", spare=2),
    Column("Dialects", spare=3),
    Column("Credential", whole=True, spare=1),
    Column("Status"),
)
_UNSETTABLE: Final = (
    "base-url",
    "dialects",
    "credential",
    "organisation",
    "project",
    "region",
    "api-version",
    "proxy",
    "ca-file",
)


@click.group(cls=Group)
def providers() -> None:
    """Administer providers: the upstream services that models are called at."""


@providers.command()
@click.argument("name")
@click.option("--kind", required=True, help=f"One of {', '.join(KINDS)}.")
@provider_options
def add(*, name: str, kind: str, **options: Any) -> None:  # noqa: ANN401 — what click read
    """Add a provider. Its credential is read once, now, and kept encrypted."""
    given = {field: value for field, value in msgspec.structs.asdict(described(options)).items() if value is not None}
    order = ProviderCreate(name=name, kind=kind, **given)
    made = talk.administer(lambda control: control.create_provider(order))
    _show(made, f"Added {made.name} ({made.kind}, {made.base_url}). Next: codevector models import {made.name}")


@providers.command("list")
def list_providers() -> None:
    """Show all providers."""
    found = talk.administer(lambda control: control.providers())
    if wants_json():
        output.emit(found)
        return
    empty = "No provider yet: codevector providers add NAME --kind KIND --credential-env VAR adds one."
    output.table(_COLUMNS, [row(provider) for provider in found.providers], empty=empty)


@providers.command()
@click.argument("name")
def show(*, name: str) -> None:
    """Show one provider and the models that it backs."""
    found = talk.administer(lambda control: control.provider(name))
    if wants_json():
        output.emit(found)
    else:
        output.facts(facts(found))


@providers.command("set")
@click.argument("name")
@provider_options
@click.option("--no-header", "dropped", multiple=True, metavar="NAME", help="Send this header no more; repeatable.")
@click.option(
    "--unset",
    "unset",
    multiple=True,
    type=click.Choice(_UNSETTABLE),
    metavar="SETTING",
    help=f"Take a setting away: {', '.join(_UNSETTABLE)}; repeatable.",
)
def set_provider(*, name: str, dropped: tuple[str, ...], unset: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 — what click read
    """Change a provider, or replace its credential; what is not given stays."""
    patch = changes(described(options), dropped, unset)
    if patch == ProviderPatch():
        raise click.UsageError("nothing to change was given")
    _patch(name, patch, "Changed {}.")


@providers.command()
@click.argument("name")
def test(*, name: str) -> None:
    """Make one real, cheap call to a provider."""
    found = talk.administer(lambda control: control.test_provider(name))
    if wants_json():
        output.emit(found)
    elif found.ok:
        models = f", {whole(found.models)} models" if found.models is not None else ""
        output.say(f"{clean(found.message)}: {duration(found.latency_ms)}{models}.")
    if not found.ok:
        raise Fault(f"{name}: {found.message}")


@providers.command()
@click.argument("name")
def disable(*, name: str) -> None:
    """Stop sending calls to a provider."""
    _patch(name, ProviderPatch(enabled=False), "{} is disabled.")


@providers.command()
@click.argument("name")
def enable(*, name: str) -> None:
    """Send calls to a provider again."""
    _patch(name, ProviderPatch(enabled=True), "{} is enabled.")


@providers.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Also where models lose their last backend.")
def remove(*, name: str, force: bool) -> None:
    """Forget a provider and its credential, and say which models lose a backend."""
    done = talk.administer(lambda control: control.remove_provider(name, force=force))
    if wants_json():
        output.emit(done)
        return
    output.say(f"Removed {clean(name)}.")
    if done.lost_a_backend:
        output.say(f"Fewer backends: {clean(', '.join(done.lost_a_backend))}.")
    if done.lost_their_last:
        output.say(f"No backend any more: {clean(', '.join(done.lost_their_last))}.")


def changes(given: Described, dropped: tuple[str, ...], unset: tuple[str, ...]) -> ProviderPatch:
    """Return the change that the options describe."""
    taken = {name.replace("-", "_") for name in unset}
    fields: dict[str, Any] = {
        name: None if name in taken else UNSET if value is None else value
        for name, value in msgspec.structs.asdict(given).items()
        if name != "headers"
    }
    if both := sorted(name for name in taken if getattr(given, name) is not None):
        raise click.UsageError(f"--{both[0].replace('_', '-')} is given and taken away at once")
    headers: dict[str, str | None] = {**(given.headers or {}), **dict.fromkeys(dropped)}
    return ProviderPatch(**fields, headers=headers or UNSET)


def row(provider: Provider) -> tuple[str, ...]:
    """Return a provider as cells of the table."""
    return (
        provider.name,
        provider.kind,
        provider.base_url,
        ", ".join(provider.dialects),
        _credential(provider),
        _status(provider),
    )


def facts(provider: Provider) -> list[tuple[str, str]]:
    """Return a provider as names and values; settings that are not set are left out."""
    settings = (
        ("Organisation", provider.organisation),
        ("Project", provider.project),
        ("Region", provider.region),
        ("API version", provider.api_version),
        ("Extra headers", ", ".join(provider.headers)),
        ("Proxy", provider.proxy),
        ("CA file", provider.ca_file),
        ("Own logins", "go to it" if provider.own_login else None),
    )
    return [
        ("Provider", provider.name),
        ("Kind", provider.kind),
        ("Base URL", provider.base_url),
        ("Dialects", ", ".join(provider.dialects)),
        ("Credential", _credential(provider)),
        ("Status", _status(provider)),
        *(
            ("Unwell", f"{clean(each.upstream_model, 80)}: {health.condition(each, times.now_ms())}")
            for each in provider.unwell
        ),
        *((name, value) for name, value in settings if value),
        ("Models", ", ".join(provider.models) or UNKNOWN),
    ]


def _credential(provider: Provider) -> str:
    if provider.credential_lost:
        return "unreadable"
    return "stored" if provider.has_credential else UNKNOWN


def _status(provider: Provider) -> str:
    if not provider.enabled:
        return "disabled"
    return f"enabled, {health.of_provider(provider.unwell, times.now_ms())}" if provider.unwell else "enabled"


def _patch(name: str, patch: ProviderPatch, text: str) -> None:
    found = talk.administer(lambda control: control.patch_provider(name, patch))
    _show(found, text.format(found.name))


def _show(provider: Provider, text: str) -> None:
    if wants_json():
        output.emit(provider)
    else:
        output.say(clean(text))
