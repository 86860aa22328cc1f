"""What the directory holds, as the control API shows it."""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from codevector_daemon.control.backend_health import backends, unwell
from codevector_daemon.directory.keys import KeyRecord, NewKey
from codevector_daemon.directory.kinds import kind_of
from codevector_daemon.directory.provider_settings import shown_proxy
from codevector_daemon.directory.users import UserRecord
from codevector_daemon.directory.values import Facade, Provider
from codevector_daemon.gateway.health import Condition
from codevector_daemon.metering.prices import PriceBook, RateCard
from codevector_shared import protocol
from codevector_shared.periods import iso


def provider(found: Provider, slugs: list[str], conditions: Sequence[Condition], zone: ZoneInfo) -> protocol.Provider:
    """Show a provider and the models that it backs; of its credential only that there is one."""
    settings = found.settings
    return protocol.Provider(
        name=found.name,
        kind=found.kind,
        base_url=found.base_url,
        dialects=list(found.dialects),
        enabled=found.enabled,
        has_credential=found.credential is not None,
        created_at=iso(found.created_ms, zone),
        organisation=settings.organisation,
        project=settings.project,
        region=settings.region,
        api_version=settings.api_version,
        headers=[name for name, _ in settings.headers],
        proxy=shown_proxy(settings),
        ca_file=settings.ca_file,
        own_login=settings.own_login,
        models=slugs,
        credential_lost=found.credential_lost,
        unwell=unwell(found.name, conditions, zone),
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


def model(
    found: Facade, prices: PriceBook, conditions: Sequence[Condition], zone: ZoneInfo, now_ms: int
) -> protocol.Model:
    """Show a model facade with the rates of its preferred backend as they are now.

    A wildcard without a price of its own has none to show: each name that it answers to has the catalogue's.
    """
    card = rate_card(found, prices, now_ms)
    unsaid = found.is_wildcard and not card.is_fixed
    return protocol.Model(
        slug=found.slug,
        display_name=found.display_name,
        kind=found.kind,
        status=found.status,
        backends=backends(found, conditions, zone),
        provider=found.backends[0].provider.name if found.backends else None,
        input_price=None if unsaid else card.input_price,
        output_price=None if unsaid else card.output_price,
        cached_price=None if unsaid else card.cached_price,
        cache_write_price=None if unsaid else card.cache_write_price,
        cache_write_1h_price=None if unsaid else card.cache_write_1h_price,
        price_basis="catalogue" if unsaid else card.basis,
        context_window=found.context_window or (None if unsaid else card.context_window),
        max_output=found.max_output or (None if unsaid else card.max_output),
        capabilities=_capabilities(found, card, unsaid=unsaid),
        created_at=iso(found.created_ms, zone),
        aliases=list(found.aliases),
        wildcard=found.is_wildcard,
    )


def _capabilities(found: Facade, card: RateCard, *, unsaid: bool) -> list[str]:
    if found.capabilities is not None:
        return list(found.capabilities)
    return [] if unsaid else card.capabilities


def rate_card(found: Facade, prices: PriceBook, now_ms: int) -> RateCard:
    """Return the rates of a facade's preferred backend."""
    vendor, upstream_model = "", found.slug
    if found.backends:
        preferred = found.backends[0]
        vendor, upstream_model = kind_of(preferred.provider).vendor, preferred.upstream_model
    return prices.card(vendor, upstream_model, now_ms, override=found.override, free=found.free)
