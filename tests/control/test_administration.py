import pytest

from codevector_shared.client import ControlError
from codevector_shared.protocol import (
    Backend,
    KeyCreate,
    ModelCreate,
    ModelPatch,
    PriceOverride,
    ProviderCreate,
    ProviderPatch,
    UserCreate,
    UserPatch,
)

from .conftest import Node


async def set_up(node: Node) -> None:
    await node.admin.create_provider(ProviderCreate("local", "custom", base_url="http://127.0.0.1:1/v1"))
    await node.admin.create_model(ModelCreate("team/fast:v2", [Backend("local", "m")], price=PriceOverride("1", "2")))


async def test_the_socket_speaks_as_the_owner(node: Node) -> None:
    me = await node.admin.me()
    assert (me.role, me.admin, me.gateway_url) == ("owner", True, "http://127.0.0.1:8787")
    assert (await node.admin.status()).pid == 4711


async def test_a_provider_is_made_shown_disabled_and_removed(node: Node) -> None:
    made = await node.admin.create_provider(ProviderCreate("work", "openai", credential="sk-secret"))
    assert (made.base_url, made.has_credential) == ("https://api.openai.com/v1", True)
    assert made.created_at == "2026-05-28T22:26:40.000+02:00"
    assert await node.admin.provider("work") == made
    assert not (await node.admin.patch_provider("work", ProviderPatch(enabled=False))).enabled
    assert "sk-secret" not in (await node.raw.get("/providers")).text
    await node.admin.remove_provider("work")
    assert (await node.admin.providers()).providers == []


async def test_a_model_shows_the_rates_that_apply_now(node: Node) -> None:
    await set_up(node)
    found = await node.admin.model("team/fast:v2")
    assert (found.input_price, found.cached_price, found.output_price) == ("1", "1", "2")
    assert (found.price_basis, found.provider) == ("override", "local")
    free = await node.admin.patch_model("team/fast:v2", ModelPatch(free=True, status="disabled"))
    assert (free.price_basis, free.input_price, free.status) == ("free", "0", "disabled")


async def test_a_removed_model_is_gone_and_its_provider_is_free(node: Node) -> None:
    await set_up(node)
    with pytest.raises(ControlError) as refused:
        await node.admin.remove_provider("local")
    assert (refused.value.status, refused.value.code) == (409, "provider_in_use")
    await node.admin.remove_model("team/fast:v2")
    await node.admin.remove_provider("local")
    assert (await node.admin.models()).models == []


async def test_importing_where_nobody_answers_takes_the_catalogue(node: Node) -> None:
    await node.admin.create_provider(ProviderCreate("anthropic", "anthropic", base_url="http://127.0.0.1:1"))
    first = await node.admin.import_models("anthropic")
    second = await node.admin.import_models("anthropic")
    assert len(first.added) > 5
    assert "connection refused" in (first.note or "")
    assert (second.added, second.kept) == ([], first.added)
    found = {model.slug: model for model in (await node.admin.models()).models}
    assert all(model.price_basis == "catalogue" for model in found.values())


async def test_settings_are_shown_but_never_what_could_be_secret(node: Node) -> None:
    order = ProviderCreate(
        "work",
        "openai",
        credential="sk-hush",
        organisation="org-1",
        headers={"X-Gate": "hush-1"},
        proxy="http://me:hush-2@proxy.test:3128",
    )
    made = await node.admin.create_provider(order)
    assert (made.organisation, made.headers, made.proxy) == ("org-1", ["x-gate"], "http://proxy.test:3128")
    changed = await node.admin.patch_provider("work", ProviderPatch(headers={"x-gate": None}, credential="sk-hush-3"))
    assert (changed.headers, changed.has_credential) == ([], True)
    assert "hush" not in (await node.raw.get("/providers")).text
    assert "hush" not in (await node.raw.get("/providers/work")).text


async def test_a_removed_provider_says_what_it_leaves_behind(node: Node) -> None:
    await set_up(node)
    assert (await node.admin.provider("local")).models == ["team/fast:v2"]
    removed = await node.admin.remove_provider("local", force=True)
    assert (removed.lost_a_backend, removed.lost_their_last) == ([], ["team/fast:v2"])
    left = await node.admin.model("team/fast:v2")
    assert (left.backends, left.provider) == ([], None)


async def test_a_wildcard_is_shown_by_its_pattern_without_a_price(node: Node) -> None:
    await set_up(node)
    await node.admin.create_model(ModelCreate("claude-*", [Backend("local", "*")]))
    shown = await node.admin.model("claude-*")
    assert (shown.wildcard, shown.input_price, shown.price_basis) == (True, None, "catalogue")
    priced = await node.admin.patch_model("claude-*", ModelPatch(price=PriceOverride("1", "2")))
    assert (priced.input_price, priced.price_basis) == ("1", "override")


async def test_a_model_is_found_by_its_alias(node: Node) -> None:
    await set_up(node)
    changed = await node.admin.patch_model("team/fast:v2", ModelPatch(aliases=["Team/Fast"], capabilities=["vision"]))
    assert (changed.aliases, changed.capabilities) == (["Team/Fast"], ["vision"])
    assert (await node.admin.model("Team/Fast")).slug == "team/fast:v2"


async def test_importing_from_the_sandbox_takes_its_models_and_rates(node: Node) -> None:
    await node.admin.create_provider(ProviderCreate("sandbox", "sandbox"))
    assert "sandbox/quick" in (await node.admin.import_models("sandbox")).added
    quick = await node.admin.model("sandbox/quick")
    assert (quick.price_basis, quick.display_name) == ("override", "Sandbox Quick")


async def test_importing_from_a_silent_custom_provider_says_how_to_go_on(node: Node) -> None:
    await set_up(node)
    with pytest.raises(ControlError) as refused:
        await node.admin.import_models("local")
    assert refused.value.status == 502
    assert "connection refused" in refused.value.message
    assert "codevector models add" in (refused.value.hint or "")


async def test_a_keys_secret_is_shown_once(node: Node) -> None:
    made = await node.admin.create_key(KeyCreate(name="laptop", project="web", expires_at="90d"))
    assert made.key.startswith(made.prefix)
    assert made.expires_at == "2026-08-26T22:26:40.000+02:00"
    listed = await node.raw.get("/keys")
    assert made.prefix in listed.text
    assert made.key not in listed.text
    assert "key" not in listed.json()["keys"][0]
    shown = await node.admin.key(made.id)
    assert (shown.status, shown.project, shown.user) == ("active", "web", (await node.admin.me()).user)


async def test_a_revoked_key_stays_in_the_list(node: Node) -> None:
    made = await node.admin.create_key(KeyCreate())
    assert (await node.admin.revoke_key(made.id)).status == "revoked"
    assert [key.status for key in (await node.admin.keys()).keys] == ["revoked"]


async def test_keys_can_be_listed_by_user(node: Node) -> None:
    await node.admin.create_user(UserCreate("ann"))
    await node.admin.create_key(KeyCreate(user="ann"))
    await node.admin.create_key(KeyCreate())
    assert [key.user for key in (await node.admin.keys(user="ann")).keys] == ["ann"]
    assert len((await node.admin.keys()).keys) == 2


async def test_when_a_key_was_used_is_read_from_the_store(node: Node) -> None:
    secret = await node.key()
    assert (await node.key_of(secret)).last_used_at is None
    await node.settle("r1", secret)
    assert (await node.key_of(secret)).last_used_at is not None


async def test_users_are_added_renamed_and_counted(node: Node) -> None:
    await node.admin.create_user(UserCreate("Ann Lee"))
    await node.admin.create_key(KeyCreate(user="Ann Lee"))
    renamed = await node.admin.patch_user("Ann Lee", UserPatch(name="Ann", suspended=True))
    assert (renamed.name, renamed.status) == ("Ann", "suspended")
    assert [user.name for user in (await node.admin.users()).users][1:] == ["Ann"]
    with pytest.raises(ControlError) as missing:
        await node.admin.user("Ann Lee")
    assert (missing.value.status, missing.value.code) == (404, "unknown_user")
