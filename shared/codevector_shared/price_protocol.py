"""The messages of the control API that are about prices. See ``protocol`` for what all of them share."""

from typing import Literal

from msgspec import Struct, field

from codevector_shared.protocol import Answer, Message, PriceBasis, UsageSource

Unit = Literal["token", "call", "second"]


class PriceLine(Answer, frozen=True):
    """One line of a bill: ``quantity`` units at ``rate`` USD for every ``per`` of them, exactly."""

    what: str
    quantity: int
    unit: Unit
    rate: str
    per: int
    amount_usd: str
    model: str | None = None
    """The model charged, where it is not the call's own."""


class RequestPrice(Answer, kw_only=True, frozen=True):
    """How the price of one request came about. ``exact_usd`` is the sum of the lines before its one rounding."""

    id: str
    model: str | None
    upstream_model: str | None
    provider: str | None
    usage_source: UsageSource
    price_basis: PriceBasis | None
    price_version: str | None
    service_tier: str | None
    above_input_tokens: int | None
    lines: list[PriceLine]
    exact_usd: str
    rounding_usd: str
    spend_usd: str
    """What the row was charged; what the rates of its time give now is ``worked_usd``."""
    worked_usd: str
    provider_cost_usd: str | None = None


class RateSet(Answer, kw_only=True, frozen=True):
    """Rates that hold under one condition: USD per million tokens, per thousand calls, per hour of audio."""

    when: str
    rates: dict[str, str]


class PriceCard(Answer, kw_only=True, frozen=True):
    """The rates of a model now, where they come from, and what an ordinary call costs by them."""

    model: str
    provider: str | None
    upstream_model: str | None
    price_basis: PriceBasis
    source: str | None
    entry: str | None
    since: str | None
    """From when on these rates hold, where the catalogue says so."""
    context_window: int | None
    tiers: list[RateSet]
    example: list[PriceLine]
    example_usd: str | None


class RepriceOrder(Message, kw_only=True, frozen=True):
    """Work out prices again, for the days from ``from`` to ``to`` inclusive (left out: today)."""

    first: str = field(name="from")
    last: str | None = field(default=None, name="to")
    model: str | None = None
    dry_run: bool = False


class RepricedModel(Answer, kw_only=True, frozen=True):
    """What repricing changes of one model."""

    model: str | None
    requests: int
    changed: int
    before_usd: str
    after_usd: str
    difference_usd: str


class Repricing(Answer, kw_only=True, frozen=True):
    """What repricing changed, or would change where ``dry_run``."""

    first: str = field(name="from")
    last: str = field(name="to")
    dry_run: bool
    requests: int
    changed: int
    before_usd: str
    after_usd: str
    difference_usd: str
    models: list[RepricedModel]


class PricedModel(Answer, kw_only=True, frozen=True):
    """A model whose price deserves a look, and its share of what was spent."""

    model: str | None
    upstream_model: str | None
    provider: str | None
    price_basis: PriceBasis
    requests: int
    spend_usd: str
    spend_share: float


class OverrideGap(Answer, kw_only=True, frozen=True):
    """An override that is far from the catalogue: rates in USD per million tokens."""

    model: str
    rate: str
    override: str
    catalogue: str
    ratio: float


class PriceHealth(Answer, kw_only=True, frozen=True):
    """What ``codevector doctor --prices`` shows, over 30 days; ``requests`` are the rows that used something."""

    unsure: list[PricedModel]
    overrides: list[OverrideGap]
    requests: int
    estimated_requests: int
    spend_usd: str
    estimated_spend_usd: str
    catalogue: str


class DailyModel(Answer, kw_only=True, frozen=True):
    """What one upstream model used in one UTC day, as providers' exports count it."""

    day: str
    model: str
    requests: int
    uncached_input_tokens: int
    cached_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    spend_usd: str


class DailyModels(Answer, kw_only=True, frozen=True):
    """Usage by UTC day and upstream model. ``complete_from``: before it request rows are no longer all kept."""

    days: list[DailyModel]
    complete_from: str | None


class CatalogueInfo(Answer, kw_only=True, frozen=True):
    """The price catalogue in use."""

    version: str
    source: str
    applied_at: str | None
    age_days: int | None
    vendors: int
    models: int
    synced: bool


class CatalogueEntry(Struct, frozen=True):
    """A catalogue entry and what becomes of it; rates as ``input/output`` in USD per million tokens."""

    vendor: str
    model: str
    before: str | None = None
    after: str | None = None


class CatalogueChange(Answer, kw_only=True, frozen=True):
    """What a catalogue would change, or did. Overrides are never touched."""

    version: str
    source: str
    applied: bool
    added: list[CatalogueEntry]
    changed: list[CatalogueEntry]
    deprecated: list[CatalogueEntry]
    gone: list[CatalogueEntry]
