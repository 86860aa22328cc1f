"""Prices worked out by hand from the vendors' price lists, not from the code."""

from typing import Any

import pytest

from codevector_daemon.metering.counts import Extras, Round, TokenCounts
from codevector_daemon.metering.prices import PriceBook, RateCard, RateOverride

AT = 1_795_300_000_000  # 22 November 2026
USED = TokenCounts(
    uncached_input=1_000, cache_read=10_000, cache_write_5m=2_000, cache_write_1h=3_000, output=500, reasoning=200
)


def card(book: PriceBook, vendor: str, model: str, at_ms: int = AT, **more: Any) -> RateCard:
    return book.card(vendor, model, at_ms, **({"override": None, "free": False} | more))


def nano(one: RateCard, used: TokenCounts, tier: str | None = None, cost: int | None = None) -> int:
    return one.price(used, service_tier=tier, provider_cost_nano=cost).spend_nano


def test_every_kind_of_token_has_its_own_rate(book: PriceBook) -> None:
    sonnet = card(book, "anthropic", "claude-sonnet-4-0")  # 3 in, 0.30 read, 3.75 and 6 written, 15 out
    assert nano(sonnet, USED) == 3_000_000 + 3_000_000 + 7_500_000 + 18_000_000 + 7_500_000
    assert (sonnet.basis, sonnet.version) == ("catalogue", book.version)


def test_rates_are_shown_as_usd_per_million(book: PriceBook) -> None:
    sonnet = card(book, "anthropic", "claude-sonnet-4-0")
    shown = (sonnet.input_price, sonnet.cached_price, sonnet.cache_write_price, sonnet.cache_write_1h_price)
    assert (*shown, sonnet.output_price) == ("3", "0.3", "3.75", "6", "15")
    assert (sonnet.context_window, sonnet.max_output) == (200_000, None)
    assert sonnet.capabilities == ["web_search", "prompt_caching"]


def test_a_cache_read_rate_is_the_stated_one_not_a_factor(book: PriceBook) -> None:
    used = TokenCounts(cache_read=1_000_000)
    assert nano(card(book, "anthropic", "claude-sonnet-5"), used) == 200_000_000  # a tenth of 2
    assert nano(card(book, "anthropic", "claude-sonnet-5-5"), used) == 100_000_000  # a twentieth of 2


def test_an_anthropic_model_without_write_rates_charges_the_published_factors(book: PriceBook) -> None:
    old = card(book, "anthropic", "claude-v1")  # 8 in
    assert nano(old, TokenCounts(cache_write_5m=1_000)) == 10_000_000
    assert nano(old, TokenCounts(cache_write_1h=1_000)) == 16_000_000


def test_another_model_without_write_rates_charges_them_as_input(book: PriceBook) -> None:
    gpt = card(book, "openai", "gpt-4o")  # 2.50 in
    assert nano(gpt, TokenCounts(cache_write_5m=1_000, cache_write_1h=1_000)) == 5_000_000


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (TokenCounts(uncached_input=272_000, output=1_000), 272_000 * 2_500 + 15_000_000),
        (TokenCounts(uncached_input=272_001, output=1_000), 272_001 * 5_000 + 22_500_000),
        (TokenCounts(uncached_input=1, cache_read=272_000, output=1_000), 5_000 + 272_000 * 500 + 22_500_000),
    ],
    ids=["at the threshold", "one above it", "cached tokens count towards it and move too"],
)
def test_strictly_above_the_threshold_the_whole_call_moves(book: PriceBook, used: TokenCounts, expected: int) -> None:
    assert nano(card(book, "openai", "gpt-5.4"), used) == expected  # 2.50/0.25/15, above 272k 5/0.50/22.50


@pytest.mark.parametrize(
    ("at_ms", "expected"), [(1_773_359_999_999, 6_000), (1_773_360_000_000, 3_000)], ids=["12 March", "13 March 2026"]
)
def test_a_call_is_priced_by_the_list_of_its_day(book: PriceBook, at_ms: int, expected: int) -> None:
    sonnet = card(book, "anthropic", "claude-sonnet-4-6", at_ms)  # the long-context price ended on 13 March 2026
    assert nano(sonnet, TokenCounts(uncached_input=300_000)) == 300_000 * expected


TIERS = [
    ("openai", "gpt-5", "flex", 500),
    ("openai", "gpt-5", "priority", 2_000),
    ("openai", "gpt-5", "batch", 500),
    ("openai", "gpt-5", "default", 1_000),
    ("openai", "gpt-5", "scale", 1_000),
    ("openai", "gpt-5", "what is this", 1_000),
    ("openai", "gpt-5", "Priority", 2_000),
    ("anthropic", "claude-opus-4-6", "standard", 1_000),
    ("anthropic", "claude-opus-4-6", "priority", 1_000),
    ("anthropic", "claude-opus-4-6", "batch", 500),
    ("anthropic", "claude-opus-4-6", "fast", 6_000),
    ("anthropic", "claude-opus-4-6", "geo-us", 1_100),
    ("anthropic", "claude-opus-4-6", "batch+geo-us", 550),
    ("anthropic", "claude-opus-4-6", "fast+geo-us", 6_600),
    ("groq", "llama-3.3-70b-versatile", "flex", 1_000),
    ("azure", "gpt-5", "batch", 500),
]


@pytest.mark.parametrize(("vendor", "model", "tier", "per_mille"), TIERS)
def test_the_tier_that_served_sets_the_price_of_every_kind(
    book: PriceBook, vendor: str, model: str, tier: str, per_mille: int
) -> None:
    one = card(book, vendor, model)
    used = TokenCounts(uncached_input=7_000, cache_read=9_000, output=5_000, reasoning=4_000)
    assert nano(one, used, tier) * 1_000 == nano(one, used) * per_mille


def test_a_tier_without_a_stated_price_yet_follows_the_rule(book: PriceBook) -> None:
    before_the_list = 1_760_000_000_000  # October 2025: the catalogue's batch prices begin a year later
    one = card(book, "openai", "gpt-5", before_the_list)
    assert nano(one, TokenCounts(uncached_input=1_000), "batch") == 625_000


def test_searches_are_charged_by_the_thousand_and_not_by_the_tier(book: PriceBook) -> None:
    one = card(book, "anthropic", "claude-opus-4-6")  # 10 USD per thousand searches
    used = TokenCounts(server_tool_calls=3)
    assert (nano(one, used), nano(one, used, "batch")) == (30_000_000, 30_000_000)


def test_the_sum_is_rounded_half_even_once(book: PriceBook) -> None:
    def price(rate: str, tokens: int) -> int:
        override = RateOverride(rate, "0", rate, rate, rate)
        return nano(card(book, "", "m", override=override), TokenCounts(uncached_input=tokens))

    assert [price("0.0005", tokens) for tokens in (1, 2, 3, 5, 7)] == [0, 1, 2, 2, 4]  # 0.5, 1, 1.5, 2.5, 3.5
    assert price("0.0000001", 10**12) == 100_000_000


OVERRIDE = RateOverride(input="2", output="8", cached="0.5", cache_write="3", cache_write_1h="4")


def test_an_override_wins_over_everything_and_is_flat(book: PriceBook) -> None:
    one = card(book, "openai", "gpt-5.4", override=OVERRIDE)
    used = TokenCounts(uncached_input=300_000, cache_read=2_000, cache_write_5m=10, cache_write_1h=10, output=100)
    assert one.price(used, service_tier="batch", provider_cost_nano=5).basis == "override"
    assert nano(one, used, "batch", cost=5) == 600_000_000 + 1_000_000 + 30_000 + 40_000 + 800_000
    assert one.version == "override 2/8/0.5/3/4"


def test_a_price_of_zero_is_free(book: PriceBook) -> None:
    zero = RateOverride("0", "0.00", "0", "0", "0")
    for one in (card(book, "openai", "gpt-5", override=zero), card(book, "openai", "gpt-5", free=True)):
        price = one.price(USED, service_tier=None, provider_cost_nano=123)
        assert (price.spend_nano, price.basis, one.input_price) == (0, "free", "0")


def test_a_catalogue_model_that_costs_nothing_is_free(book: PriceBook) -> None:
    one = card(book, "openrouter", "deepseek/deepseek-r1:free")
    assert one.price(USED, service_tier=None, provider_cost_nano=None).basis == "free"


def test_the_providers_own_cost_wins_over_the_list(book: PriceBook) -> None:
    price = card(book, "openrouter", "openai/gpt-5").price(USED, service_tier=None, provider_cost_nano=42)
    assert (price.spend_nano, price.basis, price.version) == (42, "provider", None)


def test_an_unknown_model_has_the_stated_default_rates(book: PriceBook) -> None:
    one = card(book, "openai", "no-such-model")
    assert (
        nano(one, TokenCounts(uncached_input=1_000, cache_read=1_000, cache_write_1h=1_000, output=1_000)) == 40_000_000
    )
    assert (one.basis, one.version, one.input_price, one.output_price) == ("default", "default 5/25", "5", "25")


def test_an_unknown_model_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    fresh, bare = PriceBook.open(None), PriceBook.open(None, defaults=None)
    for _ in range(3):
        card(fresh, "openai", "gpt-odd\n")
        card(fresh, "openai", "gpt-5")
        card(bare, "openai", "gpt-odd\n")
    first, second = (record.getMessage() for record in caplog.records if "price list" in record.getMessage())
    assert first.startswith("'gpt-odd\\n' is in no price list and is charged at the default rates")
    assert "without a price" in second


def test_without_defaults_an_unknown_model_is_unpriced_and_says_so(book: PriceBook) -> None:
    bare = PriceBook.open(None, defaults=None)
    price = card(bare, "openai", "no-such-model").price(USED, service_tier=None, provider_cost_nano=None)
    assert (price.spend_nano, price.basis) == (0, "unpriced")
    assert card(bare, "openai", "no-such-model").input_price is None
    assert card(bare, "openai", "gpt-5").basis == card(book, "openai", "gpt-5").basis == "catalogue"


def test_a_model_charged_by_what_we_do_not_count_is_unknown(book: PriceBook) -> None:
    assert card(book, "openai", "whisper-1").basis == "default"


@pytest.mark.parametrize(
    ("model", "basis"),
    [
        ("gpt-4o", "catalogue"),
        ("claude-sonnet-4-5", "catalogue"),
        ("claude-sonnet-4-5-20250929", "catalogue"),
        ("claude-sonnet-4-5-of-mine", "default"),
        ("claude-sonnet-5", "catalogue"),
        ("gemini-2.5-flash", "catalogue"),
        ("gpt-4o-made-up", "default"),
        ("llama3", "default"),
        ("deepseek-r1:8b", "default"),
        ("qwen3:30b", "default"),
    ],
)
def test_an_unknown_provider_is_priced_only_for_names_that_leave_no_doubt(
    book: PriceBook, model: str, basis: str
) -> None:
    assert card(book, "", model).basis == basis
    assert card(book, "sandbox", model).basis == basis


def test_rounds_are_charged_apart_at_their_own_models_rates(book: PriceBook) -> None:
    main = card(book, "anthropic", "claude-sonnet-4-0")  # 3/15
    advice = TokenCounts(uncached_input=1_000, output=100)  # opus 4.6: 5/25
    compaction = TokenCounts(uncached_input=2_000, output=10)
    own = TokenCounts(uncached_input=500, output=50)
    price = book.bill(
        main,
        own.plus(advice).plus(compaction),
        Extras(rounds=(Round("claude-opus-4-6", advice), Round(None, compaction))),
        vendor="anthropic",
        at_ms=AT,
        service_tier=None,
    )
    assert price.spend_nano == (1_500_000 + 750_000) + (5_000_000 + 2_500_000) + (6_000_000 + 150_000)
    assert price.basis == "catalogue"


def test_a_round_does_not_push_the_call_over_the_long_context_threshold(book: PriceBook) -> None:
    main = card(book, "anthropic", "claude-sonnet-4-5")  # 3/15, above 200k 6/22.50
    compaction = TokenCounts(uncached_input=150_000)
    own = TokenCounts(uncached_input=150_000)
    price = book.bill(
        main,
        own.plus(compaction),
        Extras(rounds=(Round(None, compaction),)),
        vendor="anthropic",
        at_ms=AT,
        service_tier=None,
    )
    assert price.spend_nano == 300_000 * 3_000


def test_models_to_import_are_priced_by_tokens_and_not_deprecated(book: PriceBook) -> None:
    listed = {model.slug: model for model in book.models("openai")}
    assert listed["gpt-5"].kind == "chat"
    assert listed["text-embedding-3-small"].kind == "embedding"
    assert "whisper-1" not in listed
    assert listed["gpt-5"].context_window
    assert book.models("") == book.models("no such vendor") == []


def test_reading_many_names_forgets_old_ones_and_stays_right(book: PriceBook) -> None:
    for number in range(4_200):
        assert card(book, "openai", f"unknown-{number}").basis == "default"
    assert card(book, "openai", "gpt-5").basis == "catalogue"


def test_the_parts_of_one_price_are_rounded_once_and_together(book: PriceBook) -> None:
    main = card(book, "openai", "gpt-4o-mini")  # 0.15/0.60: half a nano-dollar is 1/300 of a token's price
    other = RateOverride("0.0005", "0", "0.0005", "0", "0")
    fixed = book.card("", "m", AT, override=other, free=False)
    once = book.bill(
        fixed,
        TokenCounts(uncached_input=3),
        Extras(rounds=(Round(None, TokenCounts(uncached_input=1)), Round(None, TokenCounts(uncached_input=1)))),
        vendor="",
        at_ms=AT,
        service_tier=None,
    )
    assert once.spend_nano == 2  # 3 times half a nano-dollar, half to even; rounding each would give 0
    assert main.price(TokenCounts(uncached_input=1), service_tier=None, provider_cost_nano=None).spend_nano == 150


def test_searches_of_stored_files_cost_their_own_fee(book: PriceBook) -> None:
    used = Extras(file_searches=3)
    price = card(book, "openai", "gpt-4.1").price(
        TokenCounts(server_tool_calls=1), used, service_tier=None, provider_cost_nano=None
    )
    assert price.spend_nano == 3 * 2_500_000 + 10_000_000  # 2.50 and 10 USD a thousand


def test_pictures_that_a_model_draws_cost_their_own_rate(book: PriceBook) -> None:
    used = TokenCounts(uncached_input=10, output=1_300)
    drawn = Extras(parts={"image_output": 1_290})
    price = card(book, "google", "gemini-2.5-flash-image").price(
        used, drawn, service_tier=None, provider_cost_nano=None
    )
    assert price.spend_nano == 10 * 300 + 10 * 2_500 + 1_290 * 30_000


def test_audio_that_is_charged_by_time_is_exact_to_the_second(book: PriceBook) -> None:
    heard = Extras(audio_seconds=7)
    price = card(book, "elevenlabs", "eleven_realtime_v1_mini").price(
        TokenCounts(), heard, service_tier=None, provider_cost_nano=None
    )
    assert price.spend_nano == 9_333_333  # 4.80 USD an hour: 7/3600 of it is 9,333,333 and a third


def test_a_part_that_claims_more_than_its_whole_is_cut_to_it(book: PriceBook) -> None:
    price = card(book, "google", "gemini-2.5-flash-image").price(
        TokenCounts(output=10), Extras(parts={"image_output": 999}), service_tier=None, provider_cost_nano=None
    )
    assert price.spend_nano == 10 * 30_000
