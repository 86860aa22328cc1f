"""What providers report, and what they leave out: the counts of the rows and the money."""

import json

import pytest

from support import chat, messages
from support.books import Row, counts_of
from support.counts import Counts
from support.desk import CHAT_PATH, MESSAGES_PATH, RATES, REQUEST_ID, Desk
from support.script import Answer, Send

ASK = [{"role": "user", "content": "Tell me a story of about a hundred words, please."}]


def body(model: str, *, stream: bool) -> bytes:
    return json.dumps({"model": model, "stream": stream, "max_tokens": 99, "messages": ASK}).encode()


def row_of(desk: Desk, path: str, model: str, answer: Answer, project: str) -> Row:
    desk.provider.then(answer)
    reply = desk.post(path, body(model, stream=answer.framing == "chunked"), project=project)
    assert reply.complete
    row = desk.books.find(reply.header(REQUEST_ID)[0])
    assert row is not None
    return row


@pytest.mark.parametrize(
    "used",
    [
        Counts(uncached_input=10, output=20),
        Counts(uncached_input=0, cache_read=5000, output=1),
        Counts(uncached_input=3, cache_read=1, output=400, reasoning=399),
        Counts(uncached_input=3, cache_write_5m=700, output=4),
        Counts(uncached_input=1 << 31, output=1 << 33),
        Counts(),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_chat_usage_is_counted_as_reported(desk: Desk, project: str, used: Counts, *, stream: bool) -> None:
    answer = chat.streamed(said=used) if stream else chat.plain(said=used)
    row = row_of(desk, CHAT_PATH, "gpt", answer, project)
    desk.assert_billed(row["id"], project, used)


@pytest.mark.parametrize(
    "used",
    [
        Counts(uncached_input=10, output=20),
        Counts(uncached_input=0, cache_read=5000, output=1),
        Counts(uncached_input=3, cache_write_1h=9000, output=4),
        Counts(uncached_input=3, cache_write_5m=7, cache_write_1h=9, output=4),
        Counts(uncached_input=1 << 31, output=1 << 33),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_messages_usage_is_counted_as_reported(desk: Desk, project: str, used: Counts, *, stream: bool) -> None:
    answer = messages.streamed(said=used) if stream else messages.plain(said=used)
    row = row_of(desk, MESSAGES_PATH, "sonnet", answer, project)
    desk.assert_billed(row["id"], project, used)


@pytest.mark.parametrize("usage", ["null", "absent"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_chat_answer_without_usage_is_estimated_and_says_so(
    desk: Desk, project: str, usage: chat.Usage, *, stream: bool
) -> None:
    text = "Once upon a time there was a gateway that counted every token. " * 8
    answer = chat.streamed([text], usage=usage) if stream else chat.plain(text, usage=usage)
    row = row_of(desk, CHAT_PATH, "gpt", answer, project)
    counts = counts_of(row)
    assert (row["state"], row["usage_source"]) == ("complete", "estimated")
    assert 100 <= counts.output <= 130  # 13 tokens a sentence
    assert 10 <= counts.uncached_input <= 40
    assert row["spend_nano"] == RATES.nano(counts)
    assert desk.books.spent(project=project) == (counts, row["spend_nano"])


@pytest.mark.parametrize("usage", ["null", "absent"])
def test_a_message_without_usage_is_estimated_and_says_so(desk: Desk, project: str, usage: messages.Usage) -> None:
    row = row_of(desk, MESSAGES_PATH, "sonnet", messages.plain("So it was, and so it is. " * 10, usage=usage), project)
    assert (row["state"], row["usage_source"]) == ("complete", "estimated")
    assert 50 <= row["output"] <= 150
    assert row["spend_nano"] == RATES.nano(counts_of(row))


def test_deltas_of_a_message_replace_and_are_never_summed(desk: Desk, project: str) -> None:
    used = Counts(uncached_input=40, cache_read=8, output=30)
    events = messages.streamed(said=used).pieces
    early = messages.event("message_delta", delta={}, usage={"output_tokens": 11, "cache_read_input_tokens": 8})
    answer = Answer(
        tuple(Send(one) for one in (*events[:-2], early, *events[-2:])),
        headers=messages.STREAM_HEADERS,
        framing="chunked",
    )
    row = row_of(desk, MESSAGES_PATH, "sonnet", answer, project)
    desk.assert_billed(row["id"], project, used)


def test_a_running_total_in_every_chunk_is_not_summed(desk: Desk, project: str) -> None:
    events = [chat.delta({"content": "a"}, usage=chat.usage_block(Counts(uncached_input=9, output=n))) for n in (1, 2)]
    last = chat.delta({}, "stop", usage=chat.usage_block(Counts(uncached_input=9, output=3)))
    steps = tuple(Send(one) for one in (*events, last, chat.DONE))
    row = row_of(desk, CHAT_PATH, "gpt", Answer(steps, headers=chat.STREAM_HEADERS, framing="chunked"), project)
    desk.assert_billed(row["id"], project, Counts(uncached_input=9, output=3))


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -5, "completion_tokens": 3},
        {"prompt_tokens": 1 << 41, "completion_tokens": 3},
        {"prompt_tokens": "12", "completion_tokens": 3},
        {"prompt_tokens": 1.5, "completion_tokens": 3},
        [],
        "none",
    ],
)
def test_absurd_usage_is_refused_and_estimated(desk: Desk, project: str, usage: object) -> None:
    answer = json.loads(chat.plain().body)
    scripted = Answer((Send(json.dumps({**answer, "usage": usage}).encode()),), headers=chat.HEADERS)
    row = row_of(desk, CHAT_PATH, "gpt", scripted, project)
    assert (row["state"], row["usage_source"]) == ("complete", "estimated")
    assert 0 < row["output"] < 100
    assert 0 < row["uncached_input"] < 100


def test_the_control_api_shows_what_the_database_holds(desk: Desk, project: str) -> None:
    row = row_of(desk, CHAT_PATH, "gpt", chat.plain(), project)
    (shown,) = [one for one in desk.daemon.control.requests(last=5) if one["id"] == row["id"]]
    assert shown["spend_usd"] == f"0.{row['spend_nano']:09d}"
    assert shown["input_tokens"] == chat.USED.input
    assert shown["cached_tokens"] == chat.USED.cache_read
    assert (shown["state"], shown["project"], shown["session"]) == ("complete", project, None)
    usage = desk.daemon.control.call("GET", "/usage", period="today", by="project")
    (totals,) = [one for one in usage["rows"] if one["project"] == project]
    assert (totals["requests"], totals["errors"], totals["spend_usd"]) == (1, 0, shown["spend_usd"])
    assert (totals["input_tokens"], totals["output_tokens"]) == (chat.USED.input, chat.USED.output)
    assert usage["totals"]["spend_usd"] == total_usd(desk)


def total_usd(desk: Desk) -> str:
    _, spend = desk.books.spent()
    return f"{spend // 10**9}.{spend % 10**9:09d}"
