"""Who a call counts for: user, key, client app, project, session and agent."""

import json

import pytest

from support import chat, messages
from support.books import Row
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.raw import exchange, request
from support.script import Headers

BODY = json.dumps({"model": "gpt", "messages": []}).encode()


def call(desk: Desk, headers: Headers) -> Row:
    desk.provider.then(chat.plain())
    reply = exchange(desk.daemon.port, request("POST", CHAT_PATH, headers, BODY))
    assert reply.status == 200
    return desk.books.request(reply.header(REQUEST_ID)[0])


@pytest.mark.parametrize(
    ("agent", "app"),
    [
        ("claude-cli/2.0.14 (external, cli)", "claude-code"),
        ("codex_cli_rs/0.46.0 (Mac OS 15.0; arm64)", "codex"),
        ("OpenAI/Python 3.54.0", "openai-python"),
        ("my-tool/1.0", "my-tool"),
    ],
)
def test_the_user_agent_names_the_client_app(desk: Desk, agent: str, app: str) -> None:
    assert call(desk, (desk.key.bearer, ("User-Agent", agent)))["client_app"] == app


def test_the_header_wins_over_the_user_agent(desk: Desk) -> None:
    row = call(desk, (desk.key.bearer, ("User-Agent", "my-tool/1.0"), ("x-client-app", "nightly"), ("x-project", "p1")))
    assert (row["client_app"], row["project"]) == ("nightly", "p1")


def test_the_key_s_defaults_stand_in_where_the_headers_say_nothing(desk: Desk) -> None:
    key = desk.daemon.control.create_key("defaults", project="house", client_app="robot")
    row = call(desk, (key.bearer,))
    assert (row["client_app"], row["project"], row["key_id"]) == ("robot", "house", key.id)
    assert call(desk, (key.bearer, ("x-project", "garden")))["project"] == "garden"


def test_hostile_names_are_made_harmless(desk: Desk) -> None:
    row = call(
        desk, (desk.key.bearer, ("x-project", "a\x1b[31mb\x7f\x9bc" + "x" * 4000), ("User-Agent", "\x1b]0;t\x07"))
    )
    for name in (row["project"], row["client_app"]):
        assert name.isprintable()
        assert len(name) <= 200


@pytest.mark.parametrize(
    ("headers", "session", "agent"),
    [
        ((("x-claude-code-session-id", "s-1"), ("x-claude-code-agent-id", "a-7")), "s-1", "a-7"),
        ((("session_id", "s-2"),), "s-2", None),
    ],
    ids=["claude code", "codex"],
)
def test_sessions_and_agents_come_from_the_tools_own_headers(
    desk: Desk, headers: Headers, session: str, agent: str | None
) -> None:
    row = call(desk, (desk.key.bearer, *headers))
    assert (row["session"], row["agent"]) == (session, agent)
    seen = desk.provider.only()
    assert [seen.header(name) for name, _ in headers] == [[value] for _, value in headers]


def test_a_second_user_s_calls_count_for_them(desk: Desk) -> None:
    desk.daemon.control.call("POST", "/users", {"name": "ana"})
    key = desk.daemon.control.create_key("hers", user="ana")
    row = call(desk, (key.bearer,))
    (ana,) = (one for one in desk.daemon.control.call("GET", "/users")["users"] if one["name"] == "ana")
    assert row["user_id"] == ana["id"]
    usage = desk.daemon.control.call("GET", "/usage", period="today", user="ana")
    assert (usage["totals"]["requests"], usage["totals"]["input_tokens"]) == (1, chat.USED.input)
    board = desk.daemon.control.call("GET", "/leaderboard", metric="tokens", period="today")
    assert {"ana"} < {place["user"] for place in board["rows"]}


def test_a_member_s_key_sees_its_own_figures_only(desk: Desk) -> None:
    desk.daemon.control.call("POST", "/users", {"name": "ben"})
    key = desk.daemon.control.create_key("his", user="ben")
    mine = call(desk, (key.bearer,))["id"]
    call(desk, (desk.key.bearer,))
    reply = exchange(desk.daemon.port, request("GET", "/api/v1/requests?last=50", (key.bearer,)))
    assert [row["id"] for row in json.loads(reply.body)["requests"]] == [mine]
    board = json.loads(exchange(desk.daemon.port, request("GET", "/api/v1/leaderboard", (key.bearer,))).body)
    assert [place["user"] for place in board["rows"] if place["you"]] == ["ben"]
    owner = desk.daemon.control.call("GET", "/me")["user"]
    assert owner not in {place["user"] for place in board["rows"]}


def test_messages_calls_are_attributed_alike(desk: Desk, project: str) -> None:
    desk.provider.then(messages.plain())
    body = json.dumps({"model": "sonnet", "max_tokens": 9, "messages": []}).encode()
    reply = desk.post(MESSAGES_PATH, body, (("x-client-app", "nightly"),), project=project)
    row = desk.assert_billed(reply.header(REQUEST_ID)[0], project, messages.USED)
    assert row["client_app"] == "nightly"
