"""Our compiled rates against genai-prices' own arithmetic, for every model it has, at any time.

Where our rule is deliberately another, the case says so: cache writes of Anthropic models without a stated rate, and
tiers that the catalogue states no price for (``stated``). Groq bills at least ten seconds of a transcription, a
protocol that has no route here: shorter ones are left out. Rates that nothing here counts for are in ``LEFT_OUT``.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_daemon.metering.cards import Listing
from codevector_daemon.metering.catalogue import Entry
from codevector_daemon.metering.counts import Extras, TokenCounts
from codevector_daemon.metering.matching import Match
from codevector_daemon.metering.prices import PriceBook

PROVIDERS = get_snapshot().providers
MODELS = [(provider, place, model) for provider in PROVIDERS for place, model in enumerate(provider.models)]
PLACES = st.integers(0, len(MODELS) - 1)
"""Drawn instead of a model itself, whose printed form would be 90 kB in every failure."""
TOKENS = st.integers(0, 3_000_000) | st.integers(0, 2**40) | st.sampled_from([0, 1, 128_000, 200_000, 200_001, 272_001])
MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
TIERS = st.sampled_from([None, "batch", "flex", "priority", "fast", "default"])
CONTEXT = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
    "default": {"service_tier": "default"},
}

LEFT_OUT = {
    "input_mchars": "speech made from text: no route here",
    "input_text_messages_kcount": "messages within a voice session: no route here",
    "input_document_kpages": "pages read by OCR: no route here",
    "input_annotated_document_kpages": "pages read by OCR: no route here",
    "output_citation_mtok": "Perplexity's citations: it reports them beside the output, at what its input costs",
}
"""Rates that are never applied: nothing that passes here uses what they are for, or it is counted elsewhere."""
CHARGED = {
    *("input_mtok", "input_audio_mtok", "input_image_mtok", "input_video_mtok", "input_audio_hours", "audio_hours"),
    *("cache_read_mtok", "cache_audio_read_mtok", "cache_image_read_mtok", "cache_write_mtok", "cache_write_1h_mtok"),
    *("output_mtok", "output_reasoning_mtok", "output_audio_mtok", "output_image_mtok", "output_video_mtok"),
    *("web_searches_kcount", "requests_kcount", "storage_searches_kcount"),
}
OF_EACH = TokenCounts(
    uncached_input=10_007,
    cache_read=20_011,
    cache_write_5m=3_001,
    cache_write_1h=4_003,
    output=50_021,
    reasoning=6_007,
    audio_input=701,
    audio_output=809,
    server_tool_calls=11,
)
EXTRAS_OF_EACH = Extras(
    parts={
        "image_input": 907,
        "video_input": 1_009,
        "audio_cached": 1_103,
        "image_cached": 1_201,
        "image_output": 1_301,
        "video_output": 1_409,
    },
    file_searches=13,
    audio_seconds=3_607,
)
"""Some of everything, no two counts alike: a rate that is left out or taken for another shows."""
NO_PARTS = Extras(parts=dict.fromkeys(EXTRAS_OF_EACH.parts, 0))


@st.composite
def counts(draw: st.DrawFn) -> TokenCounts:
    uncached, output = draw(TOKENS), draw(TOKENS)
    reasoning = draw(st.integers(0, output))
    return TokenCounts(
        uncached_input=uncached,
        cache_read=draw(TOKENS),
        cache_write_5m=draw(TOKENS),
        cache_write_1h=draw(TOKENS),
        output=output,
        reasoning=reasoning,
        audio_input=draw(st.integers(0, uncached)),
        audio_output=draw(st.integers(0, output - reasoning)),
        server_tool_calls=draw(st.integers(0, 50)),
    )


@st.composite
def counts_and_extras(draw: st.DrawFn) -> tuple[TokenCounts, Extras]:
    used = draw(counts())
    text, cached = used.uncached_input - used.audio_input, used.cache_read
    written = used.output - used.reasoning - used.audio_output
    image, seen = draw(st.integers(0, text)), draw(st.integers(0, written))
    heard = draw(st.integers(0, cached))
    parts = {
        "image_input": image,
        "video_input": draw(st.integers(0, text - image)),
        "audio_cached": heard,
        "image_cached": draw(st.integers(0, cached - heard)),
        "image_output": seen,
        "video_output": draw(st.integers(0, written - seen)),
    }
    searches, seconds = draw(st.integers(0, 20)), draw(st.just(0) | st.integers(10, 10_000))
    return used, Extras(parts=parts, file_searches=searches, audio_seconds=seconds)


def theirs(
    model: ModelInfo, provider: Provider, used: TokenCounts, extras: Extras, at: datetime, *, tier: str | None
) -> int:
    parts = extras.parts
    usage = Usage(
        input_tokens=used.input,
        cache_read_tokens=used.cache_read,
        cache_write_tokens=used.cache_write_5m + used.cache_write_1h,
        cache_write_1h_tokens=used.cache_write_1h,
        cache_audio_read_tokens=parts["audio_cached"],
        input_audio_tokens=used.audio_input + parts["audio_cached"],
        input_image_tokens=parts["image_input"] + parts["image_cached"],
        input_video_tokens=parts["video_input"],
        cache_image_read_tokens=parts["image_cached"],
        output_tokens=used.output,
        output_reasoning_tokens=used.reasoning,
        output_audio_tokens=used.audio_output,
        output_image_tokens=parts["image_output"],
        output_video_tokens=parts["video_output"],
        output_citation_tokens=0,
        web_searches=used.server_tool_calls,
        storage_searches=extras.file_searches,
        audio_seconds=extras.audio_seconds,
        input_audio_seconds=extras.audio_seconds,
        input_characters=0,
        input_text_messages=0,
        input_document_pages=0,
        input_annotated_document_pages=0,
    )
    context = CONTEXT[tier] if tier else None
    price = model.calc_price(usage, provider, genai_request_timestamp=at, price_context=context)
    return int((price.total_price * 10**9).quantize(Decimal(1), ROUND_HALF_EVEN))


def stated(entry: Entry, model: ModelInfo, at: datetime, tier: str | None) -> bool:
    """Tell whether the catalogue states a price for the tier, so that no rule of ours applies."""
    if tier in (None, "default"):
        return True
    prices = model.get_prices(at, CONTEXT[tier or ""])
    return prices != model.get_prices(at) or not any(one.rates for one in entry.prices)


@settings(max_examples=1500)
@given(PLACES, counts_and_extras(), MOMENTS, TIERS)
def test_compiled_rates_agree_to_the_nano_dollar(
    book: PriceBook,
    chosen: int,
    both: tuple[TokenCounts, Extras],
    at: datetime,
    tier: str | None,
) -> None:
    assert_agree(book, chosen, both, at, tier)


@settings(max_examples=5)
@given(counts_and_extras(), MOMENTS, TIERS)
def test_compiled_rates_of_every_single_model_agree(
    book: PriceBook, both: tuple[TokenCounts, Extras], at: datetime, tier: str | None
) -> None:
    for place in range(len(MODELS)):
        assert_agree(book, place, both, at, tier)


def prices_of(model: ModelInfo) -> Iterator[tuple[ModelPrice, object]]:
    """Yield every price that the catalogue states for a model, past ones and those of tiers too, with when it holds."""
    conditional = model.prices if isinstance(model.prices, list) else ()
    if not conditional:
        yield model.prices, None
    for one in (*conditional, *(model.price_variants or ())):
        yield one.prices, one.constraint


def changes(model: ModelInfo) -> set[datetime]:
    """Return the moments at which a model's price changes, and those right before them."""
    found = {datetime(2026, 11, 20, 12, tzinfo=UTC)}
    for _, constraint in prices_of(model):
        if hasattr(constraint, "start_date"):
            found.add(datetime.combine(constraint.start_date, datetime.min.time(), UTC))
        elif constraint is not None:
            found |= {
                datetime.combine(date(2025, 6, 2), at, UTC) for at in (constraint.start_time, constraint.end_time)
            }
    return {at - timedelta(milliseconds=early) for at in found for early in (0, 1)}


def test_every_rate_of_the_catalogue_is_charged_or_left_out_for_a_reason() -> None:
    prices = [price for _, _, model in MODELS for price, _ in prices_of(model)]
    stated_rates = {name for price in prices for name, rate in vars(price).items() if rate is not None}
    assert stated_rates == CHARGED | LEFT_OUT.keys()


def test_at_every_change_of_a_price_every_rate_and_tier_of_every_model_agrees(book: PriceBook) -> None:
    compared = 0
    for place, (_, _, model) in enumerate(MODELS):
        for at in changes(model):
            for tier in CONTEXT if model.price_variants else (None,):
                assert_agree(book, place, (OF_EACH, EXTRAS_OF_EACH), at, tier)
                compared += 1
    assert compared > 2 * len(MODELS)


def test_at_every_threshold_of_a_long_context_the_whole_call_agrees(book: PriceBook) -> None:
    compared = 0
    for place, (_, _, model) in enumerate(MODELS):
        tiered = [
            rate for price, _ in prices_of(model) for rate in vars(price).values() if isinstance(rate, TieredPrices)
        ]
        for start in {tier.start for rate in tiered for tier in rate.tiers}:
            for more in (-1, 0, 1):
                used = TokenCounts(uncached_input=1_000, cache_read=start + more - 1_000, output=500, reasoning=20)
                for at in changes(model):
                    assert_agree(book, place, (used, NO_PARTS), at, None)
                    compared += 1
    assert compared > 100


def assert_agree(
    book: PriceBook, chosen: int, both: tuple[TokenCounts, Extras], at: datetime, tier: str | None
) -> None:
    used, extras = both
    provider, place, model = MODELS[chosen]
    entry = book.entries(provider.id)[place]
    assert entry.id == model.id
    prices = model.get_prices(at, CONTEXT[tier] if tier else None)
    writes = getattr(prices, "cache_write_mtok", None), getattr(prices, "cache_write_1h_mtok", None)
    if "claude" in model.id.lower() and None in writes:
        used = used.minus(TokenCounts(cache_write_5m=used.cache_write_5m, cache_write_1h=used.cache_write_1h))
    card = Listing(Match(provider.id, entry, own=True), "v").card(int(at.timestamp() * 1000))
    if not stated(entry, model, at, tier):
        tier = None
    ours = card.price(used, extras, service_tier=tier, provider_cost_nano=None).spend_nano
    assert ours == theirs(model, provider, used, extras, at, tier=tier)


@settings(max_examples=300)
@given(st.sampled_from(MODELS))
def test_a_models_own_id_finds_what_genai_prices_finds(
    book: PriceBook, chosen: tuple[Provider, int, ModelInfo]
) -> None:
    provider, _, model = chosen
    expected = provider.find_model(model.id, all_providers=PROVIDERS)
    found = book.find(provider.id, model.id)
    assert (found.entry.id if found else None) == (expected.id if expected else None)


REFERENCES = st.sampled_from(sorted({model.id for _, _, model in MODELS})).flatmap(
    lambda name: st.sampled_from(
        [name, name.upper(), name + "-20251211", name + "-2025-12-11", name + ":free", name[:-1]]
    )
)


@settings(max_examples=500)
@given(st.sampled_from(PROVIDERS), REFERENCES)
def test_any_name_finds_what_genai_prices_finds(book: PriceBook, provider: Provider, reference: str) -> None:
    expected = provider.find_model(reference, all_providers=PROVIDERS)
    found = book.find(provider.id, reference)
    assert (found.entry.id if found else None) == (expected.id if expected else None)
