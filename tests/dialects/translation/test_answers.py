"""Every recorded answer of every protocol, as the official SDK of every other protocol reads its translation."""

import json

import pytest

from codevector_daemon.dialects.translation import Translation, between
from support.translation import sdks, wires
from support.translation.said import ALL, BY_NAME, Said
from support.translation.sdks import Seen

DIALECTS = ("chat", "messages", "responses", "gemini")
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS if client != provider]
STOPS = {
    "chat": {"end": "stop", "length": "length", "tool": "tool_calls", "refusal": "content_filter", "sequence": "stop"},
    "messages": {
        "end": "end_turn",
        "length": "max_tokens",
        "tool": "tool_use",
        "refusal": "refusal",
        "sequence": "stop_sequence",
    },
    "responses": {
        "end": "completed",
        "length": "max_output_tokens",
        "tool": "completed",
        "refusal": "content_filter",
        "sequence": "completed",
    },
    "gemini": {"end": "STOP", "length": "MAX_TOKENS", "tool": "STOP", "refusal": "SAFETY", "sequence": "STOP"},
}


def translation(client: str, provider: str) -> Translation:
    made = between(client, provider, now_s=lambda: 1_760_000_000)
    assert made is not None
    return made


def check(said: Said, seen: Seen, client: str, provider: str) -> None:
    refusal = said.refusal if client in {"chat", "responses"} and provider != "gemini" else ""
    extra = said.refusal if not refusal else ""
    assert seen.text == said.text + extra
    assert seen.refusal == refusal
    assert seen.thought == said.thought
    assert seen.calls == [(name, json.loads(arguments or "{}")) for name, arguments in said.calls]
    assert len(set(seen.call_ids)) == len(seen.call_ids)
    stop = "end" if said.stop == "sequence" and provider != "messages" else said.stop
    expected = STOPS[client][stop]
    if client == "responses" and refusal:
        expected = "completed"
    assert seen.stop == expected
    assert (seen.input, seen.cached, seen.output) == (said.counts.input, said.counts.cache_read, said.counts.output)
    assert seen.model == "my-slug"


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
@pytest.mark.parametrize("said", ALL, ids=lambda said: said.name.replace(" ", "_"))
def test_the_sdk_reads_a_streamed_answer(client: str, provider: str, said: Said) -> None:
    translator = translation(client, provider).stream("my-slug")
    out = b"".join(translator.feed(event) for event in wires.STREAM[provider](said))
    assert translator.failed is None
    check(said, sdks.STREAM[client](out + translator.finish()), client, provider)


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
@pytest.mark.parametrize("said", ALL, ids=lambda said: said.name.replace(" ", "_"))
def test_the_sdk_reads_a_whole_answer(client: str, provider: str, said: Said) -> None:
    body = translation(client, provider).whole(200, wires.WHOLE[provider](said), "my-slug")
    check(said, sdks.WHOLE[client](body), client, provider)


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
@pytest.mark.parametrize("name", ["a thought, text and two calls", "refused in words", "cut by the limit"])
def test_a_whole_answer_where_a_stream_was_asked_is_read_as_one(client: str, provider: str, name: str) -> None:
    stream = translation(client, provider).replay(wires.WHOLE[provider](BY_NAME[name]), "my-slug")
    check(BY_NAME[name], sdks.STREAM[client](stream), client, provider)


@pytest.mark.parametrize("provider", ["messages", "responses", "gemini"])
def test_arguments_that_are_none_are_an_empty_object_for_openais_clients(provider: str) -> None:
    translator = translation("chat", provider).stream("my-slug")
    out = b"".join(translator.feed(event) for event in wires.STREAM[provider](BY_NAME["a call without arguments"]))
    pieces = [
        call["function"]["arguments"]
        for chunk in sdks.payloads(out + translator.finish())
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", ())
    ]
    assert "".join(pieces) == "{}"
