"""The rates of one model, and what counts cost by them."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from codevector_daemon.metering.catalogue import Dated, Entry, Rate, Variant
from codevector_daemon.metering.counts import NO_EXTRAS, Extras, TokenCounts
from codevector_daemon.metering.matching import Match
from codevector_daemon.metering.rates import Band, Bands, Rates, band_for, bands_of, flat, text
from codevector_daemon.metering.service_tiers import parts_of, tier_for
from codevector_shared.protocol import PriceBasis

_DAY_MS: Final = 86_400_000


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
        since_ms: int | None = None,
    ) -> None:
        self.since_ms = since_ms
        self.basis: PriceBasis = basis
        self.version = version
        self.bands = bands
        self._match = match
        self._rates = rates or {}
        self._variants = variants
        self._tiers: dict[tuple[str, ...], Bands] = {(): bands}

    def price(
        self,
        counts: TokenCounts,
        extras: Extras = NO_EXTRAS,
        *,
        service_tier: str | None,
        provider_cost_nano: int | None,
    ) -> Price:
        """Price the counts of one attempt. A fixed price wins over the provider's own figure, that over the list."""
        if provider_cost_nano is not None and not self.is_fixed:
            return Price(provider_cost_nano, "provider")
        if self.basis == "unpriced":
            return Price(0, "unpriced")
        return Price(self.band(counts, service_tier).nano(counts, extras), self.basis, self.version)

    def band(self, counts: TokenCounts, service_tier: str | None) -> Band:
        """Return the rates that a call belongs to: of the tier that served, at the length of its input."""
        return band_for(self.bands_for(service_tier), counts.input)

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
        """USD per million tokens, as are all that follow; None where nothing is known."""
        return self._price("input")

    @property
    def output_price(self) -> str | None:
        """What the model writes."""
        return self._price("output")

    @property
    def cached_price(self) -> str | None:
        """What is read from the cache."""
        return self._price("cached")

    @property
    def cache_write_price(self) -> str | None:
        """What is written to the cache for 5 minutes."""
        return self._price("cache_write_5m")

    @property
    def cache_write_1h_price(self) -> str | None:
        """What is written to the cache for an hour."""
        return self._price("cache_write_1h")

    @property
    def entry(self) -> str | None:
        """The catalogue's own entry, as ``vendor/model``."""
        return f"{self._match.vendor}/{self._match.entry.id}" if self._match else None

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

    def _price(self, name: str) -> str | None:
        rate: Decimal | None = getattr(self.rates, name, None)
        return None if rate is None else text(rate)

    def _compiled(self, parts: tuple[str, ...]) -> Bands:
        assert self._match is not None
        tier = tier_for(parts, self._variants if self._match.own else (), _family(self._match))
        return bands_of({**self._rates, **tier.rates}, claude=is_claude(self._match), factor=tier.factor)


class Listing:
    """A model of the catalogue through time. ``_cards`` is a memo of its cards, filled here only.

    An entry without daily hours changes only at known moments, so that the card of a call is found by bisection.
    """

    def __init__(self, match: Match, version: str) -> None:
        self._match = match
        self._version = version
        dated = [*match.entry.prices, *(variant.prices for variant in match.entry.variants)]
        self._starts = sorted({one.from_ms for one in dated if one.from_ms is not None})
        self._daily = any(one.day_seconds is not None for one in dated)
        self._cards: dict[object, RateCard] = {}

    def card(self, at_ms: int) -> RateCard:
        """Return the rates at a moment."""
        key = _moment(self._match.entry, at_ms) if self._daily else bisect_right(self._starts, at_ms)
        card = self._cards.get(key)
        if card is None:
            card = self._cards[key] = self._made(at_ms)
        return card

    def _made(self, at_ms: int) -> RateCard:
        match = self._match
        place, held = _moment(match.entry, at_ms)
        rates = match.entry.prices[place].rates
        bands = bands_of(rates, claude=is_claude(match))
        basis: PriceBasis = "catalogue" if any(any(band.integers) for band in bands) else "free"
        variants = [match.entry.variants[index] for index in held]
        since = match.entry.prices[place].from_ms
        return RateCard(basis, self._version, bands, match=match, rates=rates, variants=variants, since_ms=since)


def fixed_card(override: RateOverride | None, *, free: bool) -> RateCard:
    """Make the card of a price that an administrator set; one that is zero throughout is free."""
    if free or override is None:
        return RateCard("free", None, (Band.of(Rates()),))
    numbers = (override.input, override.output, override.cached, override.cache_write, override.cache_write_1h)
    band = Band.of(flat(numbers))
    if not any(band.integers):
        return RateCard("free", None, (band,))
    return RateCard("override", "override " + "/".join(numbers), (band,))


def unknown_card(defaults: tuple[str, str] | None) -> RateCard:
    """Make the card of a model that nobody priced: stated default rates, or none."""
    if defaults is None:
        return RateCard("unpriced", None, (Band.of(Rates()),))
    base, output = defaults
    return RateCard("default", f"default {base}/{output}", (Band.of(flat((base, output, base, base, base))),))


def _moment(entry: Entry, at_ms: int) -> tuple[int, tuple[int, ...]]:
    """Return which of an entry's prices and variants hold, by their places in the entry."""
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


def is_claude(match: Match) -> bool:
    """Tell whether a model is Anthropic's, whoever sells it."""
    return "claude" in match.entry.id.lower()


def _family(match: Match) -> str:
    return "claude" if is_claude(match) else match.vendor
