"""Every protocol through the real gateway to every other: the SDKs read the stream, and the books say what was used."""

import json

import pytest

from support.counts import Counts
from support.desk import RATES, REQUEST_ID, Desk
from support.script import Answer, Send
from support.translation import sdks, wires
from support.translation.asked import BY_NAME as ASKED
from support.translation.request_wires import WIRE
from support.translation.said import BY_NAME, Said

DIALECTS = ("chat", "messages", "responses", "gemini")
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS if client != provider]
PATHS = {
    "chat": "/gateway/openai/v1/chat/completions",
    "messages": "/gateway/anthropic/v1/messages",
    "responses": "/gateway/openai/v1/responses",
    "gemini": "/gateway/google/v1beta/models/{model}:{action}",
}
SAID = [BY_NAME[name] for name in ("a thought, text and two calls", "three parallel calls", "cached tokens")]


@pytest.fixture(scope="module")
def speaking(shared_desk: Desk) -> None:
    """Add a provider of each dialect, with a model of the dialect's name."""
    control, url = shared_desk.daemon.control, shared_desk.provider.url
    for dialect in DIALECTS:
        base = url if dialect in {"messages", "gemini"} else f"{url}/v1"
        control.add_provider(f"speaks-{dialect}", "custom", base, dialects=[dialect], credential="a-credential")
        control.add_model(f"in-{dialect}", f"speaks-{dialect}", "model-x", rates=RATES)


def streamed(dialect: str, said: Said) -> Answer:
    """Return a recorded answer as the provider streams it, one event at a time."""
    events = tuple(Send(event) for event in wires.STREAM[dialect](said))
    return Answer(events, headers=(("content-type", "text/event-stream"),), framing="chunked")


def request(client: str, model: str, *, stream: bool) -> tuple[str, bytes]:
    """Return path and body of a recorded request as a client sends it."""
    fields = WIRE[client](ASKED["parallel calls answered"])
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    if client != "gemini":
        fields |= {"model": model, "stream": stream}
    if client == "chat" and stream:
        fields["stream_options"] = {"include_usage": True}
    return PATHS[client].format(model=model, action=action), json.dumps(fields).encode()


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("said", SAID, ids=lambda said: said.name.replace(" ", "_").replace(",", ""))
@pytest.mark.parametrize(("client", "spoken"), PAIRS, ids=lambda one: one)
def test_the_sdk_reads_what_came_through_the_gateway(desk: Desk, client: str, spoken: str, said: Said) -> None:
    for stream in (True, False):
        desk.provider.then(streamed(spoken, said) if stream else Answer((Send(wires.WHOLE[spoken](said)),)))
        path, body = request(client, f"in-{spoken}", stream=stream)
        reply = desk.post(path, body)
        assert (reply.status, reply.complete) == (200, True)
        seen = (sdks.STREAM if stream else sdks.WHOLE)[client](reply.body)
        assert (seen.text, seen.thought, seen.model) == (said.text, said.thought, f"in-{spoken}")
        assert seen.calls == [(name, json.loads(arguments)) for name, arguments in said.calls]
        assert (seen.input, seen.cached, seen.output) == (said.counts.input, said.counts.cache_read, said.counts.output)
        assert_settled(desk, reply.header(REQUEST_ID)[0], client, said.counts)


def assert_settled(desk: Desk, request_id: str, client: str, used: Counts) -> None:
    row = desk.books.find(request_id)
    assert row is not None
    assert (row["state"], row["dialect"], row["usage_source"]) == ("complete", client, "reported")
    assert (row["uncached_input"], row["cache_read"], row["output"]) == (
        used.uncached_input,
        used.cache_read,
        used.output,
    )


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize(("client", "spoken"), PAIRS, ids=lambda one: one)
def test_a_stream_cut_in_a_call_ends_with_the_clients_error_and_the_connection(
    desk: Desk, client: str, spoken: str
) -> None:
    said = BY_NAME["one call"]
    desk.provider.then(
        streamed(spoken, said).cut_after(len(wires.STREAM[spoken](said)) - (1 if spoken == "gemini" else 4))
    )
    reply = desk.post(*request(client, f"in-{spoken}", stream=True))
    assert reply.status == 200
    assert not reply.complete
    assert json.loads(reply.body.rstrip().rpartition(b"data: ")[2])["error"]
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert row["state"] == "upstream_failed"
