"""Background runs that nobody comes back for, with a daemon that asks for them nearly at once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import chat, raw, responses
from support.books import Row, counts_of
from support.counts import NOTHING, Counts
from support.daemon import Daemon, environment, run, temporary_home
from support.desk import OPENAI_SECRET, RATES, REQUEST_ID, Desk, furnish
from support.provider import ScriptedProvider
from support.waiting import until

USED, PATH, UPSTREAM = responses.USED, responses.PATH, "/v1/responses"
SOON = {"CODEVECTOR_SHUTDOWN_SECONDS": "1", "CODEVECTOR_FOLLOW_BACKGROUND_SECONDS": "0.1"}


@pytest.fixture(scope="module")
def followed_desk(provider_process: ScriptedProvider) -> Iterator[Desk]:
    with temporary_home() as home, Daemon(home, SOON) as daemon:
        yield furnish(daemon, provider_process)


@pytest.fixture
def desk(followed_desk: Desk, provider: ScriptedProvider) -> Iterator[Desk]:
    """A daemon that asks nearly at once, shared by the tests that leave it running; their runs are over at the end."""
    assert followed_desk.provider is provider
    yield followed_desk
    assert followed_desk.books.open_requests() == []
    followed_desk.books.assert_balanced()


@pytest.fixture
def mortal_desk(provider: ScriptedProvider) -> Iterator[Desk]:
    """Such a daemon for one test alone."""
    with temporary_home() as home, Daemon(home, SOON) as daemon:
        yield furnish(daemon, provider)


def begin(desk: Desk, project: str, response_id: str, *, finally_: responses.Status, used: Counts | None) -> str:
    """Begin a run in the background, and say what its provider will answer whoever asks for it."""
    desk.provider.when(f"GET /v1/responses/{response_id} ", responses.whole(response_id, finally_, used))
    return ask(desk, project, response_id, "What is it that takes so long?")


def ask(desk: Desk, project: str, response_id: str, prompt: str) -> str:
    """Ask for a run in the background and return the id of the request."""
    desk.provider.then(responses.whole(response_id, "queued"))
    body = json.dumps({"model": "gpt", "input": prompt, "background": True}).encode()
    reply = desk.post(PATH, body, project=project)
    assert (reply.status, json.loads(reply.body)["status"]) == (200, "queued")
    return reply.header(REQUEST_ID)[0]


def get(desk: Desk, response_id: str, method: str = "GET", query: str = "") -> raw.Reply:
    """Do as a client that comes back for a run."""
    data = raw.request(method, f"{PATH}/{response_id}{query}", (desk.key.bearer,))
    return raw.exchange(desk.daemon.port, data)


def rows_of(desk: Desk, request_id: str) -> list[Row]:
    return [row for row in desk.books.requests() if request_id in {row["id"], row["parent_id"]}]


def late(desk: Desk, request_id: str) -> Row:
    """Return the row of what a run used, once it is there."""
    return until(lambda: desk.books.find(f"{request_id}.late"), f"what {request_id} used", 30)


def assert_counted_once(desk: Desk, project: str, request_id: str) -> None:
    """Assert that the totals are what the provider told, and nothing beside it."""
    row = late(desk, request_id)
    call = desk.books.request(request_id)
    assert (counts_of(row), row["spend_nano"], row["usage_source"]) == (USED, RATES.nano(USED), "reported")
    assert (counts_of(call), call["spend_nano"], call["usage_source"]) == (NOTHING, 0, "none")
    assert len(rows_of(desk, request_id)) == 2
    assert desk.books.spent(project=project) == (USED, RATES.nano(USED))
    totals = desk.daemon.control.call("GET", "/usage", period="today", by="project")
    mine = next(one for one in totals["rows"] if one["project"] == project)
    assert (mine["requests"], mine["estimated_requests"], mine["output_tokens"]) == (1, 0, USED.output)
    desk.books.assert_balanced()


def assert_doctor_is_content(desk: Desk) -> None:
    found = run("codevector", "doctor", "--ledger", env=environment(desk.daemon.home))
    assert found.returncode == 0, found.stdout


def asked_for(desk: Desk, response_id: str) -> int:
    """Return how often the provider was asked for a response."""
    return sum(one.target == f"{UPSTREAM}/{response_id}" and one.method == "GET" for one in desk.provider.received())


def test_a_run_that_nobody_retrieves_is_counted(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_left", finally_="completed", used=USED)
    assert_counted_once(desk, project, request_id)
    seen = desk.provider.received()[-1]
    assert seen.header("authorization") == [f"Bearer {OPENAI_SECRET}"]
    assert asked_for(desk, "resp_left") == 1


def test_a_run_whose_stream_was_left_is_counted(desk: Desk, project: str) -> None:
    desk.provider.when("GET /v1/responses/resp_stream ", responses.whole("resp_stream", used=USED))
    desk.provider.then(responses.streamed("resp_stream").gated_after(3, "never, as its client is gone"))
    body = json.dumps({"model": "gpt", "input": "x", "stream": True, "background": True}).encode()
    with raw.RawCall(desk.daemon.port, desk.request(PATH, body, project=project)) as call:
        call.piece_with(b"output_text.delta")
        request_id = next(value for name, value in call.head()[1] if name == REQUEST_ID)
        assert asked_for(desk, "resp_stream") == 0
    assert_counted_once(desk, project, request_id)


def test_a_run_that_goes_on_is_asked_for_again(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_slow", finally_="in_progress", used=None)
    desk.provider.wait_for(lambda _: asked_for(desk, "resp_slow") > 2, "the run to be asked for again")
    assert len(rows_of(desk, request_id)) == 1
    assert [row["id"] for row in desk.books.open_requests()] == [f"{request_id}.late"]
    assert desk.daemon.control.requests(state="open") == []
    desk.provider.when("GET /v1/responses/resp_slow ", responses.whole("resp_slow", used=USED))
    assert_counted_once(desk, project, request_id)
    assert desk.books.open_requests() == []


@pytest.mark.parametrize("status", ["cancelled", "incomplete", "failed"])
def test_a_run_that_ended_otherwise_is_counted_by_its_final_usage(
    desk: Desk, project: str, status: responses.Status
) -> None:
    assert_counted_once(desk, project, begin(desk, project, "resp_end", finally_=status, used=USED))


def test_clients_and_the_daemon_asking_at_once_count_one(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_rush", finally_="in_progress", used=None)
    desk.provider.wait_for(lambda _: asked_for(desk, "resp_rush") > 0, "the run to be asked for")
    desk.provider.when("GET /v1/responses/resp_rush ", responses.whole("resp_rush", used=USED))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: get(desk, "resp_rush"), range(24)))
    assert {reply.status for reply in replies} == {200}
    assert_counted_once(desk, project, request_id)


def test_a_daemon_killed_while_it_asks_asks_again_and_counts_one(mortal_desk: Desk, project: str) -> None:
    desk = mortal_desk
    request_id = begin(desk, project, "resp_kill", finally_="in_progress", used=None)
    answer = responses.whole("resp_kill", used=USED)
    desk.provider.when("GET /v1/responses/resp_kill ", answer.gated_after(0, "the kill"))
    desk.provider.wait_for(
        lambda seen: seen[-1].method == "GET" and seen[-1].ending == "running", "the run to be asked for"
    )
    desk.daemon.kill()
    assert len(rows_of(desk, request_id)) == 1
    desk.provider.when("GET /v1/responses/resp_kill ", answer)
    for _ in range(2):
        desk.daemon.start()
        assert_counted_once(desk, project, request_id)
        assert_doctor_is_content(desk)
        desk.daemon.kill()


def test_what_a_run_used_is_asked_for_before_it_is_deleted(own_desk: Desk, project: str) -> None:
    desk = own_desk  # which asks nobody within the next minutes
    request_id = begin(desk, project, "resp_gone", finally_="completed", used=USED)
    desk.provider.when("DELETE ", responses.body({"id": "resp_gone", "object": "response", "deleted": True}))
    for _ in range(2):
        reply = get(desk, "resp_gone", "DELETE", "?x=1")
        assert (reply.status, json.loads(reply.body)["deleted"]) == (200, True)
    calls = [(one.method, one.target) for one in desk.provider.received()[1:]]
    deletion = ("DELETE", f"{UPSTREAM}/resp_gone?x=1")
    assert calls == [("GET", f"{UPSTREAM}/resp_gone"), deletion, deletion]
    row = late(desk, request_id)
    assert (counts_of(row), row["usage_source"]) == (USED, "reported")


def test_a_deletion_goes_on_where_the_run_cannot_be_asked_for(own_desk: Desk, project: str) -> None:
    desk = own_desk
    request_id = begin(desk, project, "resp_odd", finally_="completed", used=USED)
    desk.provider.when("GET /v1/responses/resp_odd ", chat.error(500, code="broken"))
    desk.provider.when("DELETE ", responses.body({"id": "resp_odd", "object": "response", "deleted": True}))
    reply = get(desk, "resp_odd", "DELETE")
    assert (reply.status, reply.complete) == (200, True)
    assert len(rows_of(desk, request_id)) == 1


def test_a_run_that_is_gone_counts_its_prompt_by_an_estimate_that_says_so(desk: Desk, project: str) -> None:
    desk.provider.when("GET /v1/responses/resp_lost ", chat.error(404, code="not_found"))
    request_id = ask(desk, project, "resp_lost", "word " * 40)
    row = late(desk, request_id)
    assert (row["usage_source"], row["status"], row["error"]) == ("estimated", 404, "usage_unknown")
    assert 40 < row["uncached_input"] < 90
    assert row["spend_nano"] == RATES.nano(Counts(uncached_input=row["uncached_input"]))
    totals = desk.daemon.control.call("GET", "/usage", period="today", by="project")
    mine = next(one for one in totals["rows"] if one["project"] == project)
    assert (mine["requests"], mine["errors"], mine["estimated_requests"]) == (1, 0, 1)
    until(lambda: desk.daemon.output.count("used stays unknown") == 1, "the warning")
    # Should its provider know it after all, its own word counts instead.
    desk.provider.when("GET /v1/responses/resp_lost ", responses.whole("resp_lost", used=USED))
    assert json.loads(get(desk, "resp_lost").body)["status"] == "completed"
    assert_counted_once(desk, project, request_id)
    assert_doctor_is_content(desk)


def test_asking_for_a_run_never_makes_a_backend_rest(desk: Desk, project: str) -> None:
    begin(desk, project, "resp_sick", finally_="completed", used=USED)
    desk.provider.when("GET /v1/responses/resp_sick ", chat.error(500, code="broken"))
    desk.provider.wait_for(lambda _: asked_for(desk, "resp_sick") > 3, "the run to be asked for in vain")
    assert desk.daemon.control.status()["resting_backends"] == 0
    desk.provider.when("GET /v1/responses/resp_sick ", responses.whole("resp_sick", used=USED))
    until(lambda: desk.books.open_requests() == [], "the run to be counted")


def test_a_daemon_that_asks_stops_at_once(mortal_desk: Desk, project: str) -> None:
    desk = mortal_desk
    begin(desk, project, "resp_stop", finally_="completed", used=USED)
    answer = responses.whole("resp_stop", used=USED).gated_after(0, "never, as the daemon ends")
    desk.provider.when("GET /v1/responses/resp_stop ", answer)
    desk.provider.wait_for(
        lambda seen: seen[-1].method == "GET" and seen[-1].ending == "running", "the run to be asked for"
    )
    assert desk.daemon.stop() == 0
    desk.provider.wait_for(lambda seen: seen[-1].ending == "left", "the daemon to hang up")


def test_a_login_of_the_clients_own_is_never_used_by_the_daemon(desk: Desk, project: str) -> None:
    desk.provider.then(responses.whole("resp_own", "queued"))
    login = (("x-codevector-key", desk.key.secret), ("Authorization", "Bearer sk-own"), ("x-project", project))
    body = json.dumps({"model": "gpt", "input": "x", "background": True}).encode()
    headers = (*login, ("content-type", "application/json"))
    raw.exchange(desk.daemon.port, raw.request("POST", PATH, headers, body))
    other = begin(desk, project, "resp_ours", finally_="completed", used=USED)
    late(desk, other)
    assert asked_for(desk, "resp_own") == 0
    desk.provider.then(responses.whole("resp_own", used=USED))
    assert raw.exchange(desk.daemon.port, raw.request("GET", f"{PATH}/resp_own", login)).status == 200
    assert desk.books.spent(project=project) == (USED + USED, 2 * RATES.nano(USED))
