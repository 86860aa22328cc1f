import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from codevector_daemon.gateway.settle import orphan_event
from codevector_daemon.ledger import Orphan, UsageEvent
from codevector_daemon.ledger.claims import Claim
from codevector_daemon.ledger.event import OpenRequest
from codevector_daemon.metering.counts import Extras, Round, TokenCounts
from codevector_shared.client import ControlError
from codevector_shared.price_protocol import RepriceOrder, Repricing
from codevector_shared.protocol import (
    Backend,
    ModelCreate,
    ModelPatch,
    PriceOverride,
    ProviderCreate,
    Snapshot,
    UserCreate,
)

from .conftest import Node

DAY = "2026-05-28"
SONNET = ModelCreate("sonnet", [Backend("anthropic", "claude-sonnet-4-5")])


async def furnish(node: Node) -> str:
    await node.admin.create_provider(ProviderCreate("anthropic", "anthropic"))
    await node.admin.create_provider(ProviderCreate("own", "custom", base_url="http://127.0.0.1:9/v1"))
    await node.admin.create_model(SONNET)
    await node.admin.create_model(ModelCreate("mystery", [Backend("own", "nobody-knows-1")]))
    return await node.key(name="k")


async def settle(node: Node, request_id: str, key: str, **fields: Any) -> None:
    known: dict[str, Any] = {
        "counts": TokenCounts(uncached_input=1_000, cache_read=10_000, output=200),
        "spend_nano": 9_000_000,
        "price_basis": "catalogue",
        "price_version": node.services.prices.version,
        "usage_source": "reported",
        "state": "complete",
        "started_ms": node.clock(),
        "finished_ms": node.clock() + 900,
        "series": node.series(key, model="sonnet", provider="anthropic", upstream_model="claude-sonnet-4-5"),
    }
    event = UsageEvent(id=request_id, dialect="messages", stream=True, status=200, **known | fields)
    await node.services.ledger.settle(event)


async def test_a_price_is_taken_apart_line_by_line(node: Node) -> None:
    key = await furnish(node)
    await settle(node, "r1", key)
    price = await node.admin.request_price("r1")
    shown = [(line.what, line.quantity, line.rate, line.per, line.amount_usd) for line in price.lines]
    assert shown == [  # claude-sonnet-4-5: 3 in, 0.30 cached, 15 out
        ("input", 1_000, "3", 1_000_000, "0.003000000"),
        ("cached", 10_000, "0.3", 1_000_000, "0.003000000"),
        ("output", 200, "15", 1_000_000, "0.003000000"),
    ]
    assert (price.exact_usd, price.rounding_usd, price.spend_usd) == ("0.009000000", "0.000000000", "0.009000000")
    assert (price.worked_usd, price.price_basis, price.above_input_tokens) == ("0.009000000", "catalogue", None)


async def test_a_price_says_what_the_rounding_changed_and_which_rates_of_its_time_it_rests_on(node: Node) -> None:
    key = await furnish(node)
    version = "override 0.0005/1/0.0005/0/0"
    counts = TokenCounts(uncached_input=5, output=1)
    await settle(node, "r1", key, counts=counts, price_basis="override", price_version=version, spend_nano=1_002)
    price = await node.admin.request_price("r1")
    assert (price.exact_usd, price.rounding_usd) == ("0.0000010025", "-0.0000000005")
    assert (price.worked_usd, price.spend_usd) == ("0.000001002", "0.000001002")


async def test_long_contexts_and_rounds_of_other_models_have_lines_of_their_own(node: Node) -> None:
    key = await furnish(node)
    advice = TokenCounts(uncached_input=1_000, output=100)
    counts = TokenCounts(uncached_input=250_000, output=10).plus(advice)
    await settle(node, "r1", key, counts=counts, extras=Extras(rounds=(Round("claude-opus-4-6", advice),)))
    price = await node.admin.request_price("r1")
    assert price.above_input_tokens == 200_000
    assert [(line.what, line.rate, line.model) for line in price.lines] == [
        ("input", "6", None),
        ("output", "22.5", None),
        ("input", "5", "claude-opus-4-6"),
        ("output", "25", "claude-opus-4-6"),
    ]


async def test_a_price_that_the_provider_stated_has_no_lines(node: Node) -> None:
    key = await furnish(node)
    extras = Extras(provider_cost_nano=123, cost_from="usage")
    await settle(node, "r1", key, price_basis="provider", spend_nano=123, extras=extras)
    price = await node.admin.request_price("r1")
    assert (price.lines, price.provider_cost_usd, price.worked_usd) == ([], "0.000000123", "0.000000123")


@pytest.mark.parametrize(
    ("tier", "extras", "nano", "basis"),
    [
        (None, Extras(), 9_000_000, "catalogue"),
        ("batch", Extras(), 4_500_000, "catalogue"),
        ("geo-us", Extras(), 9_900_000, "catalogue"),
        (None, Extras(provider_cost_nano=77, cost_from="usage"), 77, "provider"),
        (  # 100 of the output were an advisor's, at 25 instead of 15
            None,
            Extras(rounds=(Round("claude-opus-4-6", TokenCounts(output=100)),)),
            10_000_000,
            "catalogue",
        ),
    ],
)
async def test_what_a_dead_process_left_is_charged_by_what_was_noted_of_its_price(
    node: Node, tier: str | None, extras: Extras, nano: int, basis: str
) -> None:
    series = node.series(await furnish(node), model="sonnet", provider="anthropic", upstream_model="claude-sonnet-4-5")
    counts = TokenCounts(uncached_input=1_000, cache_read=10_000, output=200)
    note = OpenRequest("left", node.clock(), series, "messages", stream=True, estimated_input=9)
    orphan = Orphan(note, counts, None, node.clock() + 5, tier, extras)
    event = orphan_event(orphan, node.services.directory, node.services.prices, node.clock() + 9)
    assert (event.spend_nano, event.price_basis, event.state) == (nano, basis, "interrupted")
    assert (event.service_tier, event.extras or Extras(), event.usage_source) == (tier, extras, "estimated")


async def test_searches_that_a_dead_process_saw_are_charged(node: Node) -> None:
    series = node.series(await furnish(node), model="sonnet", provider="anthropic", upstream_model="claude-sonnet-4-5")
    note = OpenRequest("left", node.clock(), series, "messages", stream=True, estimated_input=1_000)
    orphan = Orphan(note, TokenCounts(output=10, server_tool_calls=2), None, node.clock())
    event = orphan_event(orphan, node.services.directory, node.services.prices, node.clock())
    assert event.spend_nano == 1_000 * 3_000 + 10 * 15_000 + 2 * 10_000_000


async def test_an_unknown_request_is_refused(node: Node) -> None:
    with pytest.raises(ControlError, match="settled") as refused:
        await node.admin.request_price("nope")
    assert refused.value.status == 404


async def test_a_keys_holder_sees_the_price_of_its_own_users_requests_only(node: Node) -> None:
    key = await furnish(node)
    await node.admin.create_user(UserCreate("ann"))
    hers = await node.key("ann")
    await settle(node, "r1", key)
    assert (await node.member(key).request_price("r1")).spend_usd == "0.009000000"
    with pytest.raises(ControlError) as refused:
        await node.member(hers).request_price("r1")
    assert refused.value.status == 404


async def test_a_price_card_shows_rates_tiers_source_and_a_worked_example(node: Node) -> None:
    await furnish(node)
    card = await node.admin.price_card("sonnet")
    assert (card.price_basis, card.entry) == ("catalogue", "anthropic/claude-sonnet-4-5")
    assert card.source == node.services.prices.version
    tiers = {tier.when: tier.rates for tier in card.tiers}
    assert tiers["standard"]["input"] == "3"
    assert tiers["above 200,000 input tokens"]["output"] == "22.5"
    assert tiers["tier batch"]["input"] == "1.5"
    assert card.example_usd == "0.015900000"  # 2,000 at 3, 8,000 at 0.30, 500 at 15
    assert [line.amount_usd for line in card.example] == ["0.006000000", "0.002400000", "0.007500000"]


async def test_a_price_card_says_where_a_price_is_no_catalogues(node: Node) -> None:
    await furnish(node)
    unknown = await node.admin.price_card("mystery")
    assert (unknown.price_basis, unknown.entry, unknown.source) == ("default", None, "default 5/25")
    await node.admin.patch_model("mystery", ModelPatch(free=True))
    assert (await node.admin.price_card("mystery")).example_usd == "0.000000000"
    with pytest.raises(ControlError):
        await node.admin.price_card("no/such")


async def spent(node: Node) -> tuple[str, int]:
    totals = (await node.admin.usage(period="all", everyone=True)).totals
    return totals.spend_usd, totals.unpriced_requests


async def test_repricing_rewrites_rows_and_buckets_and_leaves_a_trace(node: Node) -> None:
    key = await furnish(node)
    series = node.series(key, model="mystery", provider="own", upstream_model="nobody-knows-1")
    await settle(node, "r1", key)
    await settle(node, "r2", key, series=series, price_basis="unpriced", spend_nano=0, price_version=None)
    assert await spent(node) == ("0.009000000", 1)
    await node.admin.patch_model("mystery", ModelPatch(price=PriceOverride("1", "2", cached_price="0.5")))
    tried = await node.admin.reprice(RepriceOrder(first=DAY, dry_run=True))
    assert (tried.requests, tried.changed, tried.difference_usd) == (2, 1, "0.006400000")
    assert await spent(node) == ("0.009000000", 1)
    done = await node.admin.reprice(RepriceOrder(first=DAY, last=DAY))
    assert [(one.model, one.changed, one.after_usd) for one in done.models] == [("mystery", 1, "0.006400000")]
    assert await spent(node) == ("0.015400000", 0)
    row = {one.id: one for one in (await node.admin.requests()).requests}["r2"]
    assert (row.spend_usd, row.price_basis) == ("0.006400000", "override")
    again = await node.admin.reprice(RepriceOrder(first=DAY))
    assert again.changed == 0
    trail = await node.services.store.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT action, target, detail FROM audit WHERE action = 'usage.reprice'"
        ).fetchall()
    )
    assert [tuple(one) for one in trail] == [
        ("usage.reprice", f"{DAY}..{DAY}", '{"requests":1,"before_nano":0,"after_nano":6400000}')
    ]


async def test_repricing_keeps_to_the_model_and_days_it_was_given(node: Node) -> None:
    key = await furnish(node)
    await settle(node, "r1", key, spend_nano=1)
    other = await node.admin.reprice(RepriceOrder(first=DAY, model="mystery"))
    earlier = await node.admin.reprice(RepriceOrder(first="2026-05-01", last="2026-05-27"))
    assert (other.requests, earlier.requests) == (0, 0)
    assert (await node.admin.reprice(RepriceOrder(first=DAY, model="sonnet"))).after_usd == "0.009000000"


async def test_repricing_keeps_what_a_provider_stated_and_what_nobody_can_look_up(node: Node) -> None:
    key = await furnish(node)
    lost = node.series(key, model="old", provider="gone", upstream_model="claude-sonnet-4-5")
    stated: dict[str, Any] = {"price_basis": "provider", "price_version": None}
    await settle(node, "r1", key, spend_nano=5, extras=Extras(provider_cost_nano=5), **stated)
    await settle(node, "r2", key, spend_nano=6, **stated)
    await settle(node, "r3", key, series=lost, spend_nano=7)
    assert (await node.admin.reprice(RepriceOrder(first=DAY))).changed == 0
    assert (await spent(node))[0] == "0.000000018"


async def test_every_kind_of_call_is_priced_again_by_its_own_rule(node: Node) -> None:
    key = await furnish(node)
    own = node.series(key, model="mystery", provider="own", upstream_model="nobody-knows-1")
    log = node.series(key, model="claude-sonnet-4-5", provider="anthropic", upstream_model="claude-sonnet-4-5")
    counts = TokenCounts(uncached_input=1_000, output=100)
    told = Extras(provider_cost_nano=77, cost_from="usage")
    await settle(node, "own login", key, counts=counts, own_login=True, spend_nano=1)
    await settle(node, "imported", key, counts=counts, imported=True, series=log, spend_nano=2)
    await settle(node, "unpriced", key, counts=counts, series=own, price_basis="unpriced", spend_nano=0)
    await settle(node, "told", key, counts=counts, extras=told, price_basis="provider", spend_nano=1)
    await settle(node, "rejected", key, state="rejected", usage_source="none", price_basis=None, spend_nano=0)
    await settle(node, "failed", key, state="upstream_failed", usage_source="none", price_basis=None, spend_nano=0)
    first = await node.admin.reprice(RepriceOrder(first=DAY))
    assert (first.requests, first.changed) == (4, 4)
    assert await shown(node) == {
        "own login": ("0.004500000", "catalogue"),
        "imported": ("0.004500000", "catalogue"),
        "unpriced": ("0.007500000", "default"),
        "told": ("0.000000077", "provider"),
        "rejected": ("0.000000000", None),
        "failed": ("0.000000000", None),
    }
    totals = (await node.admin.usage(period="all", everyone=True)).totals
    assert (totals.own_login_usd, totals.unpriced_requests, totals.spend_usd) == ("0.004500000", 0, "0.016500077")
    await node.admin.patch_model("mystery", ModelPatch(free=True))
    await node.admin.patch_model("sonnet", ModelPatch(price=PriceOverride("1", "2")))
    assert (await node.admin.reprice(RepriceOrder(first=DAY))).changed == 3
    assert await shown(node) == {
        "own login": ("0.001200000", "override"),
        "imported": ("0.004500000", "catalogue"),
        "unpriced": ("0.000000000", "free"),
        "told": ("0.001200000", "override"),
        "rejected": ("0.000000000", None),
        "failed": ("0.000000000", None),
    }
    health = await node.admin.ledger_health()
    assert health.ok, health.checks


async def shown(node: Node) -> dict[str, tuple[str, str | None]]:
    return {one.id: (one.spend_usd, one.price_basis) for one in (await node.admin.requests(everyone=True)).requests}


async def test_a_model_that_nobody_knows_is_refused_and_one_that_was_removed_is_not(node: Node) -> None:
    key = await furnish(node)
    await settle(node, "r1", key, spend_nano=1)
    for name in ("sonet", "claude-sonnet-4-5", ""):
        with pytest.raises(ControlError, match="the ledger has no calls of one") as refused:
            await node.admin.reprice(RepriceOrder(first=DAY, model=name))
        assert (refused.value.status, refused.value.code) == (404, "unknown_model")
        assert "codevector models list" in str(refused.value.hint)
    await node.admin.patch_model("sonnet", ModelPatch(price=PriceOverride("1", "2")))
    await node.admin.remove_model("sonnet")
    found = await node.admin.reprice(RepriceOrder(first=DAY, model="sonnet"))
    assert (found.requests, found.after_usd) == (1, "0.009000000")


async def test_a_model_may_be_named_by_its_alias(node: Node) -> None:
    key = await furnish(node)
    await settle(node, "r1", key, spend_nano=1)
    await node.admin.patch_model("sonnet", ModelPatch(aliases=["best"]))
    assert (await node.admin.reprice(RepriceOrder(first=DAY, model="best"))).after_usd == "0.009000000"


async def test_a_provider_that_nobody_knows_is_refused_and_one_that_was_removed_is_not(node: Node) -> None:
    key = await furnish(node)
    await settle(node, "r1", key, series=node.series(key, model="old", provider="gone", upstream_model="old-1"))
    with pytest.raises(ControlError, match="no provider 'antropic' is set up") as refused:
        await node.admin.daily_models(DAY, DAY, provider="antropic")
    assert (refused.value.status, refused.value.code) == (404, "unknown_provider")
    assert "codevector providers list" in str(refused.value.hint)
    assert [one.requests for one in (await node.admin.daily_models(DAY, DAY, provider="gone")).days] == [1]


async def test_two_at_once_change_everything_once(node: Node) -> None:
    key = await furnish(node)
    for number in range(200):
        await settle(node, f"r{number}", key, spend_nano=1)
    claim = Claim.take(node.services.store.path.parent, f"{node.services.store.path.name}.repricing")
    assert claim is not None
    with pytest.raises(ControlError, match="again already") as refused:
        await node.admin.reprice(RepriceOrder(first=DAY))
    assert (refused.value.status, refused.value.code) == (409, "reprice_under_way")
    assert (await node.admin.reprice(RepriceOrder(first=DAY, dry_run=True))).changed == 200
    claim.release()
    both = await asyncio.gather(
        *(node.admin.reprice(RepriceOrder(first=DAY)) for _ in range(2)), return_exceptions=True
    )
    done = [one for one in both if isinstance(one, Repricing)]
    assert [one.changed for one in done if one.changed] == [200]
    assert (await spent(node))[0] == "1.800000000"


async def test_the_live_stream_tells_that_prices_were_put_right_and_a_new_snapshot_has_them(node: Node) -> None:
    key = await furnish(node)
    await settle(node, "r1", key, spend_nano=1)
    async with aclosing(node.admin.live()) as stream:
        first = await anext(stream)
        assert isinstance(first, Snapshot)
        assert (first.repricings, [one.spend_usd for one in first.latest]) == (0, ["0.000000001"])
        await node.admin.reprice(RepriceOrder(first=DAY, dry_run=True))
        await node.admin.reprice(RepriceOrder(first=DAY))
        await node.admin.reprice(RepriceOrder(first=DAY))
        async with asyncio.timeout(20):
            while (delta := await anext(stream)).repricings == 0:
                pass
        assert delta.repricings == 1
    async with aclosing(node.admin.live()) as stream:
        second = await anext(stream)
    assert isinstance(second, Snapshot)
    assert (second.repricings, [one.spend_usd for one in second.latest]) == (1, ["0.009000000"])


async def test_repricing_a_day_that_is_none_is_refused(node: Node) -> None:
    with pytest.raises(ControlError, match="day"):
        await node.admin.reprice(RepriceOrder(first="yesterday"))


async def test_the_doctor_names_unsure_prices_and_overrides_far_from_the_catalogue(node: Node) -> None:
    key = await furnish(node)
    series = node.series(key, model="mystery", provider="own", upstream_model="nobody-knows-1")
    await settle(node, "r1", key, spend_nano=3_000)
    await settle(node, "r2", key, series=series, price_basis="default", spend_nano=1_000, usage_source="estimated")
    await node.admin.patch_model("sonnet", ModelPatch(price=PriceOverride("3.3", "30", cached_price="0.3")))
    health = await node.admin.price_health()
    assert [(one.model, one.price_basis, one.spend_share) for one in health.unsure] == [("mystery", "default", 0.25)]
    assert [(gap.rate, gap.override, gap.catalogue, gap.ratio) for gap in health.overrides] == [
        ("output", "30", "15", 2.0)
    ]
    assert (health.requests, health.estimated_requests) == (2, 1)
    assert (health.spend_usd, health.estimated_spend_usd) == ("0.000004000", "0.000001000")


async def test_the_doctor_warns_of_no_default_rates_where_an_override_stands(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    await furnish(node)
    own = ModelCreate("own", [Backend("anthropic", "nobody-knows-2")], price=PriceOverride("1", "2"))
    await node.admin.create_model(own)
    assert (await node.admin.price_health()).overrides == []
    assert "nobody-knows-2" not in caplog.text


async def test_usage_is_cut_as_providers_cut_it(node: Node) -> None:
    key = await furnish(node)
    await settle(node, "r1", key)
    await settle(node, "r2", key, imported=True)
    found = await node.admin.daily_models(DAY, DAY, provider="anthropic")
    assert [(one.day, one.model, one.requests, one.cached_tokens) for one in found.days] == [
        (DAY, "claude-sonnet-4-5", 1, 10_000)
    ]
    assert found.complete_from is None
    assert (await node.admin.daily_models(DAY, DAY, provider="own")).days == []
