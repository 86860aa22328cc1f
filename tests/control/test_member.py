import httpx
import pytest

from codevector_shared.client import ControlError
from codevector_shared.protocol import API, Backend, KeyCreate, ModelCreate, ModelPatch, ProviderCreate, UserCreate

from .conftest import Node


async def ann(node: Node, **order: object) -> str:
    await node.admin.create_user(UserCreate("ann"))
    return await node.key("ann", **order)


async def models(node: Node) -> None:
    await node.admin.create_provider(ProviderCreate("local", "custom", base_url="http://127.0.0.1:1/v1"))
    for slug in ("fast", "slow", "old"):
        await node.admin.create_model(ModelCreate(slug, [Backend("local", slug)]))
    await node.admin.patch_model("old", ModelPatch(status="disabled"))


async def get(node: Node, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.request(method, f"{node.gateway_url}{API}{path}", headers=headers)


async def test_a_key_is_its_user_and_no_administrator(node: Node) -> None:
    me = await node.member(await ann(node)).me()
    assert (me.user, me.role, me.admin) == ("ann", "member", False)


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "x-codevector-key"])
async def test_the_key_is_taken_from_each_header(node: Node, header: str) -> None:
    key = await ann(node)
    value = f"Bearer {key}" if header == "authorization" else key
    assert (await get(node, "/me", **{header: value})).json()["user"] == "ann"


async def test_without_a_good_key_nothing_is_told(node: Node) -> None:
    for path in ("/me", "/usage", "/usage?nonsense=1", "/live", "/keys", "/leaderboard"):
        for headers in ({}, {"x-api-key": "cv_wrong"}, {"authorization": "Basic eDp5"}):
            answer = await get(node, path, **headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
async def test_administration_does_not_exist_there(node: Node, method: str) -> None:
    key = await node.key(scope="console")
    for path in (
        "/status",
        "/providers",
        "/users",
        "/users/ann",
        "/openapi.json",
        "/models/fast",
        "/models/import",
        "/",
        "",
    ):
        for headers in ({}, {"x-api-key": key}):
            answer = await get(node, path, method, **headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_key_sees_its_own_users_calls_only(node: Node) -> None:
    hers, mine = await ann(node), await node.key()
    await node.settle("r1", mine)
    await node.settle("r2", hers)
    client = node.member(hers)
    assert [row.id for row in (await client.requests()).requests] == ["r2"]
    assert (await client.usage()).totals.requests == 1
    assert (await client.dashboard()).totals.requests == 1
    other = await node.key_of(mine)
    assert (await get(node, f"/usage?key={other.id}", **{"x-api-key": hers})).json()["totals"]["requests"] == 0


@pytest.mark.parametrize("query", ["user=ann", "everyone=true", "user=root"])
async def test_a_key_cannot_ask_about_others(node: Node, query: str) -> None:
    key = await ann(node)
    for path in ("/usage", "/requests", "/dashboard"):
        answer = await get(node, f"{path}?{query}", **{"x-api-key": key})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_query")


async def test_others_go_by_stable_pseudonyms(node: Node) -> None:
    hers, mine = await ann(node), await node.key()
    await node.settle("r1", mine)
    await node.settle("r2", hers)
    client = node.member(hers)
    owner = (await node.admin.me()).user
    boards = [await client.leaderboard(metric="requests", period=period) for period in ("today", "7d")]
    names = [{row.user for row in board.rows if not row.you} for board in boards]
    assert names[0] == names[1]
    assert owner not in names[0]
    assert [row.user for row in boards[0].rows if row.you] == ["ann"]
    assert owner not in (await get(node, "/leaderboard", **{"x-api-key": hers})).text


async def test_a_key_sees_the_active_models_it_may_call(node: Node) -> None:
    await models(node)
    everything, one = await ann(node), await node.key("ann", allowed_models=["fast"])
    assert [model.slug for model in (await node.member(everything).models()).models] == ["fast", "slow"]
    assert [model.slug for model in (await node.member(one).models()).models] == ["fast"]


async def test_a_plain_key_manages_no_keys(node: Node) -> None:
    client = node.member(await ann(node))
    for attempt in (client.keys(), client.create_key(KeyCreate()), client.revoke_key(1), client.key(1)):
        with pytest.raises(ControlError) as refused:
            await attempt
        assert (refused.value.status, refused.value.code) == (403, "console_key_needed")


async def test_a_console_key_manages_its_own_users_keys(node: Node) -> None:
    foreign = await node.key_of(await node.key(name="foreign"))
    client = node.member(await ann(node, name="console", scope="console"))
    made = await client.create_key(KeyCreate(name="new"))
    assert (await node.member(made.key).me()).user == "ann"
    assert [key.name for key in (await client.keys()).keys] == ["new", "console"]
    assert (await client.revoke_key(made.id)).status == "revoked"
    for attempt in (client.key(foreign.id), client.revoke_key(foreign.id)):
        with pytest.raises(ControlError) as refused:
            await attempt
        assert refused.value.status == 404
    assert (await node.admin.key(foreign.id)).status == "active"


@pytest.mark.parametrize("body", [b"", b"{", b'{"nmae": 1}', b'{"name": "' + b"x" * 2_000_000 + b'"}'])
async def test_a_key_that_may_not_manage_keys_is_told_so_before_its_body_is_read(node: Node, body: bytes) -> None:
    key = await ann(node)
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{node.gateway_url}{API}/keys?colour=red", content=body, headers={"x-api-key": key})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "console_key_needed")


async def test_a_console_key_makes_no_keys_for_others(node: Node) -> None:
    client = node.member(await ann(node, scope="console"))
    owner = (await node.admin.me()).user
    with pytest.raises(ControlError) as refused:
        await client.create_key(KeyCreate(user=owner))
    assert (refused.value.status, refused.value.code) == (403, "not_yours")
    assert (await client.create_key(KeyCreate(user="ann"))).user == "ann"


async def test_a_console_key_passes_on_no_more_models_than_it_has(node: Node) -> None:
    await models(node)
    client = node.member(await ann(node, scope="console", allowed_models=["fast"]))
    assert (await client.create_key(KeyCreate())).allowed_models == ["fast"]
    with pytest.raises(ControlError) as refused:
        await client.create_key(KeyCreate(allowed_models=["slow"]))
    assert refused.value.code == "model_not_granted"


async def test_a_revoked_key_is_shut_out_at_once(node: Node) -> None:
    secret = await ann(node)
    client = node.member(secret)
    await client.me()
    await node.admin.revoke_key((await node.key_of(secret)).id)
    with pytest.raises(ControlError, match="was revoked"):
        await client.me()
