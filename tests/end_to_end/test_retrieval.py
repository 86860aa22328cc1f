"""Responses that a provider keeps: whose they are, where calls about them go, and when their usage is counted."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from support import chat, messages, raw, responses, sdk
from support.books import Row, counts_of
from support.control import MadeKey
from support.counts import NOTHING, Counts
from support.desk import OPENAI_SECRET, RATES, REQUEST_ID, Desk
from support.script import CUT, NEVER, Answer
from support.waiting import until

USED = responses.USED
PATH = responses.PATH


@pytest.fixture(scope="module")
def other(shared_desk: Desk) -> MadeKey:
    """A key of another user."""
    shared_desk.daemon.control.call("POST", "/users", {"name": "bea"})
    return shared_desk.daemon.control.create_key("bea's", user="bea")


@pytest.fixture(scope="module")
def second(shared_desk: Desk) -> str:
    """A second account of OpenAI's, and a model that either account serves."""
    control, url = shared_desk.daemon.control, shared_desk.provider.url
    control.add_provider("second", "openai", f"{url}/second/v1", credential="sk-of-the-second-account")
    backends = [{"provider": name, "upstream_model": "upstream-gpt"} for name in ("open", "second")]
    control.call("POST", "/models", {"slug": "either", "backends": backends, "price": RATES.override()})
    control.add_model("on-second", "second", "upstream-gpt", rates=RATES)
    return "either"


def ask(desk: Desk, project: str, answer: Answer, **fields: object) -> str:
    """Make a response with the SDK and return the id of its request."""
    desk.provider.then(answer)
    asked: Any = {"model": "gpt", "input": "x"} | fields
    made = desk.gpt(project).responses.with_raw_response.create(**asked)
    return str(made.headers[REQUEST_ID])


def get(desk: Desk, target: str, key: MadeKey | None = None, method: str = "GET") -> raw.Reply:
    data = raw.request(method, target, ((key or desk.key).bearer,))
    return raw.exchange(desk.daemon.port, data)


def rows_of(desk: Desk, request_id: str) -> list[Row]:
    """Return the row of a call and those that point to it."""
    return [row for row in desk.books.requests() if request_id in {row["id"], row["parent_id"]}]


def test_a_response_is_retrieved_as_the_very_bytes_and_with_its_query(desk: Desk, project: str) -> None:
    ask(desk, project, responses.whole("resp_bytes", used=USED))
    before = len(desk.books.requests())
    desk.provider.then(answer := responses.whole("resp_bytes", used=USED))
    reply = get(desk, f"{PATH}/resp_bytes?include[]=a%2Fb&include[]=c")
    assert (reply.status, reply.body, reply.complete) == (200, answer.body, True)
    assert reply.header("x-request-id") == ["req_7f3c"]
    assert reply.header(REQUEST_ID)[0].startswith("req_")
    seen = desk.provider.received()[-1]
    assert (seen.method, seen.target) == ("GET", "/v1/responses/resp_bytes?include[]=a%2Fb&include[]=c")
    assert seen.header("authorization") == [f"Bearer {OPENAI_SECRET}"]
    assert desk.key.secret.encode() not in seen.head
    assert len(desk.books.requests()) == before


def test_the_sdk_retrieves_cancels_deletes_and_lists_under_both_addresses(desk: Desk, project: str) -> None:
    ask(desk, project, responses.whole("resp_sdk", used=USED))
    for client in (desk.gpt(project), sdk.gpt(f"{desk.daemon.url}/v1", desk.key.secret)):
        item = {"id": "msg_in", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
        listed = {"object": "list", "data": [item], "first_id": "msg_in", "last_id": "msg_in", "has_more": False}
        deleted = {"id": "resp_sdk", "object": "response", "deleted": True}
        desk.provider.then(
            responses.whole("resp_sdk", used=USED),
            responses.whole("resp_sdk", "cancelled"),
            responses.body(listed),
            responses.body(deleted),
        )
        assert client.responses.retrieve("resp_sdk").output_text == "Hello, wörld ✓"
        assert client.responses.cancel("resp_sdk").status == "cancelled"
        assert [item.id for item in client.responses.input_items.list("resp_sdk", limit=5)] == ["msg_in"]
        client.responses.delete("resp_sdk")
    calls = [(one.method, one.target) for one in desk.provider.received()[1:]]
    wanted = [
        ("GET", "/v1/responses/resp_sdk"),
        ("POST", "/v1/responses/resp_sdk/cancel"),
        ("GET", "/v1/responses/resp_sdk/input_items?limit=5"),
        ("DELETE", "/v1/responses/resp_sdk"),
    ]
    assert calls == wanted * 2


@pytest.mark.parametrize(
    ("method", "more"),
    [("GET", ""), ("GET", "?stream=true"), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")],
)
def test_another_users_response_is_as_unknown_as_nobodys(
    desk: Desk, project: str, other: MadeKey, method: str, more: str
) -> None:
    ask(desk, project, responses.whole("resp_mine", used=USED))
    theirs = get(desk, f"{PATH}/resp_mine{more}", other, method)
    nobodys = get(desk, f"{PATH}/resp_none{more}", other, method)
    assert theirs.status == nobodys.status == 404
    assert theirs.body == nobodys.body.replace(b"resp_none", b"resp_mine")
    assert json.loads(theirs.body)["error"]["code"] == "response_not_found"
    assert theirs.header(REQUEST_ID)
    assert len(desk.provider.received()) == 1


def test_only_ones_own_response_can_be_gone_on_from(desk: Desk, project: str, other: MadeKey) -> None:
    ask(desk, project, responses.whole("resp_base", used=USED))
    stranger = sdk.gpt(f"{desk.daemon.url}/v1", other.secret)
    for unknown in ("resp_base", "resp_nowhere", "x" * 5000):
        with pytest.raises(openai.NotFoundError) as refused:
            stranger.responses.create(model="gpt", input="x", previous_response_id=unknown)
        assert refused.value.code == "response_not_found"
        row = desk.books.request(refused.value.response.headers[REQUEST_ID])
        assert (row["state"], row["error"], row["spend_nano"]) == ("rejected", "response_not_found", 0)
    with pytest.raises(openai.NotFoundError):
        stranger.responses.compact(model="gpt", previous_response_id="resp_base")
    assert len(desk.provider.received()) == 1
    request_id = ask(desk, project, responses.whole("resp_next", used=USED), previous_response_id="resp_base")
    assert desk.books.request(request_id)["state"] == "complete"
    assert b'"previous_response_id":"resp_base"' in desk.provider.received()[-1].body


def test_what_goes_on_from_a_response_goes_to_the_account_that_keeps_it(desk: Desk, project: str, second: str) -> None:
    for number in range(6):
        session = {"x-session-id": f"{project} {number}"}
        ask(desk, project, responses.whole(f"resp_{second}_{number}", used=USED), model=second, extra_headers=session)
    made = {f"resp_{second}_{n}": one.target for n, one in enumerate(desk.provider.received())}
    assert set(made.values()) == {"/v1/responses", "/second/v1/responses"}
    for name, target in made.items():
        ask(desk, project, responses.whole(f"{name}_b", used=USED), model=second, previous_response_id=name)
        assert desk.provider.received()[-1].target == target
        desk.provider.then(responses.whole(name, used=USED))
        desk.gpt(project).responses.retrieve(name)
        assert desk.provider.received()[-1].target == f"{target}/{name}"


def test_a_model_of_another_provider_cannot_go_on_from_a_response(desk: Desk, project: str, second: str) -> None:
    assert second
    ask(desk, project, responses.whole("resp_open", used=USED))
    with pytest.raises(openai.BadRequestError, match=r"kept by the provider 'open'.*'on-second'") as refused:
        desk.gpt(project).responses.create(model="on-second", input="x", previous_response_id="resp_open")
    assert refused.value.code == "previous_response_elsewhere"
    assert len(desk.provider.received()) == 1


def test_a_conversation_kept_elsewhere_is_nobodys_here(desk: Desk, project: str) -> None:
    with pytest.raises(openai.NotFoundError, match="previous_response_id"):
        desk.gpt(project).responses.create(model="gpt", input="x", conversation="conv_1")
    assert desk.provider.received() == []


def test_a_translated_answer_is_kept_nowhere_and_says_so(desk: Desk, project: str) -> None:
    desk.provider.then(messages.plain())
    made = desk.gpt(project).responses.create(model="sonnet", input="x")
    with pytest.raises(openai.NotFoundError, match="does not speak this protocol itself"):
        desk.gpt(project).responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError, match="send the whole conversation as 'input'"):
        desk.gpt(project).responses.create(model="sonnet", input="x", previous_response_id=made.id)
    with pytest.raises(openai.BadRequestError, match="background"):
        desk.gpt(project).responses.create(model="sonnet", input="x", background=True)


def test_what_was_not_to_be_kept_is_not(desk: Desk, project: str) -> None:
    ask(desk, project, responses.whole("resp_gone", used=USED), store=False)
    with pytest.raises(openai.NotFoundError):
        desk.gpt(project).responses.retrieve("resp_gone")
    assert desk.books.rows("SELECT * FROM responses WHERE id = 'resp_gone'") == []


def test_a_foreground_response_is_never_billed_again(desk: Desk, project: str) -> None:
    request_id = ask(desk, project, responses.whole("resp_once", used=USED))
    for answer in (responses.whole("resp_once", used=USED), responses.streamed("resp_once")):
        desk.provider.then(answer)
        assert get(desk, f"{PATH}/resp_once").body == answer.body
    desk.assert_billed(request_id, project, USED)
    assert len(rows_of(desk, request_id)) == 1


def begin(desk: Desk, project: str, response_id: str, **fields: object) -> str:
    """Begin a run in the background: nothing is known of its usage yet."""
    request_id = ask(desk, project, responses.whole(response_id, "queued"), background=True, **fields)
    row = desk.books.find(request_id)
    assert row is not None
    assert (row["state"], row["usage_source"], row["spend_nano"]) == ("complete", "none", 0)
    assert counts_of(row) == NOTHING
    return request_id


def assert_counted_once(desk: Desk, project: str, request_id: str, used: Counts = USED) -> Row:
    """Assert that a background run is billed once, beside its call; return that row."""
    call, late = rows_of(desk, request_id)
    assert (late["parent_id"], counts_of(late), late["spend_nano"]) == (request_id, used, RATES.nano(used))
    assert (late["usage_source"], late["price_basis"]) == ("reported", "override")
    assert (call["spend_nano"], counts_of(call)) == (0, NOTHING)
    named = ("series_id", "session", "agent", "own_login", "started_ms", "dialect")
    assert {name: late[name] for name in named} == {name: call[name] for name in named}
    assert desk.books.spent(project=project) == (used, RATES.nano(used))
    return late


def test_a_background_run_is_counted_when_its_usage_is_first_seen(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_run", extra_headers={"x-session-id": "s-1"})
    desk.provider.then(responses.whole("resp_run", "in_progress"))
    assert desk.gpt(project).responses.retrieve("resp_run").status == "in_progress"
    assert len(rows_of(desk, request_id)) == 1
    for _ in range(3):
        desk.provider.then(answer := responses.whole("resp_run", used=USED))
        assert get(desk, f"{PATH}/resp_run").body == answer.body
        late = assert_counted_once(desk, project, request_id)
        assert (late["session"], late["state"], late["status"]) == ("s-1", "complete", 200)
    totals = desk.daemon.control.call("GET", "/usage", period="today", by="project")
    mine = next(row for row in totals["rows"] if row["project"] == project)
    assert (mine["requests"], mine["output_tokens"]) == (1, USED.output)


def test_a_run_retrieved_as_a_stream_is_counted_before_its_last_event(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_watched")
    desk.provider.then(answer := responses.streamed("resp_watched", first=2))
    data = raw.request("GET", f"{PATH}/resp_watched?stream=true&starting_after=1", (desk.key.bearer,))
    with raw.RawCall(desk.daemon.port, data) as call:
        call.piece_with(b"response.completed")
        assert_counted_once(desk, project, request_id)
        assert call.reply().body == answer.body
    assert desk.provider.received()[-1].target == "/v1/responses/resp_watched?stream=true&starting_after=1"
    desk.provider.then(responses.whole("resp_watched", used=USED))
    desk.gpt(project).responses.retrieve("resp_watched")
    assert_counted_once(desk, project, request_id)


@pytest.mark.parametrize("status", ["cancelled", "incomplete", "failed"])
def test_a_run_that_ended_otherwise_costs_what_its_answer_reports(
    desk: Desk, project: str, status: responses.Status
) -> None:
    request_id = begin(desk, project, f"resp_{status}")
    desk.provider.then(
        responses.whole(f"resp_{status}", status, USED),
        responses.whole(f"resp_{status}", status, USED),
    )
    answer = desk.gpt(project).responses.cancel(f"resp_{status}")
    assert answer.status == status
    desk.gpt(project).responses.retrieve(f"resp_{status}")
    late = assert_counted_once(desk, project, request_id)
    assert late["state"] == ("upstream_failed" if status == "failed" else "complete")


def test_a_cancelled_run_without_usage_costs_nothing_until_it_reports_some(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_late")
    desk.provider.then(responses.whole("resp_late", "cancelled"), responses.whole("resp_late", "cancelled", USED))
    desk.gpt(project).responses.cancel("resp_late")
    assert len(rows_of(desk, request_id)) == 1
    desk.gpt(project).responses.retrieve("resp_late")
    assert_counted_once(desk, project, request_id)


def test_the_tier_that_served_a_run_prices_it(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_flex", model="listed-gpt", service_tier="flex")
    desk.provider.then(responses.whole("resp_flex", used=USED, service_tier="priority"))
    desk.gpt(project).responses.retrieve("resp_flex")
    _, late = rows_of(desk, request_id)
    assert late["service_tier"] == "priority"
    plain = USED.uncached_input * 2_500 + USED.cache_read * 1_250 + USED.output * 10_000
    assert (late["price_basis"], late["spend_nano"] > plain) == ("catalogue", True)


def test_many_retrievals_at_once_count_one(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_rush")
    desk.provider.when("resp_rush", responses.whole("resp_rush", used=USED))
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: get(desk, f"{PATH}/resp_rush"), range(36)))
    assert {reply.status for reply in replies} == {200}
    assert_counted_once(desk, project, request_id)


def test_an_open_stream_can_be_retrieved_and_cancelled_by_another_connection(desk: Desk, project: str) -> None:
    desk.provider.then(responses.streamed("resp_open_stream").gated_after(2, "go on"))
    body = json.dumps({"model": "gpt", "input": "x", "stream": True}).encode()
    with raw.RawCall(desk.daemon.port, desk.request(PATH, body, project=project)) as call:
        call.piece_with(b"response.created")
        desk.provider.then(responses.whole("resp_open_stream", "in_progress"))
        assert desk.gpt(project).responses.retrieve("resp_open_stream").status == "in_progress"
        desk.provider.then(responses.whole("resp_open_stream", "completed", USED))
        desk.gpt(project).responses.cancel("resp_open_stream")
        desk.provider.open("go on")
        reply = call.reply()
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, USED)
    assert len(rows_of(desk, reply.header(REQUEST_ID)[0])) == 1


def test_a_streamed_background_run_is_counted_with_its_call(desk: Desk, project: str) -> None:
    desk.provider.then(responses.streamed("resp_streamed_run"))
    stream = desk.gpt(project).responses.create(model="gpt", input="x", stream=True, background=True)
    assert [event.type for event in stream][-1] == "response.completed"
    desk.provider.then(responses.whole("resp_streamed_run", used=USED))
    desk.gpt(project).responses.retrieve("resp_streamed_run")
    (row,) = desk.books.rows(
        "SELECT * FROM requests WHERE id IN (SELECT request_id FROM responses WHERE id = ?)", "resp_streamed_run"
    )
    desk.assert_billed(row["id"], project, USED)
    assert len(rows_of(desk, row["id"])) == 1


def test_a_background_run_goes_on_when_its_client_leaves_and_is_counted_when_it_comes_back(
    desk: Desk, project: str
) -> None:
    desk.provider.then(responses.streamed("resp_left").gated_after(3, "never in this test"))
    body = json.dumps({"model": "gpt", "input": "x", "stream": True, "background": True}).encode()
    with raw.RawCall(desk.daemon.port, desk.request(PATH, body, project=project)) as call:
        call.piece_with(b"output_text.delta")
        request_id = next(value for name, value in call.head()[1] if name == REQUEST_ID)
    row = desk.books.request(request_id)
    assert (row["state"], row["usage_source"], row["spend_nano"]) == ("client_left", "none", 0)
    desk.provider.then(responses.whole("resp_left", used=USED))
    desk.gpt(project).responses.retrieve("resp_left")
    assert_counted_once(desk, project, request_id)


def test_a_run_whose_usage_was_retrieved_before_its_stream_ended_is_counted_once(desk: Desk, project: str) -> None:
    desk.provider.then(responses.streamed("resp_overtaken").gated_after(3, "overtake"))
    body = json.dumps({"model": "gpt", "input": "x", "stream": True, "background": True}).encode()
    with raw.RawCall(desk.daemon.port, desk.request(PATH, body, project=project)) as call:
        call.piece_with(b"output_text.delta")
        desk.provider.then(responses.whole("resp_overtaken", used=USED))
        desk.gpt(project).responses.retrieve("resp_overtaken")
        desk.provider.open("overtake")
        reply = call.reply()
    late, call_row = rows_of(desk, reply.header(REQUEST_ID)[0])
    assert (counts_of(late), counts_of(call_row)) == (USED, NOTHING)
    assert (call_row["state"], call_row["spend_nano"]) == ("complete", 0)
    assert desk.books.spent(project=project) == (USED, RATES.nano(USED))


def test_a_providers_own_answer_to_a_retrieval_passes_unchanged(desk: Desk, project: str) -> None:
    ask(desk, project, responses.whole("resp_expired", used=USED))
    desk.provider.then(chat.error(404, code="gone"), chat.error(429, "rate_limit_error", None, ("retry-after", "7")))
    gone, slow = get(desk, f"{PATH}/resp_expired"), get(desk, f"{PATH}/resp_expired")
    assert (gone.status, json.loads(gone.body)["error"]["code"]) == (404, "gone")
    assert (slow.status, slow.header("retry-after")) == (429, ["7"])


def test_a_retrieval_that_breaks_off_gets_no_clean_end_and_counts_nothing(desk: Desk, project: str) -> None:
    request_id = begin(desk, project, "resp_cut")
    desk.provider.then(responses.streamed("resp_cut").cut_after(3))
    reply = get(desk, f"{PATH}/resp_cut?stream=true")
    assert not reply.complete
    assert reply.body.split(b"\n\n")[-2].startswith(b"event: error\n")
    desk.provider.then(Answer(before=(CUT,)))
    reply = get(desk, f"{PATH}/resp_cut")
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (502, "upstream_broken")
    assert len(rows_of(desk, request_id)) == 1


def test_a_client_that_leaves_its_retrieval_ends_it_upstream(desk: Desk, project: str) -> None:
    begin(desk, project, "resp_waited")
    desk.provider.then(responses.streamed("resp_waited").gated_after(1, "never in this test either"))
    data = raw.request("GET", f"{PATH}/resp_waited?stream=true", (desk.key.bearer,))
    with raw.RawCall(desk.daemon.port, data) as call:
        call.piece_with(b"response.created")
    desk.provider.wait_for(lambda seen: seen[-1].ending == "left", "the retrieval to be given up")


def test_a_retrieval_with_a_bad_key_or_a_bad_host_is_refused_first(desk: Desk) -> None:
    reply = get(desk, f"{PATH}/resp_x", MadeKey(0, "", "cv_nothing"))
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (401, "invalid_api_key")
    data = raw.request("GET", f"{PATH}/resp_x", (desk.key.bearer,), host="evil.example")
    assert raw.exchange(desk.daemon.port, data).status == 421


def test_other_methods_on_a_response_are_not_served(desk: Desk) -> None:
    assert get(desk, f"{PATH}/resp_x", method="PUT").status in {404, 405}
    assert get(desk, f"{PATH}/resp_x/cancel").status in {404, 405}
    assert get(desk, f"{PATH}/resp_x/input_items/more").status == 404


def test_a_login_of_the_clients_own_never_asks_for_what_the_gateways_account_keeps(desk: Desk, project: str) -> None:
    ask(desk, project, responses.whole("resp_ours", used=USED))
    login = (("x-codevector-key", desk.key.secret), ("Authorization", "Bearer sk-own"))
    reply = raw.exchange(desk.daemon.port, raw.request("GET", f"{PATH}/resp_ours", login))
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (400, "own_login_not_served")
    body = json.dumps({"model": "gpt", "input": "x"}).encode()
    desk.provider.then(responses.whole("resp_theirs", used=USED), responses.whole("resp_theirs", used=USED))
    raw.exchange(desk.daemon.port, raw.request("POST", PATH, (*login, ("content-type", "application/json")), body))
    assert raw.exchange(desk.daemon.port, raw.request("GET", f"{PATH}/resp_theirs", login)).status == 200
    assert desk.provider.received()[-1].header("authorization") == ["Bearer sk-own"]


def test_responses_and_what_is_counted_of_them_outlive_a_restart(own_desk: Desk, project: str) -> None:
    first, run = ask(own_desk, project, responses.whole("resp_a", used=USED)), begin(own_desk, project, "resp_b")
    assert own_desk.daemon.stop() == 0
    own_desk.daemon.start()
    own_desk.provider.when("/resp_a", responses.whole("resp_a", used=USED))
    own_desk.provider.when("/resp_b", responses.whole("resp_b", used=USED))
    assert get(own_desk, f"{PATH}/resp_a").status == 200
    with ThreadPoolExecutor(8) as pool:
        assert {r.status for r in pool.map(lambda _: get(own_desk, f"{PATH}/resp_b"), range(16))} == {200}
    own_desk.daemon.kill()
    own_desk.daemon.start()
    assert get(own_desk, f"{PATH}/resp_b").status == 200
    assert len(rows_of(own_desk, first)) == 1
    call, late = rows_of(own_desk, run)
    assert (counts_of(call), counts_of(late)) == (NOTHING, USED)
    assert own_desk.books.spent(project=project) == (USED + USED, 2 * RATES.nano(USED))
    own_desk.books.assert_balanced()


def test_a_run_whose_stream_a_crash_cut_is_counted_when_it_is_retrieved(own_desk: Desk, project: str) -> None:
    own_desk.provider.then(responses.streamed("resp_crash").gated_after(3, "never in the crash"))
    body = json.dumps({"model": "gpt", "input": "x", "stream": True, "background": True}).encode()
    with raw.RawCall(own_desk.daemon.port, own_desk.request(PATH, body, project=project)) as call:
        call.piece_with(b"response.created")
        request_id = next(value for name, value in call.head()[1] if name == REQUEST_ID)
        own_desk.daemon.kill()
    own_desk.daemon.start()
    row = until(lambda: own_desk.books.find(request_id), "the row of the call that the crash cut")
    assert (row["state"], row["usage_source"], row["spend_nano"]) == ("interrupted", "none", 0)
    own_desk.provider.then(responses.whole("resp_crash", used=USED), responses.whole("resp_crash", used=USED))
    for _ in range(2):
        own_desk.gpt(project).responses.retrieve("resp_crash")
    assert_counted_once(own_desk, project, request_id)
    own_desk.books.assert_balanced()


def test_a_removed_provider_is_named_to_the_owner_of_its_response(own_desk: Desk, project: str) -> None:
    ask(own_desk, project, responses.whole("resp_removed", used=USED))
    own_desk.daemon.control.call("DELETE", "/providers/open", force="true")
    own_desk.daemon.control.add_provider("open", "openai", f"{own_desk.provider.url}/v1", credential=OPENAI_SECRET)
    with pytest.raises(openai.NotFoundError, match=r"The provider 'open'.*was removed"):
        own_desk.gpt(project).responses.retrieve("resp_removed")


def test_a_retrieval_under_way_at_a_shutdown_is_told_so(own_desk: Desk, project: str) -> None:
    begin(own_desk, project, "resp_stopped")
    own_desk.provider.then(responses.whole("resp_stopped").after(NEVER))
    data = raw.request("GET", f"{PATH}/resp_stopped", (own_desk.key.bearer,))
    with raw.RawCall(own_desk.daemon.port, data) as call:
        own_desk.provider.wait_for(lambda seen: len(seen) == 2, "the retrieval")
        own_desk.daemon.terminate()
        assert call.reply().status == 503
    assert own_desk.daemon.wait() == 0


def test_the_sandbox_runs_in_the_background_too(own_desk: Desk, project: str) -> None:
    control = own_desk.daemon.control
    control.add_provider("box", "sandbox", "sandbox://local")
    control.add_model("boxed", "box", "quick", rates=RATES)
    client = own_desk.gpt(project)
    made = client.responses.create(model="boxed", input="x", background=True)
    done = until(
        lambda: found if (found := client.responses.retrieve(made.id)).status == "completed" else None,
        "the sandbox to be done",
    )
    assert done.usage is not None
    (row,) = own_desk.books.rows("SELECT * FROM requests WHERE usage_source = 'reported'")
    assert (row["output"], row["parent_id"] is not None) == (done.usage.output_tokens, True)
    went_on = client.responses.create(model="boxed", input="And now?", previous_response_id=made.id)
    assert went_on.status == "completed"
    own_desk.books.assert_balanced()
