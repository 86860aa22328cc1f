"""How a price comes about, line by line: counts times rate, the sum, and the one rounding."""

from fractions import Fraction
from typing import Final

from msgspec import Struct

from codevector_daemon.metering.cards import Price, RateCard
from codevector_daemon.metering.counts import Extras, TokenCounts
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.metering.rates import Band, Charge, band_for, charges
from codevector_shared.money import NANOS_PER_USD

PLACES: Final = 18
"""Decimal places of an exact amount in USD; only audio charged by the hour may have more."""


class BilledCharge(Struct, frozen=True):
    """A line of a bill, with the model it is charged for where that is not the call's own."""

    charge: Charge
    model: str | None = None


class Arithmetic(Struct, frozen=True):
    """A price taken apart. Without lines the price rests on no rates: the provider stated it, or nobody did."""

    price: Price
    lines: tuple[BilledCharge, ...] = ()
    exact_nano: Fraction = Fraction(0)
    above: int | None = None
    """The long-context threshold whose rates apply, in input tokens."""


def arithmetic(
    book: PriceBook,
    card: RateCard,
    counts: TokenCounts,
    extras: Extras,
    *,
    vendor: str,
    at_ms: int,
    service_tier: str | None,
) -> Arithmetic:
    """Take apart what ``PriceBook.bill`` makes of the same counts."""
    price = book.bill(card, counts, extras, vendor=vendor, at_ms=at_ms, service_tier=service_tier)
    if price.basis in {"provider", "unpriced"}:
        return Arithmetic(price)
    own = counts
    lines: list[BilledCharge] = []
    if card.basis != "free":
        for part in extras.rounds:
            own = own.minus(part.counts)
            other = book.card(vendor, part.model, at_ms, override=None, free=False) if part.model else card
            within = Extras(parts=part.parts)
            rates = other.band(part.counts, service_tier).rates
            lines += [BilledCharge(one, part.model) for one in charges(rates, part.counts, within)]
    band = card.band(own, service_tier)
    lines = [*(BilledCharge(one) for one in charges(band.rates, own, extras)), *lines]
    exact = sum((line.charge.nano for line in lines), Fraction(0))
    return Arithmetic(price, tuple(lines), exact, band.above if band.above >= 0 else None)


def bands_beyond(card: RateCard) -> tuple[Band, ...]:
    """Return the bands of a card for long contexts."""
    return tuple(band for band in card.bands if band.above >= 0)


def example(card: RateCard) -> tuple[TokenCounts, list[Charge], int]:
    """Return a call of ordinary size with its lines and its price in nano-dollars."""
    counts = TokenCounts(uncached_input=2_000, cache_read=8_000, output=500)
    rates = band_for(card.bands, counts.input).rates
    return counts, charges(rates, counts), band_for(card.bands, counts.input).nano(counts)


def exact_usd(nano: Fraction) -> str:
    """Return an amount in USD as a decimal string with all its places, at least nine."""
    scaled, rest = divmod(abs(nano.numerator) * 10**PLACES, nano.denominator * NANOS_PER_USD)
    scaled += rest * 2 >= nano.denominator * NANOS_PER_USD
    whole, fraction = divmod(scaled, 10**PLACES)
    digits = f"{fraction:0{PLACES}d}".rstrip("0").ljust(9, "0")
    return f"{'-' if nano < 0 else ''}{whole}.{digits}"
