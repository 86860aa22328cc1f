"""What the directory holds, as the control API shows it."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec

from codevector_daemon.directory.keys import KeyRecord, NewKey
from codevector_daemon.directory.kinds import kind_of
from codevector_daemon.directory.users import UserRecord
from codevector_daemon.directory.values import Facade, Provider
from codevector_daemon.metering.prices import PriceBook, RateCard
from codevector_shared import protocol
from codevector_shared.periods import iso


def provider(found: Provider, zone: ZoneInfo) -> protocol.Provider:
    """Show a provider; of its credential only that there is one."""
    return protocol.Provider(
        name=found.name,
        kind=found.kind,
        base_url=found.base_url,
        dialects=list(found.dialects),
        enabled=found.enabled,
        has_credential=found.credential is not None,
        created_at=iso(found.created_ms, zone),
    )


def user(found: UserRecord, zone: ZoneInfo) -> protocol.User:
    """Show a user."""
    return protocol.User(
        id=found.user.id,
        name=found.user.name,
        role=found.user.role,
        status="suspended" if found.user.suspended else "active",
        keys=found.keys,
        created_at=iso(found.user.created_ms, zone),
    )


def key(found: KeyRecord, zone: ZoneInfo, now_ms: int) -> protocol.Key:
    """Show a key without its secret."""
    at = _optional(zone)
    return protocol.Key(
        id=found.id,
        name=found.name,
        prefix=found.prefix,
        status=found.status(now_ms),
        user=found.user_name,
        user_id=found.user_id,
        project=found.project,
        client_app=found.client_app,
        scope=found.scope,
        allowed_models=found.allowed_models,
        created_at=iso(found.created_ms, zone),
        expires_at=at(found.expires_ms),
        revoked_at=at(found.revoked_ms),
        last_used_at=at(found.last_used_ms),
    )


def new_key(made: NewKey, zone: ZoneInfo, now_ms: int) -> protocol.KeyCreated:
    """Show a new key with its secret, this once."""
    plain = msgspec.structs.asdict(key(made.record, zone, now_ms))
    return protocol.KeyCreated(**plain, key=made.secret.reveal())


def _optional(zone: ZoneInfo) -> Callable[[int | None], str | None]:
    return lambda at_ms: None if at_ms is None else iso(at_ms, zone)


def model(found: Facade, prices: PriceBook, zone: ZoneInfo, now_ms: int) -> protocol.Model:
    """Show a model facade with the rates of its preferred backend as they are now."""
    card = rate_card(found, prices, now_ms)
    return protocol.Model(
        slug=found.slug,
        display_name=found.display_name,
        kind=found.kind,
        status=found.status,
        backends=[
            protocol.Backend(way.provider.name, way.upstream_model, way.priority, way.weight) for way in found.backends
        ],
        provider=found.backends[0].provider.name if found.backends else None,
        input_price=card.input_price,
        output_price=card.output_price,
        cached_price=card.cached_price,
        cache_write_price=card.cache_write_price,
        cache_write_1h_price=card.cache_write_1h_price,
        price_basis=card.basis,
        context_window=found.context_window or card.context_window,
        max_output=found.max_output or card.max_output,
        capabilities=card.capabilities,
        created_at=iso(found.created_ms, zone),
    )


def rate_card(found: Facade, prices: PriceBook, now_ms: int) -> RateCard:
    """Return the rates of a facade's preferred backend."""
    vendor, upstream_model = "", found.slug
    if found.backends:
        preferred = found.backends[0]
        vendor, upstream_model = kind_of(preferred.provider).vendor, preferred.upstream_model
    return prices.card(vendor, upstream_model, now_ms, override=found.override, free=found.free)
