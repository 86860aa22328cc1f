from datetime import UTC

import pytest

from codevector_daemon.directory import Directory, keys, models, providers, users
from codevector_daemon.directory.values import Caller
from codevector_daemon.errors import DirectoryError
from codevector_daemon.metering.prices import RateOverride
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

from .conftest import NOW, Clock


async def provider(directory: Directory, name: str = "local", dialects: list[str] | None = None) -> None:
    order = ProviderCreate(name=name, kind="custom", base_url="http://127.0.0.1:1/v1", dialects=dialects)
    await providers.create(directory, order, actor="test")


async def model(directory: Directory, slug: str = "fast", **order: object) -> None:
    wish = ModelCreate(slug=slug, backends=[Backend("local", "m")], **order)  # type: ignore[arg-type]
    await models.create(directory, wish, actor="test")


async def key(directory: Directory, **order: object) -> keys.KeyRecord:
    wish = KeyCreate(**order)  # type: ignore[arg-type]
    return (await keys.create(directory, wish, user=directory.users()[0], zone=UTC, actor="test")).record


async def test_a_user_is_added_renamed_and_suspended(directory: Directory) -> None:
    added = await users.create(directory, UserCreate("Zoë"), actor="test")
    assert (added.user.name, added.user.role, added.keys) == ("Zoë", "member", 0)
    changed = await users.patch(directory, "Zoë", UserPatch(name="Zoe", role="admin", suspended=True), actor="test")
    assert (changed.user.id, changed.user.name, changed.user.role) == (added.user.id, "Zoe", "admin")
    assert [record.user.suspended for record in users.listed(directory)] == [False, True]


async def test_two_users_never_look_alike(directory: Directory) -> None:
    await users.create(directory, UserCreate("Ann"), actor="test")
    with pytest.raises(DirectoryError, match="'Ann' already") as refused:
        await users.create(directory, UserCreate("ann"), actor="test")
    assert refused.value.status == 409
    assert (await users.patch(directory, "Ann", UserPatch(name="Ann"), actor="test")).user.name == "Ann"


async def test_the_owner_can_only_be_renamed(directory: Directory) -> None:
    owner = directory.owner.user_name
    for wish in (UserPatch(role="member"), UserPatch(suspended=True)):
        with pytest.raises(DirectoryError, match="owner"):
            await users.patch(directory, owner, wish, actor="test")
    with pytest.raises(DirectoryError, match="one owner"):
        await users.create(directory, UserCreate("usurper", role="owner"), actor="test")
    await users.patch(directory, owner, UserPatch(name="boss"), actor="test")
    assert directory.owner.user_name == "boss"


async def test_an_unknown_user_is_answered_with_the_known_ones(directory: Directory) -> None:
    with pytest.raises(DirectoryError) as refused:
        users.one(directory, "nobody\x1b")
    assert (refused.value.status, refused.value.code) == (404, "unknown_user")
    assert directory.owner.user_name in (refused.value.hint or "")


async def test_keys_are_counted_while_they_open_the_gateway(directory: Directory, clock: Clock) -> None:
    first = await key(directory)
    await key(directory, expires_at="1h")
    assert users.listed(directory)[0].keys == 2
    await keys.revoke(directory, first.id, actor="test")
    clock.at += 3_600_000
    assert users.listed(directory)[0].keys == 0


async def test_keys_without_a_name_get_a_free_one(directory: Directory) -> None:
    names = [(await key(directory, name=name)).name for name in (None, "key-3", None)]
    assert names == ["key-1", "key-3", "key-4"]


async def test_a_name_is_free_again_when_its_key_is_closed(directory: Directory) -> None:
    first = await key(directory, name="laptop")
    with pytest.raises(DirectoryError, match="laptop") as refused:
        await key(directory, name="laptop")
    assert refused.value.status == 409
    await keys.revoke(directory, first.id, actor="test")
    second = await key(directory, name="laptop")
    listed = await keys.listed(directory)
    assert [record.id for record in listed] == [second.id, first.id]
    assert [record.status(NOW) for record in listed] == ["active", "revoked"]


async def test_an_allow_list_names_existing_models_only(directory: Directory) -> None:
    await provider(directory)
    await model(directory)
    made = await key(directory, allowed_models=["fast", "fast"])
    assert made.allowed_models == ["fast"]
    with pytest.raises(DirectoryError, match="allowed_models: there is no model 'slow'") as refused:
        await key(directory, allowed_models=["fast", "slow"])
    assert refused.value.hint == "There is only fast."
    with pytest.raises(DirectoryError, match="empty"):
        await key(directory, allowed_models=[])


async def test_another_users_key_is_not_found(directory: Directory) -> None:
    made = await key(directory)
    other = (await users.create(directory, UserCreate("eve"), actor="test")).user.id
    for attempt in (
        keys.one(directory, made.id, user_id=other),
        keys.revoke(directory, made.id, user_id=other, actor="eve"),
    ):
        with pytest.raises(DirectoryError) as refused:
            await attempt
        assert refused.value.status == 404
    assert await keys.listed(directory, user_id=other) == []
    assert (await keys.one(directory, made.id)).revoked_ms is None


async def test_a_provider_takes_what_its_kind_knows(directory: Directory) -> None:
    made = await providers.create(directory, ProviderCreate("a", "anthropic", credential="sk-1\n"), actor="test")
    assert (made.base_url, made.dialects) == ("https://api.anthropic.com", ("messages",))
    assert made.credential is not None
    assert made.credential.reveal() == "sk-1"
    assert "sk-1" not in repr(made)
    custom = ProviderCreate("b", "custom", base_url="http://h:1/v1")
    assert (await providers.create(directory, custom, actor="test")).dialects == ("chat",)


@pytest.mark.parametrize(
    ("order", "code", "says"),
    [
        (ProviderCreate("a", "nope"), "unknown_kind", "openai, anthropic, google"),
        (ProviderCreate("a", "custom"), "invalid_base_url", "needs one"),
        (ProviderCreate("a", "custom", base_url="http://u:p@h"), "invalid_base_url", "credential"),
        (ProviderCreate("a", "openai", dialects=["messages"]), "unknown_dialect", "chat, responses"),
        (ProviderCreate("a", "sandbox", base_url="https://h"), "invalid_base_url", "built in"),
        (ProviderCreate("a", "openai", credential=""), "invalid_credential", "printable"),
        (ProviderCreate("A", "openai"), "invalid_name", "lower-case"),
    ],
)
async def test_a_provider_that_cannot_be_is_refused(
    directory: Directory, order: ProviderCreate, code: str, says: str
) -> None:
    with pytest.raises(DirectoryError) as refused:
        await providers.create(directory, order, actor="test")
    assert refused.value.code == code
    assert says in f"{refused.value.message} {refused.value.hint}"
    assert directory.providers() == ()


async def test_a_second_provider_of_that_name_is_refused(directory: Directory) -> None:
    await provider(directory)
    with pytest.raises(DirectoryError, match="already") as refused:
        await provider(directory)
    assert refused.value.status == 409


async def test_a_provider_is_disabled_and_enabled(directory: Directory) -> None:
    await provider(directory)
    await model(directory)
    await providers.patch(directory, "local", ProviderPatch(enabled=False), actor="test")
    found = directory.facade("fast")
    assert found is not None
    assert not found.backends[0].provider.enabled
    assert (await providers.patch(directory, "local", ProviderPatch(enabled=True), actor="test")).enabled


async def test_a_provider_that_is_the_last_of_a_model_stays_and_says_which(directory: Directory) -> None:
    await provider(directory)
    await model(directory, "fast")
    await model(directory, "slow")
    with pytest.raises(DirectoryError, match="only backend of 2 models: fast, slow") as refused:
        await providers.remove(directory, "local", actor="test")
    assert refused.value.status == 409
    assert "--force" in (refused.value.hint or "")
    assert directory.provider("local") is not None


async def test_removing_a_provider_says_which_models_lost_a_backend(directory: Directory) -> None:
    await provider(directory)
    await provider(directory, "spare")
    await model(directory, "fast")
    both = ModelCreate("safe", [Backend("local", "m"), Backend("local", "n"), Backend("spare", "m")])
    await models.create(directory, both, actor="test")
    removed = await providers.remove(directory, "local", actor="test", force=True)
    assert (removed.lost_a_backend, removed.lost_their_last) == (["safe"], ["fast"])
    assert [way.provider.name for way in models.one(directory, "safe").backends] == ["spare"]
    assert models.one(directory, "fast").backends == ()
    assert (await providers.remove(directory, "spare", actor="test", force=True)).lost_their_last == ["safe"]


async def test_a_provider_without_models_needs_no_force(directory: Directory) -> None:
    await provider(directory)
    removed = await providers.remove(directory, "local", actor="test")
    assert (removed.removed, removed.lost_a_backend, removed.lost_their_last) == ("local", [], [])
    assert directory.providers() == ()


async def test_an_alias_is_another_name_of_one_model(directory: Directory) -> None:
    await provider(directory)
    await model(directory, "fast", aliases=["Quick", "fast", "Quick"])
    found = directory.facade("Quick")
    assert found is not None
    assert (found.slug, found.aliases) == ("fast", ("Quick",))
    assert models.one(directory, "Quick") is found
    await models.patch(directory, "Quick", ModelPatch(aliases=["swift"]), actor="test")
    assert directory.facade("Quick") is None
    with pytest.raises(DirectoryError, match="'swift' is another name of the model 'fast'") as refused:
        await models.remove(directory, "swift", actor="test")
    assert (refused.value.status, "models remove fast" in str(refused.value.hint)) == (409, True)
    await models.remove(directory, "fast", actor="test")
    assert directory.facades() == ()


async def test_a_name_belongs_to_one_model_only(directory: Directory) -> None:
    await provider(directory)
    await model(directory, "fast", aliases=["quick"])
    with pytest.raises(DirectoryError, match="'quick' already, an alias of fast") as refused:
        await model(directory, "quick")
    assert refused.value.status == 409
    for alias in ("fast", "quick"):
        with pytest.raises(DirectoryError, match=f"'{alias}' is the model 'fast' already"):
            await model(directory, "slow", aliases=[alias])
    assert len(directory.facades()) == 1


async def test_a_wildcard_sends_on_the_name_that_was_asked_for(directory: Directory) -> None:
    await provider(directory)
    order = ModelCreate("claude-*", [Backend("local", "*"), Backend("local", "fixed", priority=1)])
    await models.create(directory, order, actor="test")
    found = directory.facade("claude-opus-9")
    assert found is not None
    assert (found.slug, found.granted_as) == ("claude-opus-9", "claude-*")
    assert [way.upstream_model for way in found.backends] == ["claude-opus-9", "fixed"]
    assert directory.facade("gpt-5") is None
    assert models.one(directory, "claude-*").backends[0].upstream_model == "*"
    with pytest.raises(DirectoryError):
        models.one(directory, "claude-opus-9")


async def test_a_key_may_be_granted_a_wildcard_an_alias_or_one_name_of_a_wildcard(directory: Directory) -> None:
    await provider(directory)
    await models.create(directory, ModelCreate("claude-*", [Backend("local", "*")]), actor="test")
    await model(directory, "claude-dear", aliases=["Dear"])
    assert (await key(directory, allowed_models=["Dear", "claude-*"])).allowed_models == ["claude-*", "claude-dear"]
    assert (await key(directory, allowed_models=["claude-opus-9"])).allowed_models == ["claude-opus-9"]
    with pytest.raises(DirectoryError, match="no model 'gpt-5'"):
        await key(directory, allowed_models=["gpt-5"])


async def test_a_grant_of_a_wildcard_is_no_grant_of_a_model_that_has_its_own_slug(directory: Directory) -> None:
    await provider(directory)
    await models.create(directory, ModelCreate("claude-*", [Backend("local", "*")]), actor="test")
    await model(directory, "claude-dear")
    holder = Caller(1, "k", 1, "u", "member", allowed_models=frozenset({"claude-*"}))
    cheap, dear = directory.facade("claude-cheap"), directory.facade("claude-dear")
    assert cheap is not None
    assert dear is not None
    assert (holder.may_use(cheap), holder.may_use(dear)) == (True, False)
    one = Caller(1, "k", 1, "u", "member", allowed_models=frozenset({"claude-cheap"}))
    assert one.may_use(cheap)


async def test_a_model_of_ones_own_machine_is_free_unless_it_is_priced(directory: Directory) -> None:
    await providers.create(directory, ProviderCreate("home", "ollama"), actor="test")
    for slug, price in (("free", None), ("priced", PriceOverride("1", "2"))):
        await models.create(directory, ModelCreate(slug, [Backend("home", "m")], price=price), actor="test")
    assert (models.one(directory, "free").free, models.one(directory, "priced").free) == (True, False)
    await provider(directory)
    await model(directory, "elsewhere")
    assert not models.one(directory, "elsewhere").free


async def test_a_new_price_keeps_the_rates_it_does_not_name(directory: Directory) -> None:
    await provider(directory)
    await model(directory, price=PriceOverride("1", "2", cached_price="0.1", cache_write_price="1.5"))

    async def rates(price: PriceOverride | None) -> tuple[str, ...] | None:
        found = await models.patch(directory, "fast", ModelPatch(price=price), actor="test")
        return found.override and (found.override.input, found.override.output, found.override.cached)

    assert await rates(PriceOverride("3", "4")) == ("3", "4", "0.1")
    assert models.one(directory, "fast").override.cache_write == "1.5"  # type: ignore[union-attr] # it has one
    assert await rates(PriceOverride("3", "4", cached_price="0.2")) == ("3", "4", "0.2")
    assert await rates(None) is None
    assert await rates(PriceOverride("5", "6")) == ("5", "6", "5")


async def test_status_and_capabilities_are_set_and_reset(directory: Directory) -> None:
    await provider(directory)
    await model(directory, status="draft", capabilities=["vision", "tools", "vision"])
    assert models.one(directory, "fast").status == "draft"
    assert models.one(directory, "fast").capabilities == ("tools", "vision")
    changed = await models.patch(directory, "fast", ModelPatch(status="active", capabilities=None), actor="test")
    assert (changed.status, changed.capabilities) == ("active", None)


async def test_rates_left_out_are_those_of_plain_input(directory: Directory) -> None:
    await provider(directory)
    await model(directory, price=PriceOverride("1.50", "6"))
    found = models.one(directory, "fast")
    assert found.override == RateOverride("1.50", "6", "1.50", "1.50", "1.50")


async def test_a_price_ends_being_free_and_the_other_way_round(directory: Directory) -> None:
    await provider(directory)
    await model(directory, free=True)
    priced = await models.patch(directory, "fast", ModelPatch(price=PriceOverride("1", "2")), actor="test")
    assert (priced.free, priced.override is None) == (False, False)
    free = await models.patch(directory, "fast", ModelPatch(free=True), actor="test")
    assert (free.free, free.override) == (True, None)
    catalogue = await models.patch(directory, "fast", ModelPatch(price=None), actor="test")
    assert (catalogue.free, catalogue.override) == (False, None)
    with pytest.raises(DirectoryError, match="either free or"):
        await models.patch(directory, "fast", ModelPatch(free=True, price=PriceOverride("1", "2")), actor="test")


async def test_backends_are_replaced_whole_and_ordered_by_priority(directory: Directory) -> None:
    await provider(directory)
    await provider(directory, "second")
    await model(directory)
    wish = ModelPatch(backends=[Backend("local", "m", priority=2), Backend("second", "n")], status="disabled")
    changed = await models.patch(directory, "fast", wish, actor="test")
    assert [(way.provider.name, way.upstream_model) for way in changed.backends] == [("second", "n"), ("local", "m")]
    assert changed.status == "disabled"


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (ModelCreate("Fast", [Backend("local", "m")]), "lower-case"),
        (ModelCreate("fast", []), "PROVIDER/UPSTREAM_MODEL"),
        (ModelCreate("fast", [Backend("nope", "m")]), "no provider 'nope'"),
        (ModelCreate("fast", [Backend("local", "")]), "name at the provider"),
        (ModelCreate("fast", [Backend("local", "m"), Backend("local", "m")]), "twice"),
        (ModelCreate("fast", [Backend("local", "m", weight=0)]), "weight"),
        (ModelCreate("fast", [Backend("local", "m")], kind="embedding"), "--dialect"),
        (ModelCreate("fast", [Backend("local", "*")]), "behind a slug with a * only"),
        (ModelCreate("fast-*", [Backend("local", "m-*")]), "behind a slug with a * only"),
        (ModelCreate("a-*-*", [Backend("local", "*")]), "lower-case"),
        (ModelCreate("fast-*", [Backend("local", "*")], aliases=["x"]), "has no other names"),
        (ModelCreate("fast", [Backend("local", "m")], aliases=["a b"]), "aliases"),
        (ModelCreate("fast", [Backend("local", "m")], capabilities=["Vision!"]), "capabilities"),
        (ModelCreate("fast", [Backend("local", "m")], price=PriceOverride("-1", "2")), "input_price"),
        (ModelCreate("fast", [Backend("local", "m")], price=PriceOverride("1", "2", cached_price="x")), "cached_price"),
        (ModelCreate("fast", [Backend("local", "m")], price=PriceOverride("1", "2"), free=True), "free"),
        (ModelCreate("fast", [Backend("local", "m")], context_window=0), "context_window"),
        (ModelCreate("fast", [Backend("local", "m")], display_name="\x1b[2J"), "display_name"),
    ],
)
async def test_a_model_that_cannot_be_is_refused(directory: Directory, wish: ModelCreate, says: str) -> None:
    await provider(directory)
    with pytest.raises(DirectoryError) as refused:
        await models.create(directory, wish, actor="test")
    assert says in f"{refused.value.message} {refused.value.hint}"
    assert directory.facades() == ()


@pytest.mark.parametrize(
    ("behind", "slug", "upstream", "kind"),
    [
        ("local", "fast", "m", "chat"),
        ("local", "embedding-talk", "m", "chat"),
        ("local", "fast", "text-embedding-3-small", "chat"),
        ("both", "fast", "text-Embedding-3-small", "embedding"),
        ("both", "text-embed-*", "*", "embedding"),
        ("both", "embedder", "m", "chat"),
        ("both", "fast", "coder-for-embedded-systems", "chat"),
        ("vectors", "fast", "m", "embedding"),
    ],
)
async def test_a_model_that_was_given_no_kind_is_what_its_backends_say(
    directory: Directory, behind: str, slug: str, upstream: str, kind: str
) -> None:
    await provider(directory)
    await provider(directory, "both", ["chat", "embeddings"])
    await provider(directory, "vectors", ["embeddings"])
    made = await models.create(directory, ModelCreate(slug, [Backend(behind, upstream)]), actor="test")
    assert made.kind == kind


async def test_a_kind_is_changed_where_the_backends_can_do_it(directory: Directory) -> None:
    await provider(directory)
    await provider(directory, "both", ["chat", "embeddings"])
    await models.create(directory, ModelCreate("fast", [Backend("both", "m")]), actor="test")
    changed = await models.patch(directory, "fast", ModelPatch(kind="embedding"), actor="test")
    assert (changed.kind, len(changed.backends)) == ("embedding", 1)
    with pytest.raises(DirectoryError, match="serves no embedding model"):
        await models.patch(directory, "fast", ModelPatch(backends=[Backend("local", "m")]), actor="test")
    await models.create(directory, ModelCreate("slow", [Backend("local", "m")]), actor="test")
    with pytest.raises(DirectoryError, match="serves no embedding model"):
        await models.patch(directory, "slow", ModelPatch(kind="embedding"), actor="test")


async def test_an_import_adds_what_is_missing_and_keeps_the_rest(directory: Directory) -> None:
    await provider(directory)
    await model(directory, "fast", free=True)
    orders = [ModelCreate(slug, [Backend("local", slug)]) for slug in ("slow", "fast")]
    assert await models.create_missing(directory, orders, actor="test") == (["slow"], ["fast"])
    assert models.one(directory, "fast").free


async def test_an_unknown_model_is_answered_with_the_known_ones(directory: Directory) -> None:
    await provider(directory)
    await model(directory)
    with pytest.raises(DirectoryError) as refused:
        await models.remove(directory, "nope", actor="test")
    assert (refused.value.status, refused.value.hint) == (404, "There is only fast.")
