"""How the daemon ends, politely and not, and what the next start finds."""

import json
import socket
import time

import pytest

from support import chat, messages, raw
from support.books import Row, counts_of
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.refusals import assert_refused
from support.script import NEVER
from support.waiting import until

WORDS = ["a few words that were generated "] * 8


def start(desk: Desk, path: str, model: str, project: str, needle: bytes) -> tuple[raw.RawCall, str]:
    """Begin a stream, read it up to the needle, and return the call with its request id."""
    body = json.dumps({"model": model, "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
    call = raw.RawCall(desk.daemon.port, desk.request(path, body.encode(), project=project))
    _, headers = call.head()
    call.piece_with(needle)
    (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
    return call, request_id


def assert_interrupted(row: Row) -> None:
    assert (row["state"], row["usage_source"]) == ("interrupted", "estimated")
    assert row["finished_ms"] >= row["started_ms"]
    assert row["spend_nano"] > 0


def test_sigterm_with_nothing_to_do_ends_the_daemon_cleanly(own_desk: Desk) -> None:
    assert own_desk.daemon.stop(10) == 0
    assert not (own_desk.daemon.home / "control.sock").exists()
    assert "Traceback" not in own_desk.daemon.output


def test_sigterm_under_load_lets_answers_finish_and_settles_the_rest(own_desk: Desk, project: str) -> None:
    desk = own_desk
    desk.provider.when("upstream-gpt", chat.streamed(WORDS).gated_after(3, "finish"))
    desk.provider.when("claude-upstream", messages.streamed(WORDS).gated_after(6, "never"))
    finishing, finished_id = start(desk, CHAT_PATH, "gpt", project, b"generated")
    hanging, hanging_id = start(desk, MESSAGES_PATH, "sonnet", project, b"generated")
    with finishing, hanging:
        began = time.monotonic()
        desk.daemon.terminate()
        until(lambda: refuses(desk.daemon.port), "the gateway to stop accepting")
        desk.provider.open("finish")
        finishing.piece_with(chat.DONE)
        assert desk.daemon.wait(12) == 0
        assert time.monotonic() - began < 10
    assert "Traceback" not in desk.daemon.output
    finished, interrupted = desk.books.request(finished_id), desk.books.request(hanging_id)
    assert (finished["state"], counts_of(finished)) == ("complete", chat.USED)
    assert_interrupted(interrupted)
    assert interrupted["uncached_input"] == messages.USED.uncached_input
    assert desk.books.open_requests() == []
    desk.books.assert_balanced()
    assert [one.ending for one in desk.provider.received()] == ["finished", "left"]


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_clients_that_do_not_read_cannot_hold_the_daemon(own_desk: Desk, project: str) -> None:
    own_desk.provider.when("upstream-gpt", chat.streamed(["x" * 500_000] * 60))
    body = b'{"model": "gpt", "stream": true, "messages": []}'
    calls = [raw.RawCall(own_desk.daemon.port, own_desk.request(CHAT_PATH, body, project=project)) for _ in range(3)]
    for call in calls:
        call.head()
    assert own_desk.daemon.stop(12) == 0
    for call in calls:
        call.close()
    rows = own_desk.books.requests()
    assert [row["state"] for row in rows] == ["interrupted"] * 3
    own_desk.books.assert_balanced()


def test_a_count_under_way_is_told_of_the_shutdown(own_desk: Desk) -> None:
    own_desk.provider.then(messages.token_count(1).after(NEVER))
    body = json.dumps({"model": "sonnet", "messages": [{"role": "user", "content": "x"}]}).encode()
    with raw.RawCall(own_desk.daemon.port, own_desk.request(f"{MESSAGES_PATH}/count_tokens", body)) as call:
        own_desk.provider.wait_for(lambda seen: len(seen) == 1, "the count")
        own_desk.daemon.terminate()
        assert_refused(call.reply(), "messages", 503, "api_error")
    assert own_desk.daemon.wait() == 0


def test_a_killed_daemon_leaves_its_calls_to_the_next_start(own_desk: Desk, project: str) -> None:
    desk = own_desk
    desk.provider.then(chat.plain())
    done = desk.post(CHAT_PATH, b'{"model": "gpt", "messages": []}', project=f"{project}-done")
    desk.provider.when("upstream-gpt", chat.streamed(WORDS).gated_after(5, "never"))
    desk.provider.when("claude-upstream", messages.streamed(WORDS).gated_after(7, "never"))
    first, chat_id = start(desk, CHAT_PATH, "gpt", project, b"generated")
    second, messages_id = start(desk, MESSAGES_PATH, "sonnet", project, b"generated")
    with first, second:
        desk.daemon.kill()
    assert {row["id"] for row in desk.books.open_requests()} == {chat_id, messages_id}
    desk.daemon.start()
    rows = [desk.books.request(chat_id), desk.books.request(messages_id)]
    for row in rows:
        assert_interrupted(row)
        assert row["uncached_input"] > 0
    assert desk.books.open_requests() == []
    desk.assert_billed(done.header(REQUEST_ID)[0], f"{project}-done", chat.USED)
    desk.books.assert_balanced()
    once = desk.books.requests()
    desk.daemon.kill()
    desk.daemon.start()
    assert desk.books.requests() == once, "orphans were settled twice"


def test_the_journal_keeps_what_a_long_answer_had_produced_before_the_kill(own_desk: Desk, project: str) -> None:
    own_desk.provider.when("claude-upstream", messages.streamed(WORDS * 20).gated_after(100, "never"))
    call, request_id = start(own_desk, MESSAGES_PATH, "sonnet", project, b"generated")
    with call:
        until(lambda: noted_output(own_desk, request_id), "the journal to note the output")
        own_desk.daemon.kill()
    own_desk.daemon.start()
    row = own_desk.books.request(request_id)
    assert_interrupted(row)
    assert (row["cache_read"], row["uncached_input"]) == (messages.USED.cache_read, messages.USED.uncached_input)
    assert row["output"] > 100


def noted_output(desk: Desk, request_id: str) -> bool:
    rows = [row for row in desk.daemon.control.requests(state="open") if row["id"] == request_id]
    journal = [row for row in desk.books.open_requests() if row["id"] == request_id]
    return bool(rows) and rows[0]["output_tokens"] > 100 and bool(journal) and "output" in journal[0]["noted"]


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_everything_is_as_it_was_after_a_restart(own_desk: Desk, project: str, way: str) -> None:
    before = own_desk.daemon.control.call("GET", "/models")
    own_desk.daemon.stop() if way == "stop" else own_desk.daemon.kill()
    own_desk.daemon.start()
    assert own_desk.daemon.control.call("GET", "/models") == before
    own_desk.provider.then(chat.plain())
    reply = own_desk.post(CHAT_PATH, b'{"model": "gpt", "messages": []}', project=project)
    own_desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)
