"""A client's own login to the provider goes through the gateway untouched, and is counted apart."""

import json

from support import messages, raw
from support.desk import ANTHROPIC_SECRET, CUSTOM_SECRET, MESSAGES_PATH, REQUEST_ID, Desk
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
