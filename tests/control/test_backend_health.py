import msgspec

from codevector_daemon.gateway.health import FAILURES_BEFORE_REST, FIRST_REST_MS
from codevector_shared.periods import iso
from codevector_shared.protocol import Backend, Delta, Health, ModelCreate, ProviderCreate, Snapshot

from .conftest import NOW, Node


async def two_backends(node: Node) -> None:
    await node.admin.create_provider(ProviderCreate("a", "openai", credential="sk-1"))
    await node.admin.create_provider(ProviderCreate("b", "openai", credential="sk-2"))
    await node.admin.create_model(ModelCreate("gpt", [Backend("a", "up", 0), Backend("b", "up", 1)]))
    await node.admin.create_model(ModelCreate("wild-*", [Backend("b", "*")]))


def fail(node: Node, slug: str = "gpt", times: int = FAILURES_BEFORE_REST, *, name: str | None = None) -> None:
    facade = node.services.directory.facade(name or slug)
    assert facade is not None
    for _ in range(times):
        node.services.health.failed(facade.backends[0], "http_529")


def at(node: Node, ms: int) -> str:
    return iso(ms, node.services.ledger.zone)


async def test_backends_that_serve_have_nothing_to_say(node: Node) -> None:
    await two_backends(node)
    assert [way.health for way in (await node.admin.model("gpt")).backends] == [None, None]
    assert [provider.unwell for provider in (await node.admin.providers()).providers] == [[], []]


async def test_a_backend_that_failed_says_since_when_and_why(node: Node) -> None:
    await two_backends(node)
    fail(node, times=1)
    node.clock.at += 7_000
    fail(node, times=1)
    first, second = (await node.admin.model("gpt")).backends
    assert first.health == Health("failing", 2, at(node, NOW), None, "http_529")
    assert second.health is None


async def test_a_resting_backend_says_when_it_is_tried_again(node: Node) -> None:
    await two_backends(node)
    fail(node)
    way = (await node.admin.models()).models[0].backends[0]
    assert way.health is not None
    assert (way.health.state, way.health.next_try_at) == ("resting", at(node, NOW + FIRST_REST_MS))
    (unwell,) = (await node.admin.provider("a")).unwell
    assert (unwell.upstream_model, unwell.state, unwell.failures) == ("up", "resting", FAILURES_BEFORE_REST)
    assert (await node.admin.provider("b")).unwell == []


async def test_a_wildcard_is_as_well_as_the_worst_of_its_names(node: Node) -> None:
    await two_backends(node)
    fail(node, name="wild-one", times=1)
    fail(node, name="wild-two")
    (way,) = (await node.admin.model("wild-*")).backends
    assert way.health is not None
    assert way.health.state == "resting"
    assert [one.upstream_model for one in (await node.admin.provider("b")).unwell] == ["wild-one", "wild-two"]


async def test_a_keys_holder_sees_the_health_of_the_models_it_may_call(node: Node) -> None:
    await two_backends(node)
    fail(node)
    (model,) = (await node.member(await node.key(allowed_models=["gpt"])).models()).models
    assert model.backends[0].health is not None


async def test_the_live_stream_tells_when_a_backend_begins_and_ends_to_rest(node: Node) -> None:
    await two_backends(node)
    messages = node.admin.live()
    first = await anext(messages)
    assert isinstance(first, Snapshot)
    assert first.status.resting_backends == 0
    before = node.services.health.changes
    fail(node)
    told = await anext(messages)
    assert isinstance(told, Delta)
    assert told.health_version == before + FAILURES_BEFORE_REST
    facade = node.services.directory.facade("gpt")
    assert facade is not None
    node.services.health.succeeded(facade.backends[0])
    well = await anext(messages)
    assert isinstance(well, Delta)
    assert well.health_version == told.health_version + 1
    await messages.aclose()


async def test_health_in_what_a_model_was_shown_as_changes_nothing_when_it_comes_back(node: Node) -> None:
    await two_backends(node)
    fail(node)
    shown = (await node.admin.model("gpt")).backends
    answer = await node.raw.patch("/models/gpt", content=msgspec.json.encode({"backends": list(reversed(shown))}))
    assert answer.status_code == 200, answer.text
    assert [way["provider"] for way in answer.json()["backends"]] == ["a", "b"]
