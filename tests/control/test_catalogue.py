import json
from typing import Any

import pytest

from codevector_daemon.metering.prices import PriceBook
from codevector_shared.client import ControlError
from codevector_shared.protocol import Backend, ModelCreate, PriceOverride, ProviderCreate
from support import catalogue

from .conftest import Node


@pytest.fixture
def prices(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    """A book of this test's own: these tests put other catalogues into it."""
    return PriceBook.open(tmp_path_factory.mktemp("rates") / "rates.cache")


@pytest.fixture(scope="module")
def published() -> bytes:
    """The bundled prices in the form in which genai-prices publishes them."""
    return catalogue.published()


def edited(published: bytes, vendor: str, model: str, **changes: Any) -> bytes:
    vendors = json.loads(published)
    (provider,) = (one for one in vendors if one["id"] == vendor)
    (entry,) = (one for one in provider["models"] if one["id"] == model)
    for name, value in changes.items():
        if name == "prices":
            entry["prices"] = entry["prices"] | value
        else:
            entry[name] = value
    return json.dumps(vendors).encode()


async def test_the_catalogue_in_use_is_shown(node: Node) -> None:
    info = await node.admin.catalogue()
    assert (info.version, info.synced, info.applied_at) == (node.services.prices.version, False, None)
    assert info.models > 500
    assert "bundled" in info.source


async def test_a_preview_lists_what_would_change_and_changes_nothing(node: Node, published: bytes) -> None:
    same = await node.admin.sync_catalogue(published, source="prices.json", apply=False)
    assert (same.added, same.changed, same.deprecated, same.gone) == ([], [], [], [])
    newer = edited(published, "openai", "gpt-4o-mini", prices={"input_mtok": 0.2}, deprecated=True)
    found = await node.admin.sync_catalogue(newer, source="prices.json", apply=False)
    assert [(one.vendor, one.model, one.before, one.after) for one in found.changed] == [
        ("openai", "gpt-4o-mini", "0.15/0.6", "0.2/0.6")
    ]
    assert [one.model for one in found.deprecated] == ["gpt-4o-mini"]
    assert (found.applied, (await node.admin.catalogue()).synced) == (False, False)


async def test_an_applied_catalogue_prices_from_now_on_and_after_a_start_and_leaves_overrides_alone(
    node: Node, published: bytes
) -> None:
    await node.admin.create_provider(ProviderCreate("openai", "openai"))
    await node.admin.create_model(ModelCreate("mini", [Backend("openai", "gpt-4o-mini")]))
    fixed = PriceOverride("7", "8")
    await node.admin.create_model(ModelCreate("fixed", [Backend("openai", "gpt-4o-mini")], price=fixed))
    newer = edited(published, "openai", "gpt-4o-mini", prices={"input_mtok": 0.2})
    done = await node.admin.sync_catalogue(newer, source="https://prices.example/data.json", apply=True)
    assert done.applied
    assert (await node.admin.model("mini")).input_price == "0.2"
    assert (await node.admin.model("fixed")).input_price == "7"
    info = await node.admin.catalogue()
    assert (info.synced, info.source, info.age_days) == (True, "https://prices.example/data.json", 0)
    assert info.version == done.version
    book = node.services.prices
    assert book.synced_file is not None
    reopened = PriceBook.open(None, synced=book.synced_file)
    assert (reopened.version, reopened.source) == (book.version, book.source)


async def test_a_malformed_catalogue_is_refused(node: Node) -> None:
    for content in (b"", b"not json", b"{}", b'[{"id": 3}]'):
        with pytest.raises(ControlError, match="malformed"):
            await node.admin.sync_catalogue(content, source="x", apply=True)
    assert not (await node.admin.catalogue()).synced


async def test_a_catalogue_with_a_pattern_that_is_none_is_refused(node: Node, published: bytes) -> None:
    broken = edited(published, "openai", "gpt-4o-mini", match={"regex": "(gpt"})
    with pytest.raises(ControlError, match=r"the pattern '\(gpt' is none"):
        await node.admin.sync_catalogue(broken, source="x", apply=True)
    assert not (await node.admin.catalogue()).synced


@pytest.mark.parametrize("pattern", ["(a+)+$", "(gpt|g.*){9}x", "^.*a.*b.*c$", "(?:a{1,}){2,}"])
async def test_a_catalogue_with_a_pattern_that_may_take_for_ever_is_refused(
    node: Node, published: bytes, pattern: str
) -> None:
    endless = edited(published, "openai", "gpt-4o-mini", match={"regex": pattern})
    with pytest.raises(ControlError, match="may take for ever"):
        await node.admin.sync_catalogue(endless, source="x", apply=True)
    assert not (await node.admin.catalogue()).synced


@pytest.mark.parametrize(
    ("model", "rates", "reason"),
    [
        ("gpt-4o-mini", {"cache_read_mtok": -1}, "cache_read_mtok is negative"),
        ("gpt-4o-mini", {"cache_read_mtok": 0}, r"cache_read_mtok falls from 0\.075 to nothing"),
        (
            "gpt-4o-mini",
            {"output_mtok": {"base": 0.6, "tiers": [{"start": 9, "price": 0}]}},
            r"falls from 0\.6 to nothing",
        ),
        ("gpt-4o-mini", {"output_audio_mtok": {"base": 1, "tiers": [{"start": 9, "price": -2}]}}, "is negative"),
    ],
)
async def test_no_rate_of_a_model_may_fall_to_nothing_or_below(
    node: Node, published: bytes, model: str, rates: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ControlError, match=reason):
        await node.admin.sync_catalogue(edited(published, "openai", model, prices=rates), source="x", apply=True)
    assert not (await node.admin.catalogue()).synced


async def test_a_new_model_with_a_negative_price_is_refused(node: Node, published: bytes) -> None:
    vendors = json.loads(published)
    (openai,) = (one for one in vendors if one["id"] == "openai")
    openai["models"].append({"id": "new", "match": {"equals": "new"}, "prices": {"input_mtok": -1, "output_mtok": 2}})
    with pytest.raises(ControlError, match="openai/new input_mtok is negative"):
        await node.admin.sync_catalogue(json.dumps(vendors).encode(), source="x", apply=True)


async def test_a_model_that_answers_to_another_name_is_listed_as_changed(node: Node, published: bytes) -> None:
    renamed = edited(published, "openai", "gpt-4o-mini", match={"equals": "something-else"})
    found = await node.admin.sync_catalogue(renamed, source="x", apply=False)
    assert [(one.model, one.before, one.after) for one in found.changed] == [("gpt-4o-mini", "0.15/0.6", "0.15/0.6")]


async def test_a_catalogue_that_cannot_be_true_is_refused(node: Node, published: bytes) -> None:
    few = json.dumps(json.loads(published)[:2]).encode()
    with pytest.raises(ControlError, match="models in use"):
        await node.admin.sync_catalogue(few, source="x", apply=True)
    free = edited(published, "openai", "gpt-4o-mini", prices={"input_mtok": 0})
    with pytest.raises(ControlError, match=r"falls from 0\.15 to nothing"):
        await node.admin.sync_catalogue(free, source="x", apply=True)
    slipped = edited(published, "openai", "gpt-4o-mini", prices={"input_mtok": 150})
    with pytest.raises(ControlError, match=r"0\.15 to 150"):
        await node.admin.sync_catalogue(slipped, source="x", apply=False)
    assert not (await node.admin.catalogue()).synced
