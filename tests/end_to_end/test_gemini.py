"""Gemini's own protocol through the real gateway: its two ways to stream, and who is spoken to in it."""

import json

import pytest

from support import chat, messages
from support.cases.gemini import chunk, usage
from support.counts import Counts
from support.desk import RATES, REQUEST_ID, Desk
from support.script import Answer, Send
from support.waiting import until

PIECES = (
    "[" + chunk("Hel", usage(8, 1, 9), stop=False),
    "\n,\r\n" + chunk("lo", usage(8, 2, 10), stop=False),
    "\n,\r\n" + chunk("!", usage(8, 20, 28)),
    "\n]\n",
)
ARRAY = Answer(
    tuple(Send(piece.encode()) for piece in PIECES),
    headers=(("Content-Type", "application/json; charset=UTF-8"),),
    framing="chunked",
)
USED = Counts(uncached_input=8, output=20)
BODY = json.dumps({"contents": [{"role": "user", "parts": [{"text": "x"}]}]}).encode()


def path(model: str, query: str = "") -> str:
    return f"/gateway/google/v1beta/models/{model}:streamGenerateContent{query}"


@pytest.fixture
def google(own_desk: Desk) -> Desk:
    own_desk.daemon.control.add_provider("goo", "google", own_desk.provider.url, credential="goo-key")
    own_desk.daemon.control.add_model("gem", "goo", "gemini-2.5-flash", rates=RATES)
    return own_desk


def test_a_stream_that_is_an_array_passes_as_it_came_and_is_billed(google: Desk, project: str) -> None:
    google.provider.then(ARRAY)
    reply = google.post(path("gem"), BODY, project=project)
    assert (reply.status, reply.body, reply.complete) == (200, ARRAY.body, True)
    assert google.provider.only().target == "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    row = google.assert_billed(reply.header(REQUEST_ID)[0], project, USED)
    assert row["stream"] == 1


def test_an_array_that_breaks_off_ends_with_an_error_and_never_clean(google: Desk) -> None:
    google.provider.then(ARRAY.cut_after(2))
    reply = google.post(path("gem"), BODY)
    assert not reply.complete
    *whole, error = json.loads(reply.body)
    assert [one["candidates"][0]["content"]["parts"][0]["text"] for one in whole] == ["Hel", "lo"]
    assert error["error"]["status"] == "INTERNAL"
    row = google.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert (row["state"], row["usage_source"], row["error"]) == ("upstream_failed", "estimated", "upstream_broken")


@pytest.mark.parametrize(("model", "answer"), [("gpt", chat.streamed()), ("sonnet", messages.streamed())])
def test_a_translated_answer_comes_in_the_form_that_was_asked_for(
    own_desk: Desk, model: str, answer: Answer, project: str
) -> None:
    own_desk.provider.then(answer)
    array = own_desk.post(path(model), BODY, project=project)
    assert array.header("content-type") == ["application/json"]
    own_desk.assert_billed(array.header(REQUEST_ID)[0], project, answer.said)
    own_desk.provider.then(answer)
    events = own_desk.post(path(model, "?alt=sse"), BODY)
    assert events.header("content-type") == ["text/event-stream"]
    told = [json.loads(line[6:]) for line in events.body.splitlines() if line]

    def essence(chunks: list[dict[str, object]]) -> list[object]:
        return [(one["candidates"], one.get("usageMetadata")) for one in chunks]

    assert essence(json.loads(array.body)) == essence(told)
    assert (array.complete, events.complete) == (True, True)


def test_a_translated_array_that_breaks_off_ends_with_an_error_and_never_clean(own_desk: Desk) -> None:
    own_desk.provider.then(chat.streamed().cut_after(3))
    reply = own_desk.post(path("gpt"), BODY)
    assert not reply.complete
    assert json.loads(reply.body)[-1]["error"]["status"] == "INTERNAL"
    row = until(lambda: own_desk.books.find(reply.header(REQUEST_ID)[0]), "the row")
    assert row["state"] == "upstream_failed"
