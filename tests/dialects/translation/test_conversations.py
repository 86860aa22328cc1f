"""Conversations from each protocol to each other: the request as it goes up, and the answer as the SDK reads it."""

import json
from collections import Counter
from itertools import zip_longest

import pytest

from codevector_daemon.dialects.base import Head
from support.translation import asked as questions
from support.translation import said as told
from support.translation import sdks, wires
from support.translation.asked import Asked
from support.translation.calls import made
from support.translation.request_wires import WIRE
from support.translation.said import Said

from .test_answers import check
from .test_requests import MODELS, PAIRS, TOLD_OTHERWISE, assert_the_same

LEAST = 25
CONVERSATIONS = [
    (asked or questions.ALL[-1], said or told.ALL[-1]) for asked, said in zip_longest(questions.ALL, told.ALL)
]


def converse(client: str, provider: str, asked: Asked, said: Said, *, stream: bool) -> None:
    """Translate a request and its answer by one translation, and judge both."""
    translation = made(client, provider)
    fields = WIRE[client](asked) | ({"stream_options": {"include_usage": True}} if stream and client == "chat" else {})
    sent = translation.request(json.dumps(fields).encode(), Head(model="slug"), MODELS[provider], stream=stream)
    if (asked.name, client) not in TOLD_OTHERWISE:
        assert_the_same(client, provider, asked, sent.body)
    if stream:
        translator = translation.stream("my-slug")
        out = b"".join(translator.feed(event) for event in wires.STREAM[provider](said)) + translator.finish()
        assert translator.failed is None
        check(said, sdks.STREAM[client](out), client, provider)
    else:
        body = translation.whole(200, wires.WHOLE[provider](said), "my-slug")
        check(said, sdks.WHOLE[client](body), client, provider)


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_conversations_go_up_and_come_back(client: str, provider: str, stream: bool) -> None:
    held = 0
    for asked, said in CONVERSATIONS:
        converse(client, provider, asked, said, stream=stream)
        held += 1
    assert held >= LEAST


def test_there_are_enough_conversations_each_way_and_all_are_different() -> None:
    assert len(PAIRS) == len(set(PAIRS)) == 12
    told_alike = Counter(
        pair for pair in PAIRS for asked, _ in CONVERSATIONS if (asked.name, pair[0]) not in TOLD_OTHERWISE
    )
    assert min(told_alike.values()) >= LEAST
    assert len({asked.name for asked, _ in CONVERSATIONS}) >= LEAST
    assert len({said.name for _, said in CONVERSATIONS}) >= LEAST
    assert {"two parallel calls", "three parallel calls"} <= {said.name for _, said in CONVERSATIONS}
