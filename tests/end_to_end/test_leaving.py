"""A client that leaves: the provider is told, or read on for as long as the setting says; what was used is owed."""

import json
from collections.abc import Iterator

import pytest

from support import chat, messages
from support.books import counts_of
from support.cases.case import ASK
from support.cases.requests import PATHS
from support.daemon import Daemon, temporary_home
from support.desk import CHAT_PATH, MESSAGES_PATH, Desk, furnish
from support.provider import ScriptedProvider
from support.raw import RawCall, exchange, request
from support.script import NEVER, Answer
from support.waiting import until

TALK = [{"role": "user", "content": ASK}]
CHAT = json.dumps(
    {"model": "gpt", "stream": True, "messages": TALK, "stream_options": {"include_usage": True}}
).encode()
MESSAGE = json.dumps({"model": "sonnet", "stream": True, "max_tokens": 9, "messages": TALK}).encode()
WORDS = ["many words that were generated "] * 6
DRAINED_S = "30"
"""Never waited for: the answer goes on as soon as its client has left."""
BRIEFLY_S = "0.3"


@pytest.fixture
def draining(provider: ScriptedProvider) -> Iterator[Desk]:
    with temporary_home() as home, Daemon(home, {"CODEVECTOR_DRAIN_SECONDS": DRAINED_S}) as daemon:
        yield furnish(daemon, provider)


def leave_after_some_text(desk: Desk, path: str, body: bytes, project: str) -> None:
    with RawCall(desk.daemon.port, desk.request(path, body, project=project)) as call:
        call.piece_with(b"many words")


def row_of(desk: Desk, project: str) -> dict[str, object]:
    def found() -> list[dict[str, object]]:
        return [row for row in desk.books.requests() if row["project"] == project]

    (row,) = until(found, "the row of the call that was left")
    return row


@pytest.mark.parametrize(
    ("dialect", "model", "path"),
    [
        ("chat", "listed-gpt", CHAT_PATH),
        ("messages", "listed-claude", MESSAGES_PATH),
        ("responses", "listed-gpt", PATHS["responses"]),
    ],
)
def test_a_client_that_left_before_the_first_byte_owes_the_input_that_was_sent(
    desk: Desk, project: str, dialect: str, model: str, path: str
) -> None:
    asked = {"input": ASK} if dialect == "responses" else {"messages": TALK, "max_tokens": 9}
    body = json.dumps({"model": model, "stream": True, **asked}).encode()
    desk.provider.then(Answer().after(NEVER))
    with RawCall(desk.daemon.port, desk.request(path, body, project=project)):
        desk.provider.wait_for(lambda seen: len(seen) == 1, "the call")
    desk.provider.wait_for(lambda seen: seen[0].ending == "left", "the gateway hang up")
    row = row_of(desk, project)
    # "hello world" is two tokens and 6 for the frame; of Claude 2 times 1.2, up, and 6.
    tokens, nano = (9, 9 * 1_000) if dialect == "messages" else (8, 8 * 2_500)
    assert (row["state"], row["usage_source"], row["status"]) == ("client_left", "estimated", None)
    assert (row["uncached_input"], row["output"], row["spend_nano"]) == (tokens, 0, nano)


def test_without_the_setting_the_provider_is_told_at_once(desk: Desk, project: str) -> None:
    desk.provider.then(messages.streamed(WORDS).gated_after(5, "never"))
    leave_after_some_text(desk, MESSAGES_PATH, MESSAGE, project)
    desk.provider.wait_for(lambda seen: seen[0].ending == "left", "the gateway hang up")
    row = row_of(desk, project)
    assert (row["state"], row["usage_source"]) == ("client_left", "estimated")
    kept = counts_of(row)
    assert (kept.uncached_input, kept.cache_read) == (messages.USED.uncached_input, messages.USED.cache_read)
    assert 5 < kept.output < 40


LEFT = {
    "chat": (CHAT_PATH, CHAT, chat.streamed(WORDS), chat.USED),
    "messages": (MESSAGES_PATH, MESSAGE, messages.streamed(WORDS), messages.USED),
}


@pytest.mark.parametrize("dialect", LEFT)
def test_with_the_setting_the_true_usage_is_learned(draining: Desk, project: str, dialect: str) -> None:
    path, body, answer, used = LEFT[dialect]
    draining.provider.then(answer.gated_after(4, "left"))
    leave_after_some_text(draining, path, body, project)
    # A later connection is served only after the daemon has seen the earlier one end.
    for _ in range(3):
        exchange(draining.daemon.port, request("GET", "/healthz", ()))
    draining.provider.open("left")
    row = row_of(draining, project)
    assert (row["state"], row["usage_source"], counts_of(row)) == ("client_left", "reported", used)
    assert draining.provider.only().ending == "finished"
    draining.books.assert_balanced()


def test_an_answer_that_does_not_end_is_read_only_as_long_as_the_setting_says(
    provider: ScriptedProvider, project: str
) -> None:
    with temporary_home() as home, Daemon(home, {"CODEVECTOR_DRAIN_SECONDS": BRIEFLY_S}) as daemon:
        desk = furnish(daemon, provider)
        desk.provider.then(chat.streamed(WORDS).gated_after(4, "never"))
        leave_after_some_text(desk, CHAT_PATH, CHAT, project)
        desk.provider.wait_for(lambda seen: seen[0].ending == "left", "the gateway hang up")
        row = row_of(desk, project)
        assert (row["state"], row["usage_source"]) == ("client_left", "estimated")
        assert row["output"] > 0
