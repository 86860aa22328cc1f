"""A streamed answer arrives in the pace it was sent. Gates prove that nothing waits for what comes after it."""

import itertools
import json
import statistics

import pytest

from support import chat, messages, raw
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.provider import ScriptedProvider
from support.script import Answer, Gate, Send, Step
from support.waiting import until

PAUSE_S = 0.06
ROUTES = pytest.mark.parametrize(
    ("path", "model", "answer"),
    [(CHAT_PATH, "gpt", chat.streamed(usage="absent")), (MESSAGES_PATH, "sonnet", messages.streamed())],
    ids=["chat", "messages"],
)


def body(model: str) -> bytes:
    return json.dumps({"model": model, "stream": True, "max_tokens": 9, "messages": []}).encode()


def gated(answer: Answer) -> Answer:
    """Hold every piece back until the test opens its gate."""
    steps: list[Step] = []
    for number, piece in enumerate(answer.pieces):
        steps += [Gate(f"piece {number}"), Send(piece)]
    return Answer(tuple(steps), headers=answer.headers, framing="chunked", said=answer.said)


@ROUTES
def test_every_event_arrives_before_the_next_one_is_sent(desk: Desk, path: str, model: str, answer: Answer) -> None:
    desk.provider.then(gated(answer))
    with raw.RawCall(desk.daemon.port, desk.request(path, body(model))) as call:
        status, headers = call.head()
        assert status == 200
        for number, piece in enumerate(answer.pieces):
            desk.provider.open(f"piece {number}")
            if piece is not answer.pieces[-1]:
                call.piece_with(piece)
        call.piece_with(answer.pieces[-1])
    (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
    assert desk.books.request(request_id)["state"] == "complete"


@ROUTES
def test_the_head_arrives_before_the_first_event_and_after_the_journal_holds_the_call(
    desk: Desk, path: str, model: str, answer: Answer
) -> None:
    desk.provider.then(answer.gated_after(0, "go"))
    with raw.RawCall(desk.daemon.port, desk.request(path, body(model))) as call:
        _, headers = call.head()
        (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
        assert request_id in {row["id"] for row in desk.books.open_requests()}
        assert request_id in {row["id"] for row in desk.daemon.control.requests(state="open")}
        desk.provider.open("go")
        call.piece_with(answer.pieces[-1])
    assert request_id not in {row["id"] for row in desk.books.open_requests()}


def lateness(provider: ScriptedProvider, reply: raw.Reply, pieces: int) -> list[float]:
    """Return for each piece the seconds from its sending to its arrival."""
    (seen,) = provider.received()
    assert len(seen.sent) == pieces
    sizes = [len(data) for _, data in reply.arrivals]
    assert len(sizes) == pieces, "pieces were joined or cut on their way"
    return [arrived - sent for sent, (arrived, _) in zip(seen.sent, reply.arrivals, strict=True)]


@ROUTES
def test_the_pace_is_that_of_a_direct_call(desk: Desk, path: str, model: str, answer: Answer) -> None:
    answer = answer.paced(PAUSE_S)
    pieces = len(answer.pieces)
    late: dict[str, list[float]] = {"direct": [], "gateway": []}
    gaps: dict[str, list[float]] = {"direct": [], "gateway": []}
    for way, port in (("direct", desk.provider.port), ("gateway", desk.daemon.port)):
        desk.provider.reset()
        desk.provider.then(answer)
        reply = raw.exchange(port, desk.request(path, body(model)))
        late[way] = lateness(desk.provider, reply, pieces)
        times = [arrived for arrived, _ in reply.arrivals]
        gaps[way] = [after - before for before, after in itertools.pairwise(times)]
    assert statistics.median(late["gateway"]) - statistics.median(late["direct"]) < PAUSE_S / 2
    assert late["gateway"][0] - late["direct"][0] < 2 * PAUSE_S
    assert statistics.median(gaps["gateway"]) == pytest.approx(statistics.median(gaps["direct"]), abs=PAUSE_S / 2)


def test_the_count_of_an_open_call_is_right_also_when_nothing_more_arrives(desk: Desk) -> None:
    answer = chat.streamed(["ten words of text that arrive all at once, then silence "] * 50)
    desk.provider.then(answer.gated_after(2, "burst").gated_after(51, "end"))
    with raw.RawCall(desk.daemon.port, desk.request(CHAT_PATH, body("gpt"))) as call:
        _, headers = call.head()
        (request_id,) = (value for name, value in headers if name.lower() == REQUEST_ID)
        call.piece_with(answer.pieces[1])
        desk.provider.open("burst")
        until(lambda: 300 < output_so_far(desk, request_id) < 1200, "the whole burst to be counted", 5)
        desk.provider.open("end")
        call.piece_with(chat.DONE)


def output_so_far(desk: Desk, request_id: str) -> int:
    found = [row["output_tokens"] for row in desk.daemon.control.requests(state="open") if row["id"] == request_id]
    return int(found[0]) if found else 0


def test_a_silent_stream_stays_open(desk: Desk) -> None:
    desk.provider.then(chat.streamed(usage="absent").gated_after(2, "thought"))
    with raw.RawCall(desk.daemon.port, desk.request(CHAT_PATH, body("gpt"))) as call:
        call.piece_with(chat.streamed().pieces[1])
        call.quiet_for(1.0)
        desk.provider.open("thought")
        assert call.reply().body == chat.streamed(usage="absent").body


def test_a_client_that_reads_slowly_gets_everything(desk: Desk, project: str) -> None:
    words = ["x" * 60_000] * 40
    desk.provider.then(chat.streamed(words))
    with raw.RawCall(desk.daemon.port, desk.request(CHAT_PATH, body("gpt"), project=project)) as call:
        desk.provider.wait_for(lambda seen: len(seen) == 1, "the call")
        call.piece_with(b"x" * 1000)
        reply = call.reply()
    assert reply.body == chat.streamed(words, usage="absent").body
    desk.assert_billed(reply.header(REQUEST_ID)[0], project, chat.USED)
