"""What counts cost: rates per model and date, compiled once, and exact integer arithmetic."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from codevector_daemon.metering import cache
from codevector_daemon.metering.catalogue import Catalogue, Dated, Entry, Rate, Variant
from codevector_daemon.metering.counts import Round, TokenCounts
from codevector_daemon.metering.matching import Finder, Match
from codevector_daemon.metering.rates import Band, Bands, Rates, band_for, bands_of, flat, text
from codevector_daemon.metering.service_tiers import parts_of, tier_for
from codevector_shared.protocol import ModelKind, PriceBasis

DEFAULT_RATES: Final = ("5", "25")
"""USD per million tokens in and out for a model that nobody priced: those of a large model, never a silent zero."""

_KEPT_CARDS: Final = 4096
_DAY_MS: Final = 86_400_000

Moment = tuple[int, tuple[int, ...]]
"""Which of an entry's prices and variants hold, by their places in the entry."""


class Price(Struct, frozen=True):
    """What one attempt cost in nano-dollars, and what that figure rests on."""

    spend_nano: int
    basis: PriceBasis
    version: str | None = None


class RateOverride(Struct, frozen=True):
    """Rates that replace the catalogue's, as USD-per-million-tokens decimal strings (exact, as they were typed)."""

    input: str
    output: str
    cached: str
    cache_write: str
    cache_write_1h: str


class CatalogueModel(Struct, frozen=True):
    """One model that a vendor has in the catalogue."""

    slug: str
    display_name: str
    kind: ModelKind
    context_window: int | None


class RateCard:
    """The rates of one model at one moment. ``_tiers`` is a memo of the bands per tier, filled here only."""

    def __init__(
        self,
        basis: PriceBasis,
        version: str | None,
        bands: Bands,
        *,
        match: Match | None = None,
        rates: dict[str, Rate] | None = None,
        variants: Sequence[Variant] = (),
    ) -> None:
        self.basis: PriceBasis = basis
        self.version = version
        self.bands = bands
        self._match = match
        self._rates = rates or {}
        self._variants = variants
        self._tiers: dict[tuple[str, ...], Bands] = {(): bands}

    def price(self, counts: TokenCounts, *, service_tier: str | None, provider_cost_nano: int | None) -> Price:
        """Price the counts of one attempt. A fixed price wins over the provider's own figure, that over the list."""
        if provider_cost_nano is not None and not self.is_fixed:
            return Price(provider_cost_nano, "provider")
        if self.basis == "unpriced":
            return Price(0, "unpriced")
        nano = band_for(self.bands_for(service_tier), counts.input).nano(counts)
        return Price(nano, self.basis, self.version)

    def bands_for(self, service_tier: str | None) -> Bands:
        """Return the rates of the tier that served."""
        parts = parts_of(service_tier) if self._match is not None else ()
        found = self._tiers.get(parts)
        if found is None:
            found = self._tiers[parts] = self._compiled(parts)
        return found

    @property
    def is_fixed(self) -> bool:
        """Whether an administrator set the price (by override, or as free)."""
        return self._match is None and self.basis in {"override", "free"}

    @property
    def rates(self) -> Rates | None:
        """The standard rates below any long-context threshold; None where nothing is known."""
        return None if self.basis == "unpriced" else self.bands[0].rates

    @property
    def input_price(self) -> str | None:
        """USD per million tokens, as the control API shows it."""
        return text(self.rates.input) if self.rates else None

    @property
    def output_price(self) -> str | None:
        """USD per million tokens."""
        return text(self.rates.output) if self.rates else None

    @property
    def cached_price(self) -> str | None:
        """USD per million tokens read from the cache."""
        return text(self.rates.cached) if self.rates else None

    @property
    def cache_write_price(self) -> str | None:
        """USD per million tokens written to the cache for 5 minutes."""
        return text(self.rates.cache_write_5m) if self.rates else None

    @property
    def cache_write_1h_price(self) -> str | None:
        """USD per million tokens written to the cache for an hour."""
        return text(self.rates.cache_write_1h) if self.rates else None

    @property
    def context_window(self) -> int | None:
        """Input tokens the model can read, where the catalogue knows."""
        return self._match.entry.context_window if self._match else None

    @property
    def max_output(self) -> int | None:
        """Output tokens the model can write: the catalogue does not say."""
        return None

    @property
    def capabilities(self) -> list[str]:
        """What the rates show that the model can do."""
        shown = {
            "web_search": "web_searches_kcount",
            "audio_input": "input_audio_mtok",
            "audio_output": "output_audio_mtok",
            "prompt_caching": "cache_read_mtok",
        }
        return [name for name, rate in shown.items() if rate in self._rates]

    def _compiled(self, parts: tuple[str, ...]) -> Bands:
        assert self._match is not None
        tier = tier_for(parts, self._variants if self._match.own else (), _family(self._match))
        return bands_of({**self._rates, **tier.rates}, claude=_is_claude(self._match), factor=tier.factor)


class PriceBook:
    """All rates. ``_cards`` is a memo, filled here only."""

    def __init__(self, catalogue: Catalogue, defaults: tuple[str, str] | None = DEFAULT_RATES) -> None:
        self.version = f"genai-prices {catalogue.version}"
        self._finder = Finder(catalogue)
        self._defaults = defaults
        self._cards: dict[tuple[object, ...], RateCard] = {}
        self._matches: dict[tuple[str, str], Match | None] = {}

    @classmethod
    def open(cls, path: Path | None, *, defaults: tuple[str, str] | None = DEFAULT_RATES) -> "PriceBook":
        """Read the compiled catalogue from its cache file, making it first where it is missing, old or damaged.

        Making it takes a process of its own and under a second; without a writable file it is kept in memory only.
        ``defaults`` are the rates in and out for unknown models, None to leave them unpriced.
        """
        return cls(cache.load(path), defaults)

    def card(
        self, vendor: str, upstream_model: str, at_ms: int, *, override: RateOverride | None, free: bool
    ) -> RateCard:
        """Return the rates of a model as they were at a moment.

        Without a vendor (or with one that the catalogue does not know) the model's name alone decides, and only where
        it leaves no doubt; see ``matching``.
        """
        if free or override is not None:
            return self._kept(("fixed", override, free), lambda: _fixed(override, free=free))
        match = self._match(vendor, upstream_model)
        if match is None:
            return self._kept(("unknown",), self._unknown)
        moment = _moment(match.entry, at_ms)
        return self._kept((match.vendor, vendor, match.entry.id, moment), lambda: self._listed(match, moment))

    def bill(
        self,
        card: RateCard,
        counts: TokenCounts,
        rounds: Sequence[Round],
        *,
        vendor: str,
        at_ms: int,
        service_tier: str | None,
        provider_cost_nano: int | None,
    ) -> Price:
        """Price an attempt whose ``rounds`` (parts of ``counts``) are charged apart, each at its own model's rates."""
        if not rounds or card.basis == "free" or (provider_cost_nano is not None and not card.is_fixed):
            return card.price(counts, service_tier=service_tier, provider_cost_nano=provider_cost_nano)
        own = counts
        spend = 0
        for part in rounds:
            own = own.minus(part.counts)
            other = self.card(vendor, part.model, at_ms, override=None, free=False) if part.model else card
            spend += other.price(part.counts, service_tier=service_tier, provider_cost_nano=None).spend_nano
        price = card.price(own, service_tier=service_tier, provider_cost_nano=None)
        return Price(price.spend_nano + spend, price.basis, price.version)

    def models(self, vendor: str) -> list[CatalogueModel]:
        """Return the models of a vendor that are priced by tokens and not deprecated, in the catalogue's order."""
        known = self._finder.vendor_id(vendor) if vendor else None
        return [_catalogue_model(entry) for entry in self._finder.entries(known or "") if _importable(entry)]

    def _match(self, vendor: str, model: str) -> Match | None:
        key = (vendor, model)
        if key not in self._matches:
            if len(self._matches) >= _KEPT_CARDS:
                self._matches.clear()
            found = self._finder.find(vendor, model)
            self._matches[key] = found if found is not None and _counts_tokens(found.entry) else None
        return self._matches[key]

    def _kept(self, key: tuple[object, ...], make: Callable[[], RateCard]) -> RateCard:
        card = self._cards.get(key)
        if card is None:
            if len(self._cards) >= _KEPT_CARDS:
                self._cards.clear()
            card = self._cards[key] = make()
        return card

    def _unknown(self) -> RateCard:
        if self._defaults is None:
            return RateCard("unpriced", None, (Band.of(Rates()),))
        base, output = self._defaults
        return RateCard("default", f"default {base}/{output}", (Band.of(flat((base, output, base, base, base))),))

    def _listed(self, match: Match, moment: Moment) -> RateCard:
        rates = match.entry.prices[moment[0]].rates
        bands = bands_of(rates, claude=_is_claude(match))
        basis: PriceBasis = "catalogue" if any(any(band.integers) for band in bands) else "free"
        variants = [match.entry.variants[index] for index in moment[1]]
        return RateCard(basis, self.version, bands, match=match, rates=rates, variants=variants)


def _fixed(override: RateOverride | None, *, free: bool) -> RateCard:
    """Make the card of a price that an administrator set; one that is zero throughout is free."""
    if free or override is None:
        return RateCard("free", None, (Band.of(Rates()),))
    numbers = (override.input, override.output, override.cached, override.cache_write, override.cache_write_1h)
    band = Band.of(flat(numbers))
    if not any(band.integers):
        return RateCard("free", None, (band,))
    return RateCard("override", "override " + "/".join(numbers), (band,))


def _moment(entry: Entry, at_ms: int) -> Moment:
    prices = entry.prices
    place = next((place for place in range(len(prices) - 1, 0, -1) if _holds(prices[place], at_ms)), 0)
    held = tuple(place for place, variant in enumerate(entry.variants) if _holds(variant.prices, at_ms))
    return place, held


def _holds(dated: Dated, at_ms: int) -> bool:
    if dated.from_ms is not None:
        return at_ms >= dated.from_ms
    if dated.day_seconds is None:
        return True
    start, end = dated.day_seconds
    second = at_ms % _DAY_MS / 1000
    return start <= second < end if start <= end else second >= start or second < end


def _is_claude(match: Match) -> bool:
    return "claude" in match.entry.id.lower()


def _family(match: Match) -> str:
    return "claude" if _is_claude(match) else match.vendor


def _counts_tokens(entry: Entry) -> bool:
    """Tell whether we count what the entry charges for: seconds of audio, characters and pages we do not."""
    rates = set().union(*(dated.rates for dated in entry.prices))
    return not rates or bool(rates & {"input_mtok", "output_mtok", "requests_kcount"})


def _importable(entry: Entry) -> bool:
    return not entry.deprecated and _counts_tokens(entry)


def _catalogue_model(entry: Entry) -> CatalogueModel:
    return CatalogueModel(
        slug=entry.id,
        display_name=entry.name or entry.id,
        kind="embedding" if "embed" in entry.id.lower() else "chat",
        context_window=entry.context_window,
    )
