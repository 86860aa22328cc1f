"""Where prices deserve a look, and usage as providers' own exports cut it."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from msgspec import field

from codevector_daemon.control.asked import Asked
from codevector_daemon.control.rates_of import preferred, vendor_of
from codevector_daemon.control.services import Services
from codevector_daemon.directory.checks import shown
from codevector_daemon.errors import DirectoryError
from codevector_daemon.ledger.state import BEGINNING, kept_of, read_facts
from codevector_daemon.metering.cards import RateCard, RateOverride
from codevector_daemon.store.schema import requests, series
from codevector_shared.money import usd
from codevector_shared.periods import iso
from codevector_shared.price_protocol import DailyModel, DailyModels, OverrideGap, PricedModel, PriceHealth

DAYS = 30
_DAY_MS = 86_400_000
_GAP = Decimal("0.2")
"""An override further than this from the catalogue is named."""

_COUNTS = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "spend_nano")


class DailyQuery(Asked, frozen=True, kw_only=True):
    """Which UTC days, inclusive, and of which provider."""

    first: str = field(name="from")
    last: str = field(name="to")
    provider: str | None = None


async def price_health(services: Services) -> PriceHealth:
    """Look at the last 30 days and at every override."""
    since_ms = services.now_ms() - DAYS * _DAY_MS
    rows = await services.store.read(lambda connection: _by_basis(connection, since_ms))
    spend = sum(row["spend"] for row in rows)
    estimated = [row for row in rows if row["usage_source"] == "estimated"]
    unsure = [row for row in rows if row["price_basis"] in {"default", "unpriced"}]
    return PriceHealth(
        unsure=_merged(unsure, spend),
        overrides=_gaps(services),
        requests=sum(row["calls"] for row in rows),
        estimated_requests=sum(row["calls"] for row in estimated),
        spend_usd=usd(spend),
        estimated_spend_usd=usd(sum(row["spend"] for row in estimated)),
        catalogue=services.prices.version,
    )


async def daily_models(services: Services, query: DailyQuery) -> DailyModels:
    """Add up usage by UTC day and upstream model, as vendors cut their exports."""
    first, last = _day(query.first), _day(query.last)
    if query.provider is not None:
        await _refuse_unknown_provider(services, query.provider)
    first_ms, until_ms = _ms(first), _ms(last + timedelta(days=1))

    def read(connection: sa.Connection) -> DailyModels:
        kept_s = kept_of(read_facts(connection)).requests
        rows = connection.execute(_daily(first_ms, until_ms, query.provider)).mappings()
        short = kept_s > BEGINNING and kept_s * 1000 > first_ms
        return DailyModels(
            days=[_daily_model(row) for row in rows],
            complete_from=iso(kept_s * 1000, services.ledger.zone) if short else None,
        )

    return await services.store.read(read)


async def _refuse_unknown_provider(services: Services, name: str) -> None:
    """Refuse a provider that is not set up, unless the ledger has calls of one that was."""
    used = sa.exists().where(series.c.provider == name)
    if services.directory.provider(name) is None and not await services.store.read(
        lambda connection: connection.scalar(sa.select(used))
    ):
        raise DirectoryError(
            "unknown_provider",
            f"no provider {shown(name)} is set up, and the ledger has no calls of one",
            "See `codevector providers list`, and for removed ones `codevector usage --period all --by provider`.",
            status=404,
        )


def _by_basis(connection: sa.Connection, since_ms: int) -> list[dict[str, Any]]:
    names = (series.c.model, series.c.upstream_model, series.c.provider)
    groups = (*names, requests.c.price_basis, requests.c.usage_source)
    calls, spend = sa.func.count().label("calls"), sa.func.sum(requests.c.spend_nano).label("spend")
    query = (
        sa.select(*groups, calls, spend)
        .join_from(requests, series, requests.c.series_id == series.c.id)
        .where(requests.c.started_ms >= since_ms, requests.c.usage_source != "none")
        .group_by(*groups)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _merged(rows: list[dict[str, Any]], spend: int) -> list[PricedModel]:
    """Return one line for each model and basis, the dearest first."""
    sums: dict[tuple[str, str, str, Any], list[int]] = {}
    for row in rows:
        place = (row["model"], row["upstream_model"], row["provider"], row["price_basis"])
        known = sums.setdefault(place, [0, 0])
        known[0] += row["calls"]
        known[1] += row["spend"]
    ordered = sorted(sums.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
    return [
        PricedModel(
            model=model or None,
            upstream_model=upstream_model or None,
            provider=provider or None,
            price_basis=basis,
            requests=calls,
            spend_usd=usd(cost),
            spend_share=round(cost / spend, 4) if spend else 0.0,
        )
        for (model, upstream_model, provider, basis), (calls, cost) in ordered
    ]


def _gaps(services: Services) -> list[OverrideGap]:
    """Compare every override with the catalogue's rates of now."""
    found: list[OverrideGap] = []
    for facade in services.directory.facades():
        if facade.override is None or facade.free:
            continue
        provider, model = preferred(facade)
        listed = services.prices.listed(vendor_of(provider), model, services.now_ms())
        if listed is not None and listed.basis == "catalogue":
            found += _differences(facade.slug, facade.override, listed)
    return found


def _differences(slug: str, own: RateOverride, listed: RateCard) -> Iterator[OverrideGap]:
    pairs = {
        "input": (own.input, listed.input_price),
        "output": (own.output, listed.output_price),
        "cached": (own.cached, listed.cached_price),
    }
    for name, (mine, theirs) in pairs.items():
        if theirs is None or not Decimal(theirs):
            continue
        ratio = Decimal(mine) / Decimal(theirs)
        if abs(ratio - 1) > _GAP:
            yield OverrideGap(model=slug, rate=name, override=mine, catalogue=theirs, ratio=float(round(ratio, 4)))


def _daily(first_ms: int, until_ms: int, provider: str | None) -> sa.Select[Any]:
    day = (requests.c.started_ms // _DAY_MS).label("day")
    sums = (sa.func.sum(requests.c[name]).label(name) for name in _COUNTS)
    query = (
        sa.select(day, series.c.upstream_model, sa.func.count().label("calls"), *sums)
        .join_from(requests, series, requests.c.series_id == series.c.id)
        .where(
            requests.c.started_ms >= first_ms,
            requests.c.started_ms < until_ms,
            requests.c.usage_source != "none",
            requests.c.imported.is_(False),
        )
        .group_by(day, series.c.upstream_model)
        .order_by(day, series.c.upstream_model)
    )
    return query if provider is None else query.where(series.c.provider == provider)


def _daily_model(row: Any) -> DailyModel:  # noqa: ANN401 - a row
    return DailyModel(
        day=(date(1970, 1, 1) + timedelta(days=int(row["day"]))).isoformat(),
        model=row["upstream_model"],
        requests=row["calls"],
        uncached_input_tokens=row["uncached_input"],
        cached_tokens=row["cache_read"],
        cache_write_5m_tokens=row["cache_write_5m"],
        cache_write_1h_tokens=row["cache_write_1h"],
        output_tokens=row["output"],
        spend_usd=usd(row["spend_nano"]),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise DirectoryError("invalid_query", f"query: {text[:40]!r} is not a day such as 2026-01-31") from wrong


def _ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * _DAY_MS
