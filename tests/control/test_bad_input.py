import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codevector_shared.protocol import API

from .conftest import Node

PATHS = [
    "/status",
    "/me",
    "/providers",
    "/providers/x",
    "/models",
    "/models/x",
    "/keys",
    "/keys/1",
    "/users",
    "/users/x",
    "/usage",
    "/dashboard",
    "/requests",
    "/leaderboard",
    "/live",
]


async def problem(node: Node, method: str, path: str, status: int, **options: Any) -> dict[str, Any]:
    answer = await node.raw.request(method, path, **options)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert "Traceback" not in answer.text
    return error


async def test_unknown_query_parameters_are_refused_by_name(node: Node) -> None:
    for path in PATHS:
        assert "'colour'" in (await problem(node, "GET", path, 400, params={"colour": "red"}))["message"]


QUERIES = [
    ("/usage?period=yesterday", "period"),
    ("/usage?by=shoe", "by"),
    ("/usage?period=7d&from=2026-01-01", "either a period"),
    ("/usage?to=2026-01-01", "either a period"),
    ("/usage?from=2026-02-01&to=2026-01-01", "ends"),
    ("/usage?from=1.1.2026", "from='1.1.2026' is not a day"),
    ("/usage?from=0001-01-01&to=0001-01-02", "1970"),
    ("/usage?user=x&everyone=true", "either user or everyone"),
    ("/usage?everyone=perhaps", "everyone"),
    ("/usage?period=7d&period=30d", "given 2 times"),
    ("/usage?key=abc", "key"),
    (f"/usage?key={2**63}", "key"),
    (f"/requests?last={2**63}", "last"),
    ("/requests?last=" + "9" * 5000, "last"),
    ("/dashboard?granularity=5m&period=90d", "too many bars"),
    ("/dashboard?granularity=hour&period=all", "too many bars"),
    ("/requests?last=0", "last"),
    ("/requests?last=-1", "last"),
    ("/requests?state=lost", "state"),
    ("/leaderboard?metric=beauty", "metric"),
]


async def test_a_query_that_means_nothing_is_refused_with_its_parameter(node: Node) -> None:
    for path, says in QUERIES:
        assert says in (await problem(node, "GET", path, 400))["message"], path


async def test_an_unknown_user_is_told(node: Node) -> None:
    for path in ("/usage?user=nobody", "/keys?user=nobody"):
        error = await problem(node, "GET", path, 404)
        assert (error["code"], "'nobody'" in error["message"]) == ("unknown_user", True)


BODIES = [
    ("/keys", b"", "JSON object"),
    ("/keys", b"{", "JSON object"),
    ("/keys", b"\xff\xfe", "JSON object"),
    ("/keys", b"[" * 100_000, "object"),
    ("/keys", b"[]", "object"),
    ("/keys", b'{"nmae": "x"}', "body: there is no field 'nmae'"),
    ("/keys", b'{"name": 5}', "name: expected text or null, got a whole number"),
    ("/keys", b'{"name": "\\ud800"}', "JSON object"),
    ("/keys", b'{"scope": "root"}', "scope: 'root' is none of the possible values"),
    ("/keys", b'{"expires_at": "soon"}', "expires_at"),
    ("/keys", b'{"name": "a\\u001b[2J"}', "name"),
    ("/users", b"{}", "body: the field 'name' is missing"),
    ("/users", b'{"name": ""}', "name: must not be empty"),
    ("/users", b'{"name": "a", "role": "king"}', "role: "),
    ("/providers", b'{"name": "x", "kind": "nope"}', "kind"),
    ("/models", b'{"slug": "x", "backends": [{}]}', "backends[0]: the field 'provider' is missing"),
    ("/models", b'{"slug": "x", "backends": [{"provider": "a", "upstream_model": "b", "weight": 1e400}]}', ""),
    ("/models", b'{"slug": "x", "backends": [], "free": "true"}', "free: expected true or false, got text"),
    ("/models", b'{"slug": "X", "backends": []}', "slug"),
]


async def test_a_body_that_means_nothing_is_refused_with_its_field(node: Node) -> None:
    for path, body, says in BODIES:
        assert says in (await problem(node, "POST", path, 400, content=body))["message"], body


async def test_a_secret_in_a_refused_body_is_not_repeated(node: Node) -> None:
    body = {"name": "UPPER", "kind": "openai", "credential": "sk-very secret\x01"}
    for wrong in (body, body | {"name": "ok"}, body | {"colour": 1}):
        answer = await node.raw.post("/providers", json=wrong)
        assert answer.status_code == 400
        assert "secret" not in answer.text


async def test_a_body_that_is_too_large_is_refused(node: Node) -> None:
    answer = await node.raw.post("/keys", content=b'{"name": "' + b"x" * 2_000_000 + b'"}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_what_does_not_exist_is_404_in_the_same_shape(node: Node) -> None:
    for path in ("/nothing", "/keys/abc", "/keys/-1", "/models/", "/providers/a/b", "/%00", "/../x"):
        await problem(node, "GET", path, 404)


async def test_a_key_that_cannot_be_is_not_found(node: Node) -> None:
    assert (await problem(node, "GET", f"/keys/{2**63}", 404))["code"] == "unknown_key"
    assert (await problem(node, "DELETE", "/keys/7", 404))["code"] == "unknown_key"


async def test_a_method_that_a_route_has_not_is_405(node: Node) -> None:
    for path in ("/status", "/keys/1", "/usage"):
        await problem(node, "PUT", path, 405)


async def test_a_name_that_is_taken_is_409(node: Node) -> None:
    assert (await node.raw.post("/users", json={"name": "ann"})).status_code == 201
    assert (await problem(node, "POST", "/users", 409, json={"name": "ann"}))["code"] == "user_exists"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_json_breaks_a_route(node: Node, data: st.DataObject) -> None:
    value = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3),
    )
    fields = st.sampled_from(
        ["name", "kind", "slug", "backends", "user", "expires_at", "price", "base_url", "role", "free"]
    )
    body = data.draw(st.dictionaries(fields, value, max_size=5))
    path = data.draw(st.sampled_from(["/keys", "/users", "/providers", "/models", "/models/import"]))
    answer = await node.raw.post(path, content=json.dumps(body).encode())
    assert answer.status_code < 500, (path, body, answer.text)


async def test_the_description_resolves(node: Node) -> None:
    document = (await node.raw.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*(references(one) for one in part.values()))
        return set().union(*(references(one) for one in part)) if isinstance(part, list) else set()

    found = references(document)
    assert found
    assert {name.removeprefix("#/components/schemas/") for name in found} <= set(schemas)
    assert {"KeyCreate", "Dashboard", "Delta", "Failure", "Backend"} <= set(schemas)
    assert set(document["paths"]["/api/v1/models/{slug}"]) == {"get", "patch", "delete"}
    assert f"{API}/live" in document["paths"]
    names = {one["name"] for one in document["paths"]["/api/v1/usage"]["get"]["parameters"]}
    assert {"period", "from", "to", "by", "user", "everyone"} <= names
