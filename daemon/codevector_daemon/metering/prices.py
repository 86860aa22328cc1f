"""What counts cost: rates per model and date, compiled once, and exact integer arithmetic."""

import logging
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from codevector_daemon.metering import cache, sync
from codevector_daemon.metering.cards import Listing, Price, RateCard, RateOverride, fixed_card, unknown_card
from codevector_daemon.metering.catalogue import Catalogue, Entry
from codevector_daemon.metering.counts import Extras, TokenCounts
from codevector_daemon.metering.matching import Finder, Match
from codevector_daemon.metering.rates import half_even
from codevector_shared.protocol import ModelKind

__all__ = ["CatalogueModel", "Price", "PriceBook", "RateCard", "RateOverride"]

logger = logging.getLogger(__name__)

DEFAULT_RATES: Final = ("5", "25")
"""USD per million tokens in and out for a model that nobody priced: those of a large model, never a silent zero."""

BUNDLED: Final = "bundled with CodeVector"

_KEPT: Final = 4096
"""Models and overrides remembered; more than any installation has."""


class CatalogueModel(Struct, frozen=True):
    """One model that a vendor has in the catalogue."""

    slug: str
    display_name: str
    kind: ModelKind
    context_window: int | None


class PriceBook:
    """All rates. ``_fixed``, ``_listings`` and ``_warned`` are memos, filled here only."""

    def __init__(self, catalogue: Catalogue, defaults: tuple[str, str] | None = DEFAULT_RATES) -> None:
        self._adopt(catalogue)
        self.source = BUNDLED
        self.applied_ms: int | None = None
        """When an administrator put this catalogue in place of the bundled one."""
        self.synced_file: Path | None = None
        """Where a catalogue that an administrator applied is kept."""
        self._unknown = unknown_card(defaults)
        self._fixed: dict[RateOverride | None, RateCard] = {}
        self._warned: set[str] = set()

    @classmethod
    def open(
        cls, path: Path | None, *, defaults: tuple[str, str] | None = DEFAULT_RATES, synced: Path | None = None
    ) -> "PriceBook":
        """Read the compiled catalogue from its cache file, making it first where it is missing, old or damaged.

        Making it takes a process of its own and under a second; without a writable file it is kept in memory only.
        ``defaults`` are the rates in and out for unknown models, None to leave them unpriced. A catalogue that an
        administrator applied lies in the file ``synced`` (left out: beside the cache) and wins over the bundled one.
        """
        file = synced or (path.with_name(sync.FILE) if path is not None else None)
        kept = sync.read(file) if file is not None else None
        book = cls(kept.catalogue if kept is not None else cache.load(path), defaults)
        book.synced_file = file
        if kept is not None:
            book.source, book.applied_ms = kept.source, kept.applied_ms
        return book

    def adopt(self, kept: sync.Synced) -> None:
        """Price from another catalogue from now on, and after the next start too; raises OSError."""
        if self.synced_file is not None:
            sync.write(self.synced_file, kept)
        self._adopt(kept.catalogue)
        self.source, self.applied_ms = kept.source, kept.applied_ms

    def _adopt(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.version = f"genai-prices {catalogue.version}"
        self._finder = Finder(catalogue)
        self._listings: dict[tuple[str, str], Listing | None] = {}

    def card(
        self, vendor: str, upstream_model: str, at_ms: int, *, override: RateOverride | None, free: bool
    ) -> RateCard:
        """Return the rates of a model as they were at a moment.

        Without a vendor (or with one that the catalogue does not know) the model's name alone decides, and only where
        it leaves no doubt; see ``matching``.
        """
        if free or override is not None:
            return self._set(override, free=free)
        card = self.listed(vendor, upstream_model, at_ms)
        if card is None:
            self._warn(upstream_model)
            return self._unknown
        return card

    def listed(self, vendor: str, upstream_model: str, at_ms: int) -> RateCard | None:
        """Return the rates that the catalogue states for a model and a moment; None where it has no such model."""
        listing = self._listing(vendor, upstream_model)
        return listing.card(at_ms) if listing is not None else None

    def bill(
        self,
        card: RateCard,
        counts: TokenCounts,
        extras: Extras,
        *,
        vendor: str,
        at_ms: int,
        service_tier: str | None,
    ) -> Price:
        """Price an attempt: its rounds each at its own model's rates, all in one exact sum that is rounded once."""
        cost = extras.provider_cost_nano
        if not extras.rounds or card.basis in {"free", "unpriced"} or (cost is not None and not card.is_fixed):
            return card.price(counts, extras, service_tier=service_tier, provider_cost_nano=cost)
        own, exact = counts, Fraction(0)
        for part in extras.rounds:
            own = own.minus(part.counts)
            other = self.card(vendor, part.model, at_ms, override=None, free=False) if part.model else card
            exact += other.band(part.counts, service_tier).exact(part.counts, Extras(parts=part.parts))
        exact += card.band(own, service_tier).exact(own, extras)
        return Price(half_even(exact.numerator, exact.denominator), card.basis, card.version)

    def models(self, vendor: str) -> list[CatalogueModel]:
        """Return the models of a vendor that are priced by tokens and not deprecated, in the catalogue's order."""
        known = self._finder.vendor_id(vendor) if vendor else None
        return [_catalogue_model(entry) for entry in self._finder.entries(known or "") if _importable(entry)]

    def find(self, vendor: str, model: str) -> Match | None:
        """Find the catalogue's entry for a model."""
        return self._finder.find(vendor, model)

    def entries(self, vendor: str) -> tuple[Entry, ...]:
        """Return all of a vendor's entries, in the catalogue's order."""
        return self._finder.entries(vendor)

    def _warn(self, model: str) -> None:
        """Say once for each model that nobody priced it."""
        if model not in self._warned and len(self._warned) < _KEPT:
            self._warned.add(model)
            what = "counted without a price" if self._unknown.basis == "unpriced" else "charged at the default rates"
            logger.warning("%r is in no price list and is %s; `codevector models set` prices it", model, what)

    def _listing(self, vendor: str, model: str) -> Listing | None:
        key = (vendor, model)
        if key not in self._listings:
            found = self._finder.find(vendor, model)
            listed = found is not None and _counts_tokens(found.entry)
            _make_room(self._listings)
            self._listings[key] = Listing(found, self.version) if found is not None and listed else None
        return self._listings[key]

    def _set(self, override: RateOverride | None, *, free: bool) -> RateCard:
        key = None if free else override
        card = self._fixed.get(key)
        if card is None:
            _make_room(self._fixed)
            card = self._fixed[key] = fixed_card(override, free=free)
        return card


def _make_room(memo: dict[Any, Any]) -> None:
    """Start a memo anew before it grows without end."""
    if len(memo) >= _KEPT:
        memo.clear()


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
