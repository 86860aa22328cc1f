"""A streamed answer arrives in the pace it was sent. Gates prove that nothing waits for what comes after it."""

import itertools
import json
import statistics

import pytest

from support import chat, messages, raw
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
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


def arrivals_of(reply: raw.Reply, pieces: list[bytes]) -> list[float]:
    """Return when each piece had arrived whole, however the network joined or cut them."""
    ends = itertools.accumulate(len(piece) for piece in pieces)
    seen = list(zip(itertools.accumulate(len(data) for _, data in reply.arrivals), reply.arrivals, strict=True))
    return [next(at for size, (at, _) in seen if size >= end) for end in ends]


def measure(desk: Desk, port: int, data: bytes, answer: Answer) -> tuple[list[float], list[float]]:
    """Call once and return for each piece how late it arrived, and the gaps between arrivals."""
    desk.provider.reset()
    desk.provider.then(answer)
    times = arrivals_of(raw.exchange(port, data), answer.pieces)
    late = [at - sent for sent, at in zip(desk.provider.only().sent, times, strict=True)]
    return late, [after - before for before, after in itertools.pairwise(times)]


@ROUTES
def test_the_pace_is_that_of_a_direct_call(desk: Desk, path: str, model: str, answer: Answer) -> None:
    data = desk.request(path, body(model))
    rounds = [
        [measure(desk, port, data, answer.paced(PAUSE_S)) for port in (desk.provider.port, desk.daemon.port)]
        for _ in range(2)
    ]
    added = [statistics.median(gateway[0]) - statistics.median(direct[0]) for direct, gateway in rounds]
    first = [gateway[0][0] - direct[0][0] for direct, gateway in rounds]
    gaps = [abs(statistics.median(gateway[1]) - statistics.median(direct[1])) for direct, gateway in rounds]
    assert min(added) < PAUSE_S / 2
    assert min(first) < PAUSE_S
    assert min(gaps) < PAUSE_S / 2


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
