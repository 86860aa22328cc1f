"""Azure, Bedrock and Vertex AI as a real daemon calls them; settings, aliases and wildcards at the gateway's door."""

import json
from typing import Any

import httpx
import pytest

from support import messages, raw
from support.desk import MESSAGES_PATH, RATES, REQUEST_ID, Desk
from support.eventstream import chunk
from support.script import Answer, Received, Send

BETA = ("anthropic-beta", "fine-grained-1, context-2")
VERSION = ("anthropic-version", "2023-06-01")
ASKED = {"max_tokens": 9, "messages": [{"role": "user", "content": "naïve  text"}]}


def framed(answer: Answer) -> Answer:
    """Return a streamed answer of Messages in Bedrock's framing."""
    events = [json.loads(piece.split(b"\ndata: ")[1]) for piece in answer.pieces]
    return Answer(
        tuple(Send(chunk(event)) for event in events),
        headers=(("Content-Type", "application/vnd.amazon.eventstream"), ("x-amzn-RequestId", "r-1")),
        framing="chunked",
        said=answer.said,
    )


def furnish(desk: Desk, name: str, kind: str, model: str, path: str = "", **settings: Any) -> None:
    """Add a provider of a kind, at the scripted one's address, and a model of it."""
    body = {"name": name, "kind": kind, "base_url": f"{desk.provider.url}{path}", **settings}
    desk.daemon.control.call("POST", "/providers", body)
    desk.daemon.control.add_model(f"{name}-model", name, model, rates=RATES)


def asked(model: str, **fields: object) -> bytes:
    return json.dumps({"model": model, **ASKED, **fields}, ensure_ascii=False).encode()


def ended_with(reply: raw.Reply) -> str:
    return reply.body.decode().strip().split("\n\n")[-1].split("\n")[0]


def sent(seen: Received) -> Any:
    return json.loads(seen.body)


def test_a_stream_of_bedrock_comes_as_events_and_is_billed(own_desk: Desk, project: str) -> None:
    furnish(own_desk, "rock", "bedrock", "us.anthropic.claude-v1:0", region="us-east-1", credential="bedrock-key")
    own_desk.provider.then(framed(messages.streamed()))
    reply = own_desk.post(MESSAGES_PATH, asked("rock-model", stream=True), (BETA, VERSION), project=project)
    assert reply.status == 200
    assert reply.header("content-type")[0].startswith("text/event-stream")
    assert ended_with(reply) == "event: message_stop"
    own_desk.assert_billed(reply.header(REQUEST_ID)[0], project, messages.USED)
    seen = own_desk.provider.only()
    assert seen.target == "/model/us.anthropic.claude-v1:0/invoke-with-response-stream"
    assert seen.header("authorization") == ["Bearer bedrock-key"]
    assert seen.header("anthropic-beta") == seen.header("anthropic-version") == []
    body = sent(seen)
    assert body == {
        **ASKED,
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["fine-grained-1", "context-2"],
    }
    assert "naïve  text".encode() in seen.body


def test_a_whole_answer_of_bedrock_is_asked_for_with_a_signature(own_desk: Desk, project: str) -> None:
    pytest.importorskip("botocore")
    furnish(own_desk, "rock", "bedrock", "claude", region="eu-west-1", credential="AKIA1:hush-hush")
    own_desk.provider.then(messages.plain())
    reply = own_desk.post(MESSAGES_PATH, asked("rock-model"), project=project)
    own_desk.assert_billed(reply.header(REQUEST_ID)[0], project, messages.USED)
    seen = own_desk.provider.only()
    assert seen.target == "/model/claude/invoke"
    assert "/eu-west-1/bedrock/aws4_request" in seen.header("authorization")[0]
    assert len(seen.header("x-amz-date")) == 1
    assert b"hush" not in seen.head


def test_a_stream_of_bedrock_that_breaks_off_ends_with_an_error_and_never_clean(own_desk: Desk) -> None:
    furnish(own_desk, "rock", "bedrock", "claude", region="us-east-1", credential="k")
    whole = framed(messages.streamed())
    own_desk.provider.then(whole.cut_after(5, reset=False))
    reply = own_desk.post(MESSAGES_PATH, asked("rock-model", stream=True))
    assert ended_with(reply) == "event: error"
    row = own_desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    assert row["state"] == "upstream_failed"


def test_bedrock_counts_nothing_so_the_estimate_does(own_desk: Desk) -> None:
    furnish(own_desk, "rock", "bedrock", "claude", region="us-east-1", credential="k")
    reply = own_desk.post(f"{MESSAGES_PATH}/count_tokens", asked("rock-model"))
    assert reply.status == 200
    assert json.loads(reply.body)["input_tokens"] > 0
    assert own_desk.provider.received() == []


def test_vertex_gets_the_model_in_the_path_and_a_token(own_desk: Desk, project: str) -> None:
    furnish(
        own_desk, "vert", "vertex", "claude-sonnet-4@20250514", region="eu", project="acme-1", credential="ya29.token"
    )
    own_desk.provider.then(messages.streamed(), messages.token_count(12))
    reply = own_desk.post(MESSAGES_PATH, asked("vert-model", stream=True), (BETA,), project=project)
    own_desk.assert_billed(reply.header(REQUEST_ID)[0], project, messages.USED)
    counted = own_desk.post(f"{MESSAGES_PATH}/count_tokens", asked("vert-model"))
    assert json.loads(counted.body)["input_tokens"] == 12
    streamed, count = own_desk.provider.received()
    place = "/v1/projects/acme-1/locations/eu/publishers/anthropic/models"
    assert streamed.target == f"{place}/claude-sonnet-4@20250514:streamRawPredict"
    assert streamed.header("authorization") == ["Bearer ya29.token"]
    assert streamed.header("anthropic-beta") == [BETA[1]]
    assert sent(streamed) == {**ASKED, "stream": True, "anthropic_version": "vertex-2023-10-16"}
    assert count.target == f"{place}/count-tokens:rawPredict"
    assert sent(count)["model"] == "claude-sonnet-4@20250514"


def test_azure_names_the_deployment_and_the_version(own_desk: Desk) -> None:
    furnish(own_desk, "blue", "azure", "my-gpt", api_version="2024-10-21", credential="azure-key")
    own_desk.post("/v1/chat/completions", asked("blue-model"), (("api-key", "of-the-client"),))
    seen = own_desk.provider.only()
    assert seen.target == "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    assert seen.header("api-key") == ["azure-key"]
    assert seen.header("authorization") == []


def test_a_providers_headers_stand_in_place_of_the_clients(own_desk: Desk) -> None:
    furnish(
        *(own_desk, "work", "openai", "gpt", "/v1"),
        organisation="org-1",
        headers={"x-team": "search"},
        credential="sk-1",
    )
    own_desk.post("/v1/chat/completions", asked("work-model"), (("X-Team", "mine"), ("OpenAI-Organization", "other")))
    seen = own_desk.provider.only()
    assert (seen.header("x-team"), seen.header("openai-organization")) == (["search"], ["org-1"])


def test_a_wildcard_serves_what_a_key_was_granted_it_for(own_desk: Desk, project: str) -> None:
    control = own_desk.daemon.control
    control.add_model("claude-*", "anth", "*", rates=RATES)
    control.call("PATCH", "/models/sonnet", {"aliases": ["Claude-Best"]})
    key = control.create_key("narrow", allowed_models=["claude-*", "Claude-Best"])
    own_desk.provider.then(messages.plain(), messages.plain())
    replies = {
        model: httpx.post(
            f"{own_desk.daemon.url}/v1/messages",
            content=asked(model),
            headers={"x-api-key": key.secret, "x-project": project},
        )
        for model in ("claude-opus-9", "Claude-Best", "gpt", "listed-claude")
    }
    assert [reply.status_code for reply in replies.values()] == [200, 200, 403, 403]
    assert [sent(seen)["model"] for seen in own_desk.provider.received()] == ["claude-opus-9", "claude-upstream"]
    row = own_desk.books.find(replies["claude-opus-9"].headers[REQUEST_ID])
    assert row is not None
    rows = control.call("GET", "/usage", period="today", by="model")["rows"]
    assert {"claude-opus-9", "sonnet"} <= {row["model"] for row in rows}
    listed = httpx.get(f"{own_desk.daemon.url}/v1/models", headers={"x-api-key": key.secret}).json()["data"]
    names = {model["id"] for model in listed}
    assert {"Claude-Best", "sonnet", "claude-haiku-4-5"} <= names
    assert not {"claude-*", "gpt"} & names
    one = httpx.get(f"{own_desk.daemon.url}/v1/models/claude-opus-9", headers={"x-api-key": key.secret})
    assert one.json()["id"] == "claude-opus-9"
