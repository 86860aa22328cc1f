"""``codevector usage reprice``: prices worked out again from the counts that rows keep."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial

import sqlalchemy as sa

from codevector_daemon.control.asked import Span
from codevector_daemon.control.rates_of import AsFirstSeen, card_now, vendor_of
from codevector_daemon.control.services import Services
from codevector_daemon.directory.checks import shown
from codevector_daemon.errors import DirectoryError, StoreCorrupt
from codevector_daemon.ledger.attempts import Attempt, Window
from codevector_daemon.ledger.upkeep.reprice import (
    ChangedMeanwhileError,
    Reckon,
    Repricer,
    Signed,
    Tally,
    UnderWayError,
)
from codevector_daemon.ledger.upkeep.workbench import Stopped
from codevector_daemon.metering.prices import Price
from codevector_daemon.store.schema import series
from codevector_shared.money import usd
from codevector_shared.price_protocol import RepricedModel, RepriceOrder, Repricing

PATIENCE_S = 10.0
"""How long the writing waits for its turn."""


async def reprice(services: Services, order: RepriceOrder) -> Repricing:
    """Work out the prices of a window again, and write them unless it is a dry run."""
    now_ms = services.now_ms()
    span = Span(first=order.first, last=order.last).window(now_ms, services.ledger.zone)
    last = order.last or _day(now_ms, services)
    model = None if order.model is None else await _known_model(services, order.model)
    window = Window(0 if span.start is None else _ms(span.start), _ms(span.end), model)
    target = f"{order.first}..{last}" + (f" {model}" if model else "")
    signed = Signed(now_ms, services.directory.owner.user_name, target)
    found = await _done(services, window, None if order.dry_run else signed)
    if not order.dry_run and any(tally.changed for tally in found.values()):
        services.live.repriced()
    return _report(order, last, found)


async def _done(services: Services, window: Window, signed: Signed | None) -> dict[str, Tally]:
    """Have a thread do it; given up, with nothing changed, when whoever asked for it is gone, or the daemon stops."""
    stopping = threading.Event()
    path = services.store.path
    repricer = Repricer(path, window, _reckoner(services), patience_s=PATIENCE_S, stopping=stopping)
    work = repricer.preview if signed is None else partial(repricer.apply, signed)
    try:
        return (await asyncio.to_thread(work)).by_model
    except UnderWayError as error:
        hint = "Wait until that is done; then see whether anything is left to change: add --dry-run."
        raise DirectoryError("reprice_under_way", str(error), hint, status=409) from error
    except ChangedMeanwhileError as error:
        hint = "Nothing was changed. Try again in a minute."
        raise DirectoryError("changed_meanwhile", str(error), hint, status=409) from error
    except Stopped as error:
        raise DirectoryError("stopped", str(error), "Nothing was changed. Try again.", status=503) from error
    except StoreCorrupt as error:
        services.store.on_damage(error)
        raise
    finally:
        stopping.set()


async def _known_model(services: Services, name: str) -> str:
    """Return the name that a model's calls have in the ledger; a removed one keeps its own there."""
    used = sa.exists().where(series.c.model == name)
    if await services.store.read(lambda connection: connection.scalar(sa.select(used))):
        return name
    facade = services.directory.stored_facade(name) or services.directory.facade(name)
    if facade is None:
        raise DirectoryError(
            "unknown_model",
            f"no model {shown(name)} is set up, and the ledger has no calls of one",
            "See `codevector models list`, and for removed ones `codevector usage --period all --by model`.",
            status=404,
        )
    return facade.slug


def _reckoner(services: Services) -> Reckon:
    """Return what prices an attempt again, by the models and providers as they are when they are first met.

    What a provider stated, and what nobody can look up any more, stays as it was.
    """
    prices, version = services.prices, services.prices.version
    known = AsFirstSeen(services.directory)

    def anew(attempt: Attempt) -> Price:
        if prices.version != version:
            raise ChangedMeanwhileError("another price catalogue was put into use")
        card = card_now(prices, attempt, known)
        stated = attempt.price_basis == "provider" and attempt.extras.provider_cost_nano is None
        if card is None or attempt.price_basis is None or (stated and not card.is_fixed):
            return Price(attempt.spend_nano, attempt.price_basis or "unpriced", attempt.price_version)
        vendor = vendor_of(known.provider(attempt.series.provider)) or attempt.series.provider
        return prices.bill(
            card,
            attempt.counts,
            attempt.extras,
            vendor=vendor,
            at_ms=attempt.started_ms,
            service_tier=attempt.service_tier,
        )

    return anew


def _report(order: RepriceOrder, last: str, found: Mapping[str, Tally]) -> Repricing:
    before = sum(tally.before_nano for tally in found.values())
    after = sum(tally.after_nano for tally in found.values())
    models = [_model(name, tally) for name, tally in sorted(found.items()) if tally.changed]
    return Repricing(
        first=order.first,
        last=last,
        dry_run=order.dry_run,
        requests=sum(tally.requests for tally in found.values()),
        changed=sum(tally.changed for tally in found.values()),
        before_usd=usd(before),
        after_usd=usd(after),
        difference_usd=usd(after - before),
        models=models,
    )


def _model(name: str, tally: Tally) -> RepricedModel:
    return RepricedModel(
        model=name or None,
        requests=tally.requests,
        changed=tally.changed,
        before_usd=usd(tally.before_nano),
        after_usd=usd(tally.after_nano),
        difference_usd=usd(tally.after_nano - tally.before_nano),
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _day(now_ms: int, services: Services) -> str:
    today: date = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(services.ledger.zone).date()
    return today.isoformat()
