import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from codevector_shared.client import ControlError
from codevector_shared.protocol import Backend, Model, ModelCreate, ModelPatch, ProviderCreate

from .conftest import Node

Pages = dict[str, Any]


@asynccontextmanager
async def listing(pages: Pages, status: int = 200) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve lists by path and query, and keep what was asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode().split()[1])
        body = json.dumps(pages.get(asked[-1], {})).encode()
        answer = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body)
        writer.write(answer)
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", asked


def ids(*names: str) -> dict[str, Any]:
    return {"data": [{"id": name} for name in names]}


async def models(node: Node) -> dict[str, Model]:
    return {model.slug: model for model in (await node.admin.models()).models}


async def test_a_provider_is_asked_for_its_own_list_which_the_catalogue_completes(node: Node) -> None:
    rows = ids("claude-sonnet-4-5", "claude-brand-new-9")
    async with listing({"/v1/models?limit=1000": rows}) as (url, _):
        await node.admin.create_provider(ProviderCreate("a", "anthropic", base_url=url, credential="sk-1"))
        done = await node.admin.import_models("a")
    assert (done.added, done.source, done.note) == (["claude-brand-new-9", "claude-sonnet-4-5"], "provider", None)
    assert done.unknown == ["claude-brand-new-9"]
    found = await models(node)
    assert found["claude-sonnet-4-5"].price_basis == "catalogue"
    assert found["claude-sonnet-4-5"].context_window is not None
    assert found["claude-brand-new-9"].price_basis == "default"


async def test_a_second_import_says_what_is_new_and_what_is_gone(node: Node) -> None:
    pages = {"/v1/models": ids("gpt-5", "gpt-old", "whisper-1")}
    async with listing(pages) as (url, _):
        await node.admin.create_provider(ProviderCreate("o", "openai", base_url=f"{url}/v1"))
        first = await node.admin.import_models("o")
        pages["/v1/models"] = ids("gpt-5", "gpt-6")
        await node.admin.patch_model("gpt-5", ModelPatch(display_name="Mine"))
        tried = await node.admin.import_models("o", dry_run=True)
        assert (tried.added, tried.dry_run) == (["gpt-6"], True)
        assert "gpt-6" not in await models(node)
        second = await node.admin.import_models("o")
    assert (first.added, first.skipped) == (["gpt-5", "gpt-old"], 1)
    assert (second.added, second.kept, second.gone) == (["gpt-6"], ["gpt-5"], ["gpt-old"])
    assert (await models(node))["gpt-5"].display_name == "Mine"


async def test_all_pages_of_a_list_are_read(node: Node) -> None:
    anthropic = {
        "/v1/models?limit=1000": {**ids("claude-1"), "has_more": True, "last_id": "claude-1"},
        "/v1/models?limit=1000&after_id=claude-1": {**ids("claude-2"), "has_more": False, "last_id": "claude-2"},
    }
    google = {
        "/v1beta/models?pageSize=1000": {"models": [{"name": "models/g-1"}], "nextPageToken": "a/b"},
        "/v1beta/models?pageSize=1000&pageToken=a%2Fb": {"models": [{"name": "models/g-2"}]},
    }
    async with listing(anthropic | google) as (url, asked):
        await node.admin.create_provider(ProviderCreate("a", "anthropic", base_url=url))
        await node.admin.create_provider(ProviderCreate("g", "google", base_url=url))
        assert (await node.admin.import_models("a")).added == ["claude-1", "claude-2"]
        assert (await node.admin.import_models("g")).added == ["g-1", "g-2"]
    assert asked == [*anthropic, *google]


async def test_a_list_that_never_ends_is_left(node: Node) -> None:
    endless = {"has_more": True, "last_id": "x"}
    pages = {f"/v1/models{query}": {**ids("gpt-5"), **endless} for query in ("", "?after_id=x")}
    async with listing(pages) as (url, asked):
        await node.admin.create_provider(ProviderCreate("o", "openai", base_url=f"{url}/v1"))
        assert (await node.admin.import_models("o")).added == ["gpt-5"]
    assert len(asked) == 20


async def test_only_what_fits_a_pattern_is_taken(node: Node) -> None:
    async with listing({"/v1/models": ids("gpt-5", "gpt-5-mini", "o3", "Big/Model")}) as (url, _):
        await node.admin.create_provider(ProviderCreate("o", "openai", base_url=f"{url}/v1"))
        done = await node.admin.import_models("o", only=["gpt-5*", "Big/*"])
    assert done.added == ["big/model", "gpt-5", "gpt-5-mini"]


async def test_a_name_that_no_slug_can_spell_stays_as_an_alias(node: Node) -> None:
    async with listing({"/v1/models": ids("Qwen/Qwen3-Coder")}) as (url, _):
        await node.admin.create_provider(ProviderCreate("v", "vllm", base_url=f"{url}/v1"))
        done = await node.admin.import_models("v")
    assert (done.added, done.unknown) == (["qwen/qwen3-coder"], [])
    found = (await models(node))["qwen/qwen3-coder"]
    assert (found.aliases, found.price_basis) == (["Qwen/Qwen3-Coder"], "free")
    assert found.backends[0].upstream_model == "Qwen/Qwen3-Coder"


@pytest.mark.parametrize(("status", "says"), [(401, "asks for a credential"), (500, "failure of its own")])
async def test_where_the_list_is_refused_the_catalogues_is_taken_and_that_is_said(
    node: Node, status: int, says: str
) -> None:
    async with listing({}, status) as (url, _):
        await node.admin.create_provider(ProviderCreate("a", "anthropic", base_url=url))
        done = await node.admin.import_models("a")
    assert (done.source, len(done.added) > 5) == ("catalogue", True)
    assert says in (done.note or "")


@pytest.mark.parametrize(
    ("kind", "region", "begins"),
    [
        ("bedrock", "us-east-1", ("us.anthropic.claude", "global.anthropic.claude")),
        ("bedrock", "eu-west-1", ("eu.anthropic.claude", "global.anthropic.claude")),
        ("bedrock", "ap-south-1", ("global.anthropic.claude",)),
        ("vertex", "global", ("claude-",)),
    ],
)
async def test_a_cloud_takes_the_catalogues_claudes_by_its_own_names(
    node: Node, kind: str, region: str, begins: tuple[str, ...]
) -> None:
    await node.admin.create_provider(ProviderCreate("b", kind, region=region, project="acme-1", credential="k"))
    done = await node.admin.import_models("b")
    assert done.source == "catalogue"
    assert "no list of models" in (done.note or "")
    for begin in begins:
        assert any(slug.startswith(begin) for slug in done.added)
    assert all(slug.startswith(begins) for slug in done.added)
    assert all(model.price_basis == "catalogue" for model in (await node.admin.models()).models)


async def test_google_is_not_asked_for_the_claudes_that_its_cloud_sells(node: Node) -> None:
    async with listing({}, 500) as (url, _):
        await node.admin.create_provider(ProviderCreate("g", "google", base_url=url))
        done = await node.admin.import_models("g")
    assert done.source == "catalogue"
    assert "gemini-2.5-pro" in done.added
    assert [slug for slug in done.added if "claude" in slug] == []


async def test_azure_lists_no_deployments_so_they_are_named_by_hand(node: Node) -> None:
    await node.admin.create_provider(ProviderCreate("z", "azure", base_url="https://r.test", credential="k"))
    with pytest.raises(ControlError) as refused:
        await node.admin.import_models("z")
    assert "--backend z/UPSTREAM_MODEL" in (refused.value.hint or "")


async def test_a_wildcard_is_never_gone(node: Node) -> None:
    async with listing({"/v1/models": ids("gpt-5")}) as (url, _):
        await node.admin.create_provider(ProviderCreate("o", "openai", base_url=f"{url}/v1"))
        await node.admin.create_model(ModelCreate("gpt-*", [Backend("o", "*")]))
        assert (await node.admin.import_models("o")).gone == []


async def test_a_provider_without_list_and_catalogue_says_how_to_go_on(node: Node) -> None:
    async with listing({}, 404) as (url, _):
        await node.admin.create_provider(ProviderCreate("c", "custom", base_url=f"{url}/v1"))
        with pytest.raises(ControlError) as refused:
            await node.admin.import_models("c")
    assert refused.value.status == 502
    assert "codevector models add" in (refused.value.hint or "")
