"""A client's own login to the provider goes through the gateway untouched, and is counted apart."""

import json

import pytest

from support import messages, raw, responses
from support.desk import ANTHROPIC_SECRET, CHAT_PATH, CUSTOM_SECRET, MESSAGES_PATH, RATES, REQUEST_ID, Desk
from support.refusals import assert_refused
from support.script import Answer, Send

LOGIN = "Bearer oauth-login-of-the-person-themselves"
BODY = json.dumps({"model": "sonnet", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}).encode()


def call(desk: Desk, project: str, body: bytes = BODY, path: str = MESSAGES_PATH) -> raw.Reply:
    headers = (
        ("x-codevector-key", desk.key.secret),
        ("Authorization", LOGIN),
        ("x-project", project),
        ("content-type", "application/json"),
    )
    return raw.exchange(desk.daemon.port, raw.request("POST", path, headers, body))


def refusal(status: int) -> Answer:
    return Answer((Send(b"{}"),), status, (("content-type", "application/json"), ("retry-after", "60")))


def test_the_own_login_reaches_its_vendor_untouched_and_alone(desk: Desk, project: str) -> None:
    desk.provider.then(messages.plain())
    reply = call(desk, project)
    assert reply.status == 200
    seen = desk.provider.only()
    assert seen.header("authorization") == [LOGIN]
    assert seen.header("x-api-key") == []
    assert desk.key.secret.encode() not in seen.head
    assert ANTHROPIC_SECRET.encode() not in seen.head
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert (row["own_login"], row["state"]) == (1, "complete")
    assert row["spend_nano"] > 0
    totals = desk.daemon.control.call("GET", "/usage", period="today", by="project")
    mine = next(row for row in totals["rows"] if row["project"] == project)
    assert mine["own_login_usd"] == mine["spend_usd"] != "0.000000000"


def test_an_own_login_never_goes_to_another_vendor(desk: Desk, project: str) -> None:
    body = BODY.replace(b'"sonnet"', b'"gpt"')
    reply = call(desk, project, body)
    assert reply.status == 400
    assert json.loads(reply.body)["error"]["type"] == "invalid_request_error"
    assert desk.provider.received() == []


def test_a_count_with_an_own_login_is_estimated_where_only_another_vendor_could_tell(own_desk: Desk) -> None:
    control, url = own_desk.daemon.control, own_desk.provider.url
    control.add_provider("other", "custom", url, dialects=["messages"], credential=CUSTOM_SECRET)
    control.add_model("theirs", "other", "their-claude")
    reply = call(own_desk, "count", BODY.replace(b'"sonnet"', b'"theirs"'), f"{MESSAGES_PATH}/count_tokens")
    assert (reply.status, reply.header("x-codevector-estimated")) == (200, ["true"])
    assert own_desk.provider.received() == []


def through_ours(desk: Desk, name: str, *, own_login: bool) -> None:
    """Add a service of the owner's own that speaks Messages, and a model of it."""
    order = {"name": name, "kind": "custom", "base_url": desk.provider.url, "dialects": ["messages", "chat"]}
    desk.daemon.control.call("POST", "/providers", {**order, "own_login": own_login, "credential": CUSTOM_SECRET})
    desk.daemon.control.add_model(f"{name}-claude", name, "claude-sonnet-4-5", rates=RATES)


def test_an_own_login_goes_to_a_service_of_the_owners_own_only_where_it_is_vouched_for(
    desk: Desk, project: str
) -> None:
    through_ours(desk, "relay", own_login=False)
    body = BODY.replace(b"sonnet", b"relay-claude")
    refused = call(desk, project, body)
    assert "codevector providers set relay --own-login" in assert_refused(
        refused, "messages", 400, "invalid_request_error"
    )
    assert desk.provider.received() == []
    desk.daemon.control.call("PATCH", "/providers/relay", {"own_login": True})
    desk.provider.then(messages.plain(), messages.token_count(7))
    reply = call(desk, project, body)
    assert reply.status == 200
    counted = call(desk, project, body, f"{MESSAGES_PATH}/count_tokens")
    assert (json.loads(counted.body)["input_tokens"], counted.header("x-codevector-estimated")) == (7, [])
    for seen in desk.provider.received():
        assert (seen.header("authorization"), seen.header("x-api-key")) == ([LOGIN], [])
        assert CUSTOM_SECRET.encode() not in seen.head
        assert desk.key.secret.encode() not in seen.head
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert (row["own_login"], row["state"], row["spend_nano"] > 0) == (1, "complete", True)
    desk.daemon.control.call("PATCH", "/providers/relay", {"own_login": False})
    assert call(desk, project, body).status == 400


def test_a_kept_response_is_asked_for_with_an_own_login_only_as_long_as_that_is_vouched_for(
    desk: Desk, project: str
) -> None:
    order = {"name": "keeper", "kind": "custom", "base_url": f"{desk.provider.url}/v1", "dialects": ["responses"]}
    desk.daemon.control.call("POST", "/providers", {**order, "own_login": True})
    desk.daemon.control.add_model("kept-gpt", "keeper", "gpt-up", rates=RATES)
    desk.provider.then(responses.whole("resp_vouched"), responses.whole("resp_vouched"))
    assert call(desk, project, b'{"model": "kept-gpt", "input": "x"}', "/v1/responses").status == 200
    login = (("x-codevector-key", desk.key.secret), ("Authorization", LOGIN))
    asked = raw.request("GET", "/v1/responses/resp_vouched", login)
    assert raw.exchange(desk.daemon.port, asked).status == 200
    desk.daemon.control.call("PATCH", "/providers/keeper", {"own_login": False})
    refused = raw.exchange(desk.daemon.port, asked)
    assert_refused(refused, "responses", 400, "invalid_request_error", "own_login_not_served")
    assert [seen.header("authorization") for seen in desk.provider.received()] == [[LOGIN], [LOGIN]]


def test_an_own_login_is_neither_translated_nor_falls_on_to_a_service_that_nobody_vouched_for(own_desk: Desk) -> None:
    through_ours(own_desk, "mine", own_login=True)
    through_ours(own_desk, "yours", own_login=False)
    backends = [{"provider": name, "upstream_model": f"up-{name}"} for name in ("yours", "mine", "open")]
    own_desk.daemon.control.call("PATCH", "/models/mine-claude", {"backends": backends})
    own_desk.provider.when("up-mine", refusal(529))
    reply = call(own_desk, "own", BODY.replace(b"sonnet", b"mine-claude"))
    assert reply.status == 529
    assert [seen.body.count(b"up-mine") for seen in own_desk.provider.received()] == [1]
    asked = {"model": "mine-claude", "contents": [{"parts": [{"text": "x"}]}]}
    path = "/v1beta/models/mine-claude:generateContent"
    assert call(own_desk, "own", json.dumps(asked).encode(), path).status == 400
    assert len(own_desk.provider.received()) == 1


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/completions"])
def test_an_own_login_of_openai_goes_to_every_route_of_openai(desk: Desk, project: str, path: str) -> None:
    name = f"own-{path[4:]}"
    upstream = "text-embedding-3-small" if "embed" in path else "gpt-3.5-turbo-instruct"
    desk.daemon.control.add_model(name, "open", upstream)
    call(desk, project, json.dumps({"model": name, "input": "x", "prompt": "x"}).encode(), path)
    assert desk.provider.only().header("authorization") == [LOGIN]


def test_what_an_own_login_may_not_says_nothing_of_the_backend(own_desk: Desk) -> None:
    refusals = (401, 403, 404, 429) * 2
    own_desk.provider.then(*(refusal(status) for status in (*refusals, 529)))
    assert tuple(call(own_desk, "own").status for _ in refusals) == refusals
    assert own_desk.daemon.control.status()["resting_backends"] == 0
    assert call(own_desk, "own").status == 529
    assert own_desk.daemon.control.status()["resting_backends"] == 1


def test_the_key_in_its_own_header_without_a_login_uses_the_gateways_credential(desk: Desk, project: str) -> None:
    desk.provider.then(messages.plain())
    headers = (("x-codevector-key", desk.key.secret), ("x-project", project), ("content-type", "application/json"))
    reply = raw.exchange(desk.daemon.port, raw.request("POST", MESSAGES_PATH, headers, BODY))
    assert reply.status == 200
    assert desk.provider.only().header("x-api-key") == [ANTHROPIC_SECRET]
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert row["own_login"] == 0


@pytest.mark.parametrize(
    "odd",
    [
        {"messages": [], "tools": [{"type": "function", "name": "f", "parameters": {}}]},
        {"messages": [], "tools": [{"name": "f", "input_schema": {}}]},
        {"input": "hi"},
    ],
)
def test_what_is_not_wholly_chat_goes_to_the_vendor_as_it_is_with_an_own_login(
    desk: Desk, project: str, odd: dict[str, object]
) -> None:
    """It is never translated, so its vendor judges it."""
    body = json.dumps({"model": "gpt", **odd}).encode()
    desk.provider.then(refusal(400))
    assert call(desk, project, body, CHAT_PATH).status == 400
    seen = desk.provider.only()
    assert (seen.target, seen.header("authorization")) == ("/v1/chat/completions", [LOGIN])
    assert seen.body == body.replace(b'"gpt"', b'"upstream-gpt"')
