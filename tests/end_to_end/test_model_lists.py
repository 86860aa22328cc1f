"""The lists of models say what can be called now on their own routes, and a kind of model is called on its own."""

import json
from typing import Any

import pytest

from support import raw
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.refusals import assert_refused

LISTS = {
    "chat": "/gateway/openai/v1/models",
    "messages": "/gateway/anthropic/v1/models?limit=1000",
    "gemini": "/v1beta/models?pageSize=1000",
}
DIALECTS = pytest.mark.parametrize("dialect", LISTS)
EMBEDDINGS_PATH = "/v1/embeddings"
GENERATING = {
    "chat": CHAT_PATH,
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": MESSAGES_PATH,
    "gemini": "/v1beta/models/vectors:generateContent",
}
ASKED = {"max_tokens": 9, "messages": [{"role": "user", "content": "x"}], "input": "x", "contents": [], "prompt": "x"}


def get(desk: Desk, path: str) -> raw.Reply:
    return raw.exchange(desk.daemon.port, raw.request("GET", path, (desk.key.bearer,)))


def listed(desk: Desk, dialect: str) -> set[str]:
    document: dict[str, Any] = json.loads(get(desk, LISTS[dialect]).body)
    models = document["models"] if dialect == "gemini" else document["data"]
    return {model.get("id") or model["name"].removeprefix("models/") for model in models}


def one(desk: Desk, dialect: str, slug: str) -> raw.Reply:
    return get(desk, f"{LISTS[dialect].partition('?')[0]}/{slug}")


@pytest.fixture(scope="module")
def embedding(shared_desk: Desk) -> None:
    """An embedding model beside the others, and a wildcard that answers to names of such."""
    shared_desk.daemon.control.add_model("vectors", "open", "text-embedding-3-small")
    shared_desk.daemon.control.add_model("text-*", "open", "*")


def test_a_model_whose_last_provider_is_disabled_leaves_every_list_and_comes_back(own_desk: Desk) -> None:
    control = own_desk.daemon.control
    control.call("PATCH", "/models/house", {"aliases": ["home"]})
    control.add_model("own-*", "own", "*")
    both = [{"provider": name, "upstream_model": "m"} for name in ("own", "open")]
    control.call("POST", "/models", {"slug": "both", "backends": both})
    for dialect in LISTS:
        assert {"gpt", "house", "home", "both"} <= listed(own_desk, dialect)
    control.call("PATCH", "/providers/own", {"enabled": False})
    for dialect in LISTS:
        assert listed(own_desk, dialect) & {"house", "home", "gpt", "both"} == {"gpt", "both"}
        for name in ("house", "home", "own-thing"):
            assert_refused(one(own_desk, dialect, name), dialect, 404, "not_found_error", "model_not_found")
    reply = own_desk.post(CHAT_PATH, json.dumps({"model": "house", **ASKED}).encode())
    assert "models show house" in assert_refused(reply, "chat", 503, "api_error", "no_backend")
    assert [way["enabled"] for way in control.call("GET", "/models/both")["backends"]] == [False, True]
    control.call("PATCH", "/providers/own", {"enabled": True})
    for dialect in LISTS:
        assert {"house", "home"} <= listed(own_desk, dialect)
        assert one(own_desk, dialect, "own-thing").status == 200


@DIALECTS
@pytest.mark.usefixtures("embedding")
def test_an_embedding_model_is_listed_where_embeddings_can_be_asked_for(desk: Desk, dialect: str) -> None:
    names = listed(desk, dialect)
    assert {"vectors", "text-embedding-3-large"} & names == (
        {"vectors", "text-embedding-3-large"} if dialect == "chat" else set()
    )
    assert "gpt" in names
    for slug in ("vectors", "text-embedding-3-large"):
        assert one(desk, dialect, slug).status == (200 if dialect == "chat" else 404)


@pytest.mark.parametrize("dialect", GENERATING)
@pytest.mark.usefixtures("embedding")
def test_an_embedding_model_generates_nothing(desk: Desk, dialect: str) -> None:
    reply = desk.post(GENERATING[dialect], json.dumps({"model": "vectors", **ASKED}).encode())
    message = assert_refused(reply, dialect, 400, "invalid_request_error", "wrong_model_kind")
    assert "POST /v1/embeddings" in message
    assert "models set vectors --kind chat" in message
    assert desk.provider.received() == []
    row = desk.books.request(reply.header(REQUEST_ID)[0])
    assert (row["state"], row["model"], row["spend_nano"]) == ("rejected", "vectors", 0)


@pytest.mark.usefixtures("embedding")
def test_a_model_that_nobody_called_an_embedding_model_may_embed(desk: Desk) -> None:
    desk.post(EMBEDDINGS_PATH, json.dumps({"model": "gpt", **ASKED}).encode())
    assert desk.provider.only().target == "/v1/embeddings"


@pytest.mark.usefixtures("embedding")
def test_an_embedding_model_counts_no_tokens(desk: Desk) -> None:
    reply = desk.post(f"{MESSAGES_PATH}/count_tokens", json.dumps({"model": "vectors", **ASKED}).encode())
    assert_refused(reply, "messages", 400, "invalid_request_error", "wrong_model_kind")


@pytest.mark.usefixtures("embedding")
def test_a_key_that_was_not_granted_an_embedding_model_learns_nothing_of_its_kind(desk: Desk) -> None:
    key = desk.daemon.control.create_key("narrow", allowed_models=["gpt"])
    data = json.dumps({"model": "vectors", **ASKED}).encode()
    reply = raw.exchange(desk.daemon.port, raw.request("POST", CHAT_PATH, (key.bearer,), data))
    assert_refused(reply, "chat", 403, "permission_error", "model_not_granted")


@pytest.mark.parametrize("name", ["text-embedding-3-large", "text-embedding-9"])
@pytest.mark.usefixtures("embedding")
def test_a_wildcard_embeds_with_what_is_named_an_embedding_model(desk: Desk, name: str) -> None:
    data = json.dumps({"model": name, **ASKED}).encode()
    desk.post(EMBEDDINGS_PATH, data)
    assert desk.provider.only().target == "/v1/embeddings"


@pytest.mark.usefixtures("embedding")
def test_a_name_that_a_wildcard_answers_to_is_never_refused_for_what_it_sounds_like(desk: Desk) -> None:
    body = json.dumps({"model": "text-embedder-that-talks", "messages": ASKED["messages"]}).encode()
    desk.post(CHAT_PATH, body)
    assert desk.provider.only().body == body


@pytest.mark.usefixtures("embedding")
def test_gemini_has_no_action_for_embeddings_here(desk: Desk) -> None:
    for action in ("embedContent", "batchEmbedContents"):
        reply = desk.post(f"/v1beta/models/vectors:{action}", b"{}")
        assert "/v1/embeddings" in assert_refused(reply, "gemini", 404, "not_found_error")
    assert desk.provider.received() == []


@pytest.mark.parametrize("slug", ["team/fast:v2", "a.b-c_d/e:f"])
def test_a_slug_with_slashes_and_colons_is_found_however_it_is_written(desk: Desk, slug: str) -> None:
    desk.daemon.control.add_model(slug, "open", "gpt-up")
    quoted = slug.replace("/", "%2F").replace(":", "%3A")
    for path in ("/v1/models", "/gateway/openai/v1/models", "/gateway/anthropic/v1/models"):
        for written in (slug, quoted):
            assert json.loads(get(desk, f"{path}/{written}").body)["id"] == slug
    for written in (slug, quoted):
        assert json.loads(get(desk, f"/v1beta/models/{written}").body)["name"] == f"models/{slug}"
        desk.post(f"/v1beta/models/{written}:generateContent", json.dumps({"contents": []}).encode())
    desk.post(CHAT_PATH, json.dumps({"model": slug, **ASKED}).encode())
    assert [json.loads(seen.body)["model"] for seen in desk.provider.received()] == ["gpt-up"] * 3


@pytest.mark.parametrize("status", ["draft", "disabled"])
def test_what_is_not_active_is_neither_listed_nor_called(desk: Desk, status: str) -> None:
    desk.daemon.control.add_model(f"{status}-gpt", "open", "gpt-up")
    desk.daemon.control.call("PATCH", f"/models/{status}-gpt", {"status": status, "aliases": [f"also-{status}"]})
    for name in (f"{status}-gpt", f"also-{status}"):
        reply = desk.post(CHAT_PATH, json.dumps({"model": name, **ASKED}).encode())
        assert status in assert_refused(reply, "chat", 404, "not_found_error", "model_not_found")
        for dialect in LISTS:
            assert name not in listed(desk, dialect)
            assert one(desk, dialect, name).status == 404
    assert desk.provider.received() == []
