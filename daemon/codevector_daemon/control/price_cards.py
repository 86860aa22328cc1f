"""Prices as people read them: a model's card, and one request's bill line by line."""

from collections.abc import Iterable
from fractions import Fraction

from codevector_daemon.control.rates_of import card_then, preferred, vendor_of
from codevector_daemon.control.services import Services
from codevector_daemon.directory import models
from codevector_daemon.errors import DirectoryError
from codevector_daemon.ledger.attempts import Attempt, read_attempt
from codevector_daemon.metering.arithmetic import BilledCharge, arithmetic, bands_beyond, exact_usd, example
from codevector_daemon.metering.cards import RateCard
from codevector_daemon.metering.rates import CALL_RATES, MILLION, TOKEN_RATES, Charge, Rates, text
from codevector_shared.money import usd
from codevector_shared.periods import iso
from codevector_shared.price_protocol import PriceCard, PriceLine, RateSet, RequestPrice, Unit

_TIERS = ("batch", "flex", "priority", "fast", "geo-us")
"""The tiers whose rates are shown where they differ from the standard ones."""


async def request_price(services: Services, request_id: str, user_id: int | None = None) -> RequestPrice:
    """Take the price of a request apart, of one user's where given; raises DirectoryError where there is none."""
    found = await services.store.read(lambda connection: read_attempt(connection, request_id))
    if found is None or user_id not in {None, found.series.user_id}:
        raise DirectoryError(
            "no_such_request",
            "request: there is none of that id that was settled",
            "`codevector requests --json` shows the ids.",
            status=404,
        )
    return _taken_apart(services, found)


def price_card(services: Services, slug: str) -> PriceCard:
    """Return a model's rates as they are now, with a worked example; raises DirectoryError 404."""
    facade = models.one(services.directory, slug)
    now_ms = services.now_ms()
    provider, upstream_model = preferred(facade)
    vendor = vendor_of(provider)
    card = services.prices.card(vendor, upstream_model, now_ms, override=facade.override, free=facade.free)
    _, lines, nano = example(card)
    unpriced = card.basis == "unpriced"
    since = card.since_ms
    return PriceCard(
        model=facade.slug,
        provider=provider.name if provider else None,
        upstream_model=upstream_model,
        price_basis=card.basis,
        source=card.version,
        entry=card.entry,
        since=iso(since, services.ledger.zone) if since is not None else None,
        context_window=facade.context_window or card.context_window,
        tiers=[] if unpriced else list(_rate_sets(card)),
        example=[] if unpriced else [_line(BilledCharge(one)) for one in lines],
        example_usd=None if unpriced else usd(nano),
    )


def _taken_apart(services: Services, attempt: Attempt) -> RequestPrice:
    provider = services.directory.provider(attempt.series.provider)
    vendor = vendor_of(provider) or attempt.series.provider
    worked = arithmetic(
        services.prices,
        card_then(services.prices, attempt, vendor),
        attempt.counts,
        attempt.extras,
        vendor=vendor,
        at_ms=attempt.started_ms,
        service_tier=attempt.service_tier,
    )
    spend, cost = worked.price.spend_nano, attempt.extras.provider_cost_nano
    exact = worked.exact_nano if worked.lines else Fraction(spend)
    return RequestPrice(
        id=attempt.id,
        model=attempt.series.model or None,
        upstream_model=attempt.series.upstream_model or None,
        provider=attempt.series.provider or None,
        usage_source=attempt.usage_source,
        price_basis=attempt.price_basis,
        price_version=attempt.price_version,
        service_tier=attempt.service_tier,
        above_input_tokens=worked.above,
        lines=[_line(line) for line in worked.lines],
        exact_usd=exact_usd(exact),
        rounding_usd=exact_usd(spend - exact),
        spend_usd=usd(attempt.spend_nano),
        worked_usd=usd(spend),
        provider_cost_usd=usd(cost) if cost is not None else None,
    )


def _line(billed: BilledCharge) -> PriceLine:
    charge = billed.charge
    return PriceLine(
        what=charge.what,
        quantity=charge.quantity,
        unit=_unit(charge),
        rate=text(charge.rate),
        per=charge.per,
        amount_usd=exact_usd(charge.nano),
        model=billed.model,
    )


def _unit(charge: Charge) -> Unit:
    if charge.what == "audio_seconds":
        return "second"
    return "token" if charge.per == MILLION else "call"


def _rate_sets(card: RateCard) -> Iterable[RateSet]:
    """Yield the standard rates, those of long contexts, and those of other tiers where they differ."""
    standard = card.bands[0].rates
    yield RateSet(when="standard", rates=_shown(standard))
    for band in bands_beyond(card):
        yield RateSet(when=f"above {band.above:,} input tokens", rates=_shown(band.rates))
    for tier in _TIERS:
        rates = card.bands_for(tier)[0].rates
        if rates != standard:
            yield RateSet(when=f"tier {tier}", rates=_shown(rates))


def _shown(rates: Rates) -> dict[str, str]:
    """Return the rates worth reading: those of kinds of tokens that cost what their whole costs are left out."""
    usual = {"reasoning": "output", "audio_output": "output", "image_output": "output", "video_output": "output"}
    usual |= {"audio_input": "input", "image_input": "input", "video_input": "input"}
    usual |= {"audio_cached": "cached", "image_cached": "cached"}
    names = [*TOKEN_RATES, *CALL_RATES, "audio_hour"]
    values = {name: getattr(rates, name) for name in names}
    return {
        name: text(value)
        for name, value in values.items()
        if (value != values[usual[name]] if name in usual else value or name in {"input", "output", "cached"})
    }
