"""Gemini's own protocol through the real gateway: its two ways to stream, and who is spoken to in it."""

import json
from typing import Any

import pytest
from google import genai
from google.genai import types

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


EVENTS = Answer(
    tuple(Send(b"data: " + piece.strip("[],\r\n").encode() + b"\r\n\r\n") for piece in PIECES[:3]),
    headers=(("Content-Type", "text/event-stream"),),
    framing="chunked",
)
WHOLE = Answer((Send(chunk("Hello!", usage(8, 20, 28)).encode()),))


@pytest.fixture(scope="module")
def furnished(shared_desk: Desk) -> None:
    shared_desk.daemon.control.add_provider("goo", "google", shared_desk.provider.url, credential="goo-key")
    shared_desk.daemon.control.add_model("gem", "goo", "gemini-2.5-flash", rates=RATES)


@pytest.fixture
def google(desk: Desk, furnished: None) -> Desk:  # noqa: ARG001 - it is there then
    """A desk with a provider of Google's kind."""
    return desk


def sdk(desk: Desk, project: str) -> genai.Client:
    """Return Google's own client of the gateway."""
    options = types.HttpOptions(base_url=f"{desk.daemon.url}/gateway/google", headers={"x-project": project})
    return genai.Client(api_key=desk.key.secret, http_options=options)


def assert_counted(desk: Desk, project: str, used: Counts, rows: int) -> None:
    """Assert that every call of a project is complete and counted as reported."""
    found = [row for row in desk.books.requests() if row["project"] == project]
    assert [(row["state"], row["dialect"], row["usage_source"]) for row in found] == [
        ("complete", "gemini", "reported")
    ] * rows
    assert desk.books.spent(project=project)[0] == sum([used] * (rows - 1), used)


def test_googles_sdk_gets_whole_and_streamed_answers_of_google(google: Desk, project: str) -> None:
    google.provider.then(WHOLE, EVENTS)
    with sdk(google, project) as client:
        whole = client.models.generate_content(model="gem", contents="x")
        streamed = list(client.models.generate_content_stream(model="gem", contents="x"))
    assert (whole.text, "".join(one.text or "" for one in streamed)) == ("Hello!", "Hello!")
    assert [seen.header("x-goog-api-key") for seen in google.provider.received()] == [["goo-key"]] * 2
    assert_counted(google, project, USED, 2)


@pytest.mark.parametrize(
    ("model", "answers", "text"),
    [
        ("gpt", (chat.plain(), chat.streamed()), "".join(chat.WORDS)),
        ("sonnet", (messages.plain(), messages.streamed()), "".join(messages.WORDS)),
    ],
    ids=["of a chat provider", "of a messages provider"],
)
def test_googles_sdk_gets_whole_and_streamed_answers_by_translation(
    desk: Desk, project: str, model: str, answers: tuple[Answer, ...], text: str
) -> None:
    desk.provider.then(*answers)
    with sdk(desk, project) as client:
        whole = client.models.generate_content(model=model, contents="x")
        streamed = list(client.models.generate_content_stream(model=model, contents="x"))
    assert (whole.text, "".join(one.text or "" for one in streamed)) == (text, text)
    assert whole.usage_metadata is not None
    assert whole.usage_metadata.prompt_token_count == answers[0].said.input
    assert_counted(desk, project, answers[0].said, 2)


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
    desk: Desk, model: str, answer: Answer, project: str
) -> None:
    desk.provider.then(answer)
    array = desk.post(path(model), BODY, project=project)
    assert array.header("content-type") == ["application/json"]
    desk.assert_billed(array.header(REQUEST_ID)[0], project, answer.said)
    desk.provider.then(answer)
    events = desk.post(path(model, "?alt=sse"), BODY)
    assert events.header("content-type") == ["text/event-stream"]
    told = [json.loads(line[6:]) for line in events.body.splitlines() if line]

    def essence(chunks: list[dict[str, Any]]) -> list[Any]:
        return [(one["candidates"], one.get("usageMetadata")) for one in chunks]

    assert essence(json.loads(array.body)) == essence(told)
    assert (array.complete, events.complete) == (True, True)


def test_a_translated_array_that_breaks_off_ends_with_an_error_and_never_clean(desk: Desk) -> None:
    desk.provider.then(chat.streamed().cut_after(3))
    reply = desk.post(path("gpt"), BODY)
    assert not reply.complete
    assert json.loads(reply.body)[-1]["error"]["status"] == "INTERNAL"
    row = until(lambda: desk.books.find(reply.header(REQUEST_ID)[0]), "the row")
    assert row["state"] == "upstream_failed"


def test_googles_sdk_lists_the_models_that_the_key_may_call(desk: Desk, project: str) -> None:
    with sdk(desk, project) as client:
        names = {model.name for model in client.models.list(config={"page_size": 3})}
        one = client.models.get(model="gpt")
    assert {"models/gpt", "models/sonnet", "models/house"} <= names
    assert (one.name, one.display_name) == ("models/gpt", "gpt")
    refused = desk.post("/v1beta/models/nothing:generateContent", BODY)
    assert (refused.status, json.loads(refused.body)["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "prefix", ["/gateway/google/v1beta", "/gateway/google/v1", "/gateway/google/v1alpha", "/v1beta", "/v1"]
)
def test_every_version_of_googles_paths_reaches_the_same_place(desk: Desk, prefix: str, project: str) -> None:
    desk.provider.then(chat.plain())
    reply = desk.post(f"{prefix}/models/gpt:generateContent", BODY, project=project)
    assert reply.status == 200
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)
