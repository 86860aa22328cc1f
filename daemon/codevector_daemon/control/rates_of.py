"""Which rates belong to a row: those it was priced by, and those it would be priced by now."""

from functools import cache

from codevector_daemon.directory import Directory
from codevector_daemon.directory.kinds import kind_of
from codevector_daemon.directory.values import Facade, Provider
from codevector_daemon.ledger.attempts import Attempt
from codevector_daemon.metering.cards import RateCard, RateOverride, fixed_card, unknown_card
from codevector_daemon.metering.prices import PriceBook


class AsFirstSeen:
    """The directory's models and providers, each as it was when first asked for, so that one work knows one rate."""

    def __init__(self, directory: Directory) -> None:
        self.facade = cache(directory.facade)
        self.provider = cache(directory.provider)


def preferred(facade: Facade) -> tuple[Provider | None, str]:
    """Return the provider and upstream model that serve a facade first."""
    if not facade.backends:
        return None, facade.slug
    return facade.backends[0].provider, facade.backends[0].upstream_model


def vendor_of(provider: Provider | None) -> str:
    """Return the catalogue's name of a provider's vendor."""
    return kind_of(provider).vendor if provider is not None else ""


def card_then(prices: PriceBook, attempt: Attempt, vendor: str) -> RateCard:
    """Return the rates a row was priced by: the row itself says fixed ones, the catalogue those of its time."""
    kind, _, numbers = (attempt.price_version or "").partition(" ")
    if kind == "override" and numbers:
        return fixed_card(RateOverride(*numbers.split("/")), free=False)
    if kind == "default" and numbers:
        first, _, second = numbers.partition("/")
        return unknown_card((first, second))
    if attempt.price_basis == "free" and attempt.price_version is None:
        return fixed_card(None, free=True)
    if attempt.price_basis == "unpriced":
        return unknown_card(None)
    return prices.card(vendor, attempt.series.upstream_model, attempt.started_ms, override=None, free=False)


def card_now(prices: PriceBook, attempt: Attempt, directory: AsFirstSeen) -> RateCard | None:
    """Return the rates that a row of that time has by what is set now; None where nobody can tell whose model it was.

    What the catalogue says of a time stays; what changes is an override, a corrected catalogue, or a default.
    """
    facade = directory.facade(attempt.series.model) if attempt.series.model else None
    provider = directory.provider(attempt.series.provider)
    if facade is not None and (facade.free or facade.override is not None):
        return prices.card("", facade.slug, attempt.started_ms, override=facade.override, free=facade.free)
    if provider is None and not attempt.imported:
        return None
    vendor = vendor_of(provider) or ("" if provider is not None else attempt.series.provider)
    return prices.card(vendor, attempt.series.upstream_model, attempt.started_ms, override=None, free=False)
