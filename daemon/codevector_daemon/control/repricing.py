"""``codevector usage reprice``: prices worked out again from the counts that rows keep."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from codevector_daemon.control.asked import Span
from codevector_daemon.control.rates_of import card_now, vendor_of
from codevector_daemon.control.services import Services
from codevector_daemon.errors import DirectoryError
from codevector_daemon.ledger.attempts import Attempt, read_attempts
from codevector_daemon.ledger.upkeep.reprice import ChangedMeanwhileError, Repriced, rewrite
from codevector_daemon.metering.prices import Price
from codevector_shared.money import usd
from codevector_shared.price_protocol import RepricedModel, RepriceOrder, Repricing

PATIENCE_S = 10.0
"""How long the writing waits for its turn."""


async def reprice(services: Services, order: RepriceOrder) -> Repricing:
    """Work out the prices of a window again, and write them unless it is a dry run."""
    now_ms = services.now_ms()
    zone = services.ledger.zone
    window = Span(first=order.first, last=order.last).window(now_ms, zone)
    first_ms = None if window.start is None else _ms(window.start)
    rows = await services.store.read(
        lambda connection: list(read_attempts(connection, first_ms, _ms(window.end), order.model))
    )
    found = await asyncio.to_thread(lambda: [_anew(services, row) for row in rows])
    changed = [one for one in found if one.changes]
    last = order.last or _day(now_ms, services)
    if changed and not order.dry_run:
        target = f"{order.first}..{last}" + (f" {order.model}" if order.model else "")
        await _write(services, changed, target)
    return _report(order, last, found)


async def _write(services: Services, changed: Sequence[Repriced], target: str) -> None:
    try:
        await asyncio.to_thread(
            rewrite,
            services.store.path,
            changed,
            now_ms=services.now_ms(),
            actor=services.directory.owner.user_name,
            target=target,
            patience_s=PATIENCE_S,
        )
    except ChangedMeanwhileError as error:
        hint = "Try again; what was priced anew by then stays so, and the audit says how much that is."
        raise DirectoryError("changed_meanwhile", str(error), hint, status=409) from error


def _anew(services: Services, attempt: Attempt) -> Repriced:
    """Price an attempt again. What a provider stated, and what nobody can look up any more, stays as it was."""
    card = card_now(services.prices, attempt, services.directory)
    stated = attempt.price_basis == "provider" and attempt.extras.provider_cost_nano is None
    if card is None or attempt.price_basis is None or (stated and not card.is_fixed):
        return Repriced(attempt, Price(attempt.spend_nano, attempt.price_basis or "unpriced", attempt.price_version))
    vendor = vendor_of(services.directory.provider(attempt.series.provider)) or attempt.series.provider
    price = services.prices.bill(
        card,
        attempt.counts,
        attempt.extras,
        vendor=vendor,
        at_ms=attempt.started_ms,
        service_tier=attempt.service_tier,
    )
    return Repriced(attempt, price)


def _report(order: RepriceOrder, last: str, found: Sequence[Repriced]) -> Repricing:
    by_model: dict[str, list[Repriced]] = {}
    for one in found:
        by_model.setdefault(one.attempt.series.model, []).append(one)
    before, after = _before(found), _after(found)
    models = [_model(name, rows) for name, rows in by_model.items() if any(one.changes for one in rows)]
    return Repricing(
        first=order.first,
        last=last,
        dry_run=order.dry_run,
        requests=len(found),
        changed=sum(one.changes for one in found),
        before_usd=usd(before),
        after_usd=usd(after),
        difference_usd=usd(after - before),
        models=sorted(models, key=lambda one: one.model or ""),
    )


def _model(name: str, rows: Sequence[Repriced]) -> RepricedModel:
    before, after = _before(rows), _after(rows)
    return RepricedModel(
        model=name or None,
        requests=len(rows),
        changed=sum(one.changes for one in rows),
        before_usd=usd(before),
        after_usd=usd(after),
        difference_usd=usd(after - before),
    )


def _before(rows: Iterable[Repriced]) -> int:
    return sum(one.attempt.spend_nano for one in rows)


def _after(rows: Iterable[Repriced]) -> int:
    return sum(one.price.spend_nano for one in rows)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _day(now_ms: int, services: Services) -> str:
    today: date = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(services.ledger.zone).date()
    return today.isoformat()
