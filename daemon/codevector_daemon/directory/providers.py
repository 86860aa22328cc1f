"""Administration of providers: the upstream services."""

import asyncio
from collections import Counter

import msgspec
import sqlalchemy as sa
from msgspec import UNSET

from codevector_daemon.directory import checks, provider_settings
from codevector_daemon.directory.change import Change
from codevector_daemon.directory.directory import Directory
from codevector_daemon.directory.kinds import DIALECTS, KINDS, Kind, base_url
from codevector_daemon.directory.provider_credentials import Given, credential
from codevector_daemon.directory.provider_settings import settings_context
from codevector_daemon.directory.snapshot import credential_context
from codevector_daemon.directory.values import Facade, Provider, ProviderSettings
from codevector_daemon.errors import DirectoryError
from codevector_daemon.store import schema
from codevector_shared.protocol import ProviderCreate, ProviderPatch, ProviderRemoved

_LISTED = 10
_TOLD = frozenset({"base_url", "dialects", "own_login"})
"""What an audit row says of a change in full."""


def one(directory: Directory, name: str) -> Provider:
    """Return the provider of that name; raises DirectoryError 404."""
    found = directory.provider(name)
    if found is None:
        raise checks.missing("provider", name, [provider.name for provider in directory.providers()])
    return found


def served(directory: Directory, name: str) -> list[Facade]:
    """Return the models that a provider is a backend of."""
    return [facade for facade in directory.facades() if name in _providers_of(facade)]


async def create(directory: Directory, order: ProviderCreate, *, actor: str) -> Provider:
    """Add a provider. Nothing is called; the credential is sealed and never given out again."""
    name = checks.provider_name(order.name)
    kind = _kind(order.kind)
    given = None if order.credential is None else credential(kind, order.credential)
    settings = _complete(kind, await asyncio.to_thread(provider_settings.ordered, order), given)
    place = _base_url(kind, order.base_url, settings)
    dialects = _dialects(kind, order.dialects)

    def act(change: Change) -> None:
        _refuse_taken(change, name)
        change.connection.execute(
            sa.insert(schema.providers).values(
                name=name,
                kind=kind.name,
                base_url=place,
                dialects=msgspec.json.encode(dialects).decode(),
                credential=_sealed(change, credential_context(name), None if given is None else given.secret),
                settings=_sealed(change, settings_context(name), provider_settings.written(settings)),
                created_ms=change.now_ms,
            )
        )
        vouched = {"own_login": True} if settings.own_login else {}
        change.note(
            "provider.create", name, kind=kind.name, base_url=place, with_credential=given is not None, **vouched
        )

    await directory.change(act, actor=actor)
    return one(directory, name)


async def patch(directory: Directory, name: str, wish: ProviderPatch, *, actor: str) -> Provider:
    """Change a provider; a new credential replaces the former one, which nobody can read again."""
    found = one(directory, name)
    kind = KINDS.get(found.kind, KINDS["custom"])
    given = credential(kind, wish.credential) if isinstance(wish.credential, str) else None
    settings = await asyncio.to_thread(provider_settings.changed, found.settings, wish)
    settings = _complete(kind, settings, given)
    place = _changed_base_url(kind, found, wish, settings)
    speaks = None if wish.dialects is UNSET else _dialects(kind, wish.dialects)

    def act(change: Change) -> None:
        columns: dict[str, object] = {}
        if wish.enabled is not UNSET and wish.enabled != found.enabled:
            columns["enabled"] = wish.enabled
        if place != found.base_url:
            columns["base_url"] = place
        if speaks is not None and speaks != list(found.dialects):
            columns["dialects"] = msgspec.json.encode(speaks).decode()
        if wish.credential is not UNSET:
            columns["credential"] = _sealed(change, credential_context(name), None if given is None else given.secret)
        if provider_settings.written(settings) != provider_settings.written(found.settings) or found.credential_lost:
            columns["settings"] = _sealed(change, settings_context(name), provider_settings.written(settings))
        if not columns:
            return
        change.connection.execute(sa.update(schema.providers).where(schema.providers.c.id == found.id).values(columns))
        vouched = {"own_login": settings.own_login} if settings.own_login != found.settings.own_login else {}
        _note(change, name, columns | vouched)

    await directory.change(act, actor=actor)
    return one(directory, name)


async def remove(directory: Directory, name: str, *, actor: str, force: bool = False) -> ProviderRemoved:
    """Remove a provider and its backends; only by force where a model would lose its last one."""
    found = one(directory, name)

    def act(change: Change) -> ProviderRemoved:
        lost, last = _losses(change, found.id)
        if last and not force:
            raise DirectoryError(
                "provider_in_use",
                f"provider {checks.shown(name)} is the only backend of {_counted(last)}",
                "Give them another backend with `codevector models set` or remove them, stop using the provider with"
                f" `codevector providers disable {name}`, or remove it nonetheless with --force.",
                status=409,
            )
        change.connection.execute(sa.delete(schema.backends).where(schema.backends.c.provider_id == found.id))
        change.connection.execute(sa.delete(schema.providers).where(schema.providers.c.id == found.id))
        change.note("provider.remove", name, lost_a_backend=lost, lost_their_last=last)
        return ProviderRemoved(name, lost, last)

    return await directory.change(act, actor=actor)


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise DirectoryError(
            "unknown_kind", f"kind: {checks.shown(name)} is no kind of provider", f"Kinds are: {', '.join(KINDS)}."
        )
    return KINDS[name]


def _complete(kind: Kind, settings: ProviderSettings, given: Given | None) -> ProviderSettings:
    """Return the settings with what the credential says of itself; raises DirectoryError where one is missing."""
    if settings.project is None and given is not None and given.project is not None:
        settings = msgspec.structs.replace(settings, project=given.project)
    if settings.own_login and kind.name != "custom":
        raise DirectoryError(
            "invalid_own_login",
            f"own_login: only a provider of kind custom can be vouched for, not one of kind {kind.name}",
            "anthropic, openai and google take logins of their own vendor as they are; no other vendor is shown one.",
        )
    for needed in kind.needs:
        if getattr(settings, needed) is None:
            raise DirectoryError(
                f"missing_{needed}",
                f"{needed}: a provider of kind {kind.name} needs one",
                f"Give it with --{needed.replace('_', '-')}.",
            )
    return settings


def _base_url(kind: Kind, wish: str | None, settings: ProviderSettings) -> str:
    if wish is None:
        place = base_url(kind, settings.region)
        if place is None:
            raise DirectoryError(
                "invalid_base_url",
                f"base_url: a provider of kind {kind.name} needs one",
                "Give it with its version path, as the service's own SDK has it: http://127.0.0.1:11434/v1.",
            )
        return place
    if kind.name != "sandbox":
        return checks.base_url(wish)
    if wish.rstrip("/") != kind.base_url:
        raise DirectoryError(
            "invalid_base_url", f"base_url: the sandbox is built in, leave it out or say {kind.base_url}"
        )
    return wish.rstrip("/")


def _changed_base_url(kind: Kind, found: Provider, wish: ProviderPatch, settings: ProviderSettings) -> str:
    """Return where the provider is after a change; one at its kind's own place in a region moves with the region."""
    if wish.base_url is not UNSET:
        return _base_url(kind, wish.base_url, settings)
    if found.base_url == base_url(kind, found.settings.region):
        return base_url(kind, settings.region) or found.base_url
    return found.base_url


def _dialects(kind: Kind, wish: list[str] | None) -> list[str]:
    """Return what the provider speaks, in the kind's order of preference."""
    if not wish:
        return list(kind.usual or kind.endpoints)
    for dialect in wish:
        if dialect not in kind.endpoints:
            known = DIALECTS if kind.name == "custom" else tuple(kind.endpoints)
            raise DirectoryError(
                "unknown_dialect",
                f"dialects: a provider of kind {kind.name} does not speak {checks.shown(dialect)}",
                f"It speaks: {', '.join(known)}.",
            )
    return [dialect for dialect in kind.endpoints if dialect in wish]


def _sealed(change: Change, context: str, text: str | None) -> bytes | None:
    return None if text is None else change.vault.seal(text, context)


def _note(change: Change, name: str, columns: dict[str, object]) -> None:
    """Write down what changed; of what is sealed only that it did."""
    if "enabled" in columns:
        change.note("provider.enable" if columns.pop("enabled") else "provider.disable", name)
    if columns:
        open_ones = {field: value for field, value in columns.items() if field in _TOLD}
        change.note("provider.change", name, fields=sorted(columns), **open_ones)


def _refuse_taken(change: Change, name: str) -> None:
    table = schema.providers
    if change.connection.scalar(sa.select(table.c.id).where(table.c.name == name)) is not None:
        raise DirectoryError(
            "provider_exists",
            f"name: there is a provider {checks.shown(name)} already",
            f"Choose another name, or change that one: `codevector providers set {name}`.",
            status=409,
        )


def _losses(change: Change, provider_id: int) -> tuple[list[str], list[str]]:
    """Return the models that keep another provider's backend, and those that would keep none."""
    joined = schema.models.join(schema.backends, schema.backends.c.model_id == schema.models.c.id)
    rows = change.connection.execute(
        sa.select(schema.models.c.slug, schema.backends.c.provider_id).select_from(joined)
    ).all()
    losing = {slug for slug, owner in rows if owner == provider_id}
    others = Counter(slug for slug, owner in rows if owner != provider_id)
    return sorted(losing & others.keys()), sorted(losing - others.keys())


def _counted(slugs: list[str]) -> str:
    more = f" and {len(slugs) - _LISTED} more" if len(slugs) > _LISTED else ""
    return f"{len(slugs)} model{'s' * (len(slugs) > 1)}: {', '.join(slugs[:_LISTED])}{more}"


def _providers_of(facade: Facade) -> set[str]:
    return {way.provider.name for way in facade.backends}
