"""The whole directory at one moment, in memory: immutable, so that a request never sees half a change."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

import msgspec
import sqlalchemy as sa

from codevector_daemon.directory.naming import Names
from codevector_daemon.directory.provider_settings import read_settings, settings_context
from codevector_daemon.directory.values import (
    Backend,
    Caller,
    Facade,
    Provider,
    ProviderSettings,
    Secret,
    User,
)
from codevector_daemon.directory.vault import SealBroken, Vault
from codevector_daemon.metering.prices import RateOverride
from codevector_daemon.store import schema
from codevector_shared.protocol import PriceOverride

log = logging.getLogger(__name__)

VERSION = "directory_version"
"""The row of ``meta`` that every change of the directory counts up."""
Capabilities = tuple[str, ...]


class KeyEntry(msgspec.Struct, frozen=True):
    """A gateway key as the request path needs it."""

    caller: Caller
    prefix: str
    suspended: bool
    expires_ms: int | None
    revoked_ms: int | None


class Snapshot(msgspec.Struct, frozen=True):
    """Everything the directory knows; keys are found by their digest."""

    version: int
    users: Mapping[int, User]
    keys: Mapping[bytes, KeyEntry]
    key_names: Mapping[int, str]
    providers: Mapping[str, Provider]
    facades: Mapping[str, Facade]
    names: Names


def stored_version(connection: sa.Connection) -> int:
    """Return the version that the store holds; 0 before the first change."""
    found = connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.name == VERSION))
    return int(found or 0)


def load(connection: sa.Connection, vault: Vault) -> Snapshot:
    """Read the directory whole, in one transaction."""
    users = _users(connection)
    keys = _keys(connection, users)
    providers = _providers(connection, vault)
    facades = _facades(connection, providers)
    return Snapshot(
        version=stored_version(connection),
        users=users,
        keys=keys,
        key_names={entry.caller.key_id: entry.caller.key_name for entry in keys.values()},
        providers={provider.name: provider for provider in providers.values()},
        facades=facades,
        names=Names.of(facades.values()),
    )


def credential_context(provider: str) -> str:
    """Return what a provider's sealed credential is bound to."""
    return f"provider/{provider}"


def rate_override(stored: str | None) -> RateOverride | None:
    """Read stored rates; what was not given is charged as plain input."""
    if stored is None:
        return None
    price = msgspec.json.decode(stored, type=PriceOverride)
    return RateOverride(
        input=price.input_price,
        output=price.output_price,
        cached=price.cached_price or price.input_price,
        cache_write=price.cache_write_price or price.input_price,
        cache_write_1h=price.cache_write_1h_price or price.input_price,
    )


def _users(connection: sa.Connection) -> dict[int, User]:
    rows = connection.execute(sa.select(schema.users).order_by(schema.users.c.id))
    return {
        row.id: User(id=row.id, name=row.name, role=row.role, suspended=row.suspended, created_ms=row.created_ms)
        for row in rows
    }


def _keys(connection: sa.Connection, users: Mapping[int, User]) -> dict[bytes, KeyEntry]:
    """Read the keys, of which there may be thousands: rows are taken apart by place, not by name."""
    table = schema.keys.c
    rows = connection.execute(
        sa.select(
            table.digest,
            table.prefix,
            table.expires_ms,
            table.revoked_ms,
            table.user_id,
            table.id,
            table.name,
            table.scope,
            table.project,
            table.client_app,
            table.allowed_models,
        )
    )
    return {
        digest: KeyEntry(_caller(users[user_id], *dimensions), prefix, users[user_id].suspended, expires_ms, revoked_ms)
        for digest, prefix, expires_ms, revoked_ms, user_id, *dimensions in rows
    }


def _caller(  # noqa: PLR0917 - the columns of a row, in the order of the query
    user: User,
    key_id: int,
    key_name: str,
    scope: Literal["gateway", "console"],
    project: str | None,
    client_app: str | None,
    allowed: str | None,
) -> Caller:
    models = None if allowed is None else msgspec.json.decode(allowed, type=frozenset[str])
    return Caller(key_id, key_name, user.id, user.name, user.role, scope, project, client_app, models)


def _providers(connection: sa.Connection, vault: Vault) -> dict[int, Provider]:
    rows = connection.execute(sa.select(schema.providers).order_by(schema.providers.c.name))
    return {row.id: _provider(row, vault) for row in rows}


def _provider(row: sa.Row[tuple[object, ...]], vault: Vault) -> Provider:
    credential, settings, lost = None, ProviderSettings(), False
    try:
        if row.credential is not None:
            credential = Secret(vault.open(row.credential, credential_context(row.name)))
        if row.settings is not None:
            settings = read_settings(vault.open(row.settings, settings_context(row.name)))
    except SealBroken as broken:
        lost = True
        log.error(  # noqa: TRY400 - the words say all; a traceback adds none
            "The credential of provider %s cannot be decrypted (%s): give it a new one with"
            " `codevector providers set %s`, and its settings again.",
            row.name,
            broken,
            row.name,
        )
    return Provider(
        id=row.id,
        name=row.name,
        kind=row.kind,
        base_url=row.base_url,
        dialects=msgspec.json.decode(row.dialects, type=tuple[str, ...]),
        enabled=row.enabled and not lost,
        credential=credential,
        created_ms=row.created_ms,
        credential_lost=lost,
        settings=settings,
    )


def _facades(connection: sa.Connection, providers: Mapping[int, Provider]) -> dict[str, Facade]:
    backends, aliases = _backends(connection, providers), _aliases(connection)
    rows = connection.execute(sa.select(schema.models).order_by(schema.models.c.slug))
    return {
        row.slug: Facade(
            id=row.id,
            slug=row.slug,
            display_name=row.display_name,
            kind=row.kind,
            status=row.status,
            backends=tuple(backends[row.id]),
            override=rate_override(row.price),
            free=row.free,
            context_window=row.context_window,
            max_output=row.max_output,
            created_ms=row.created_ms,
            aliases=tuple(aliases[row.id]),
            capabilities=None if row.capabilities is None else msgspec.json.decode(row.capabilities, type=Capabilities),
        )
        for row in rows
    }


def _aliases(connection: sa.Connection) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(sa.select(schema.aliases).order_by(schema.aliases.c.alias)):
        found[row.model_id].append(row.alias)
    return found


def _backends(connection: sa.Connection, providers: Mapping[int, Provider]) -> dict[int, list[Backend]]:
    """Return each model's backends, the preferred first."""
    found: dict[int, list[Backend]] = defaultdict(list)
    table = schema.backends
    for row in connection.execute(sa.select(table).order_by(table.c.priority, table.c.id)):
        found[row.model_id].append(
            Backend(
                provider=providers[row.provider_id],
                upstream_model=row.upstream_model,
                priority=row.priority,
                weight=row.weight,
            )
        )
    return found
