"""An answer whose end the client saw is on disk: the row is there the moment the SDK returns, and after a crash too."""

import pytest

from support import chat, messages, raw, sdk
from support.books import Row, counts_of
from support.desk import CHAT_PATH, REQUEST_ID, Desk

TIMES = 15


def assert_complete(row: Row | None) -> None:
    assert row is not None, "the client saw the end before the row was durable"
    assert (row["state"], row["usage_source"]) == ("complete", "reported")


def test_the_row_is_there_when_a_chat_stream_ends(desk: Desk, project: str) -> None:
    desk.provider.when("upstream-gpt", chat.streamed())
    with desk.gpt(project) as client:
        for _ in range(TIMES):
            with client.chat.completions.create(model="gpt", messages=sdk.ASK, stream=True) as stream:
                for _chunk in stream:
                    pass
                assert_complete(desk.books.find(stream.response.headers[REQUEST_ID]))


def test_the_row_is_there_when_a_message_stream_ends(desk: Desk, project: str) -> None:
    desk.provider.when("claude-upstream", messages.streamed())
    with desk.claude(project) as client:
        for _ in range(TIMES):
            with client.messages.create(model="sonnet", messages=sdk.ASK, max_tokens=9, stream=True) as stream:
                for event in stream:
                    if event.type == "message_stop":
                        assert_complete(desk.books.find(stream.response.headers[REQUEST_ID]))


def test_the_row_is_there_when_a_plain_answer_is_whole(desk: Desk, project: str) -> None:
    desk.provider.when("upstream-gpt", chat.plain())
    with desk.gpt(project) as client:
        for _ in range(TIMES):
            answer = client.chat.completions.with_raw_response.create(model="gpt", messages=sdk.ASK)
            assert_complete(desk.books.find(answer.headers[REQUEST_ID]))


def test_a_client_that_leaves_right_after_the_last_event_changes_nothing(desk: Desk, project: str) -> None:
    body = b'{"model": "gpt", "stream": true, "messages": []}'
    desk.provider.then(chat.streamed())
    with raw.RawCall(desk.daemon.port, desk.request(CHAT_PATH, body, project=project)) as call:
        _, headers = call.head()
        call.piece_with(chat.DONE)
    (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
    desk.assert_billed(request_id, project, chat.USED)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
def test_a_kill_right_after_the_end_loses_nothing(own_desk: Desk, project: str, *, stream: bool) -> None:
    own_desk.provider.then(chat.streamed() if stream else chat.plain())
    body = b'{"model": "gpt", "stream": %s, "messages": []}' % (b"true" if stream else b"false")
    reply = own_desk.post(CHAT_PATH, body, project=project)
    own_desk.daemon.kill()
    own_desk.daemon.start()
    row = own_desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)
    assert counts_of(row) == own_desk.provider.said()
    own_desk.books.assert_balanced()
