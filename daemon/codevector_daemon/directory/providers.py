"""Administration of providers: the upstream services."""

from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import UNSET

from codevector_daemon.directory import checks
from codevector_daemon.directory.change import Change
from codevector_daemon.directory.directory import Directory
from codevector_daemon.directory.kinds import DIALECTS, KINDS, Kind
from codevector_daemon.directory.snapshot import credential_context
from codevector_daemon.directory.values import Provider
from codevector_daemon.errors import DirectoryError
from codevector_daemon.store import schema
from codevector_shared.protocol import ProviderCreate, ProviderPatch

_USUAL_DIALECT: Final = "chat"


def one(directory: Directory, name: str) -> Provider:
    """Return the provider of that name; raises DirectoryError 404."""
    found = directory.provider(name)
    if found is None:
        raise checks.missing("provider", name, [provider.name for provider in directory.providers()])
    return found


async def create(directory: Directory, order: ProviderCreate, *, actor: str) -> Provider:
    """Add a provider. Nothing is called; the credential is sealed and never given out again."""
    name = checks.provider_name(order.name)
    kind = _kind(order.kind)
    base_url = _base_url(kind, order.base_url)
    dialects = _dialects(kind, order.dialects)
    credential = None if order.credential is None else checks.credential(order.credential)

    def act(change: Change) -> None:
        _refuse_taken(change, name)
        sealed = None if credential is None else change.vault.seal(credential, credential_context(name))
        change.connection.execute(
            sa.insert(schema.providers).values(
                name=name,
                kind=kind.name,
                base_url=base_url,
                dialects=msgspec.json.encode(dialects).decode(),
                credential=sealed,
                created_ms=change.now_ms,
            )
        )
        change.note("provider.create", name, kind=kind.name, base_url=base_url, with_credential=sealed is not None)

    await directory.change(act, actor=actor)
    return one(directory, name)


async def patch(directory: Directory, name: str, wish: ProviderPatch, *, actor: str) -> Provider:
    """Enable or disable a provider."""
    found = one(directory, name)

    def act(change: Change) -> None:
        if wish.enabled is UNSET:
            return
        table = schema.providers
        changed = change.connection.execute(
            sa.update(table).where(table.c.id == found.id, table.c.enabled != wish.enabled).values(enabled=wish.enabled)
        )
        if changed.rowcount:
            change.note("provider.enable" if wish.enabled else "provider.disable", name)

    await directory.change(act, actor=actor)
    return one(directory, name)


async def remove(directory: Directory, name: str, *, actor: str) -> None:
    """Remove a provider that backs no model."""
    found = one(directory, name)

    def act(change: Change) -> None:
        if served := _served(change, found.id):
            raise DirectoryError(
                "provider_in_use",
                f"provider {checks.shown(name)} serves {len(served)} model{'s' * (len(served) > 1)}:"
                f" {', '.join(served[:10])}{', …' * (len(served) > 10)}",  # noqa: PLR2004 - enough to see which
                f"Remove or re-route them first, or stop using it with `codevector providers disable {name}`.",
                status=409,
            )
        change.connection.execute(sa.delete(schema.providers).where(schema.providers.c.id == found.id))
        change.note("provider.remove", name)

    await directory.change(act, actor=actor)


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise DirectoryError(
            "unknown_kind", f"kind: {checks.shown(name)} is no kind of provider", f"Kinds are: {', '.join(KINDS)}."
        )
    return KINDS[name]


def _base_url(kind: Kind, wish: str | None) -> str:
    if wish is None:
        if kind.base_url is None:
            raise DirectoryError(
                "invalid_base_url",
                f"base_url: a provider of kind {kind.name} needs one",
                "Give it with its version path, as the service's own SDK has it: http://127.0.0.1:11434/v1.",
            )
        return kind.base_url
    if kind.name != "sandbox":
        return checks.base_url(wish)
    if wish.rstrip("/") != kind.base_url:
        raise DirectoryError(
            "invalid_base_url", f"base_url: the sandbox is built in, leave it out or say {kind.base_url}"
        )
    return wish.rstrip("/")


def _dialects(kind: Kind, wish: list[str] | None) -> list[str]:
    """Return what the provider speaks, in the kind's order of preference."""
    if not wish:
        return [_USUAL_DIALECT] if kind.name == "custom" else list(kind.endpoints)
    for dialect in wish:
        if dialect not in kind.endpoints:
            known = DIALECTS if kind.name == "custom" else tuple(kind.endpoints)
            raise DirectoryError(
                "unknown_dialect",
                f"dialects: a provider of kind {kind.name} does not speak {checks.shown(dialect)}",
                f"It speaks: {', '.join(known)}.",
            )
    return [dialect for dialect in kind.endpoints if dialect in wish]


def _refuse_taken(change: Change, name: str) -> None:
    table = schema.providers
    if change.connection.scalar(sa.select(table.c.id).where(table.c.name == name)) is not None:
        raise DirectoryError(
            "provider_exists",
            f"name: there is a provider {checks.shown(name)} already",
            f"Choose another name, or remove it first: `codevector providers remove {name}`.",
            status=409,
        )


def _served(change: Change, provider_id: int) -> list[str]:
    joined = schema.models.join(schema.backends, schema.backends.c.model_id == schema.models.c.id)
    chosen = sa.select(schema.models.c.slug).select_from(joined).where(schema.backends.c.provider_id == provider_id)
    return sorted(set(change.connection.scalars(chosen)))
