"""Clients that go on calling while a daemon is killed, stopped and started, and remember what they saw of each call."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from support import chat, messages, raw
from support.desk import CHAT_PATH, MESSAGES_PATH, REQUEST_ID, Desk
from support.provider import ScriptedProvider
from support.script import Answer, Pause

CLIENTS = 6
SLOW_S = 0.15


@dataclass(slots=True)
class Witness:
    """What the clients saw; every set is of request ids."""

    headed: set[str] = field(default_factory=set)
    """The head of an answer came."""
    ended: set[str] = field(default_factory=set)
    """The whole answer came."""
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def saw(self, request_id: str, *, ended: bool) -> None:
        """Take note of an answer of status 200."""
        with self.lock:
            self.headed.add(request_id)
            if ended:
                self.ended.add(request_id)


def rehearse(provider: ScriptedProvider) -> None:
    """Script the answers that the crowd asks for."""
    provider.when("quick-stream", chat.streamed())
    provider.when("quick-plain", chat.plain())
    provider.when("slow-stream", slowly(chat.streamed()))
    provider.when("quick-message", messages.streamed())


def slowly(answer: Answer) -> Answer:
    """Return an answer with a pause before each of its last three pieces."""
    *first, third, second, last = answer.steps
    pauses = (third, Pause(SLOW_S), second, Pause(SLOW_S), last)
    return Answer((*first, *pauses), answer.status, answer.headers, answer.framing, answer.before, answer.said)


@contextmanager
def crowd(desk: Desk, witness: Witness, *, clients: int = CLIENTS) -> Iterator[None]:
    """Keep so many clients calling until the block is left; they bear any failure and call again."""
    leaving = threading.Event()
    threads = [
        threading.Thread(target=_call_on, args=(desk, witness, leaving, random.Random(number)))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        leaving.set()
        for thread in threads:
            thread.join(30)


def _call_on(desk: Desk, witness: Witness, leaving: threading.Event, chance: random.Random) -> None:
    while not leaving.is_set():
        port = desk.daemon.port
        try:
            _call(desk, witness, chance, port)
        except (OSError, AssertionError):
            witness.refused += 1
            leaving.wait(0.02)


def _call(desk: Desk, witness: Witness, chance: random.Random, port: int) -> None:
    kind = chance.choice(["quick-stream", "quick-stream", "quick-plain", "slow-stream", "quick-message"])
    project = f"crowd-{chance.randrange(4)}"
    if kind == "quick-message":
        body = b'{"model": "sonnet", "stream": true, "max_tokens": 9, "messages": [{"role": "user", "content": "%s"}]}'
        data = desk.request(MESSAGES_PATH, body % kind.encode(), project=project)
    else:
        stream = b"false" if kind == "quick-plain" else b"true"
        body = b'{"model": "gpt", "stream": %s, "messages": [{"role": "user", "content": "%s"}]}'
        data = desk.request(CHAT_PATH, body % (stream, kind.encode()), project=project)
    with raw.RawCall(port, data, limit_s=30) as call:
        status, headers = call.head()
        ids = [value for name, value in headers if name.lower() == REQUEST_ID]
        if status != 200 or not ids:
            raise AssertionError(f"refused with {status}")
        witness.saw(ids[0], ended=False)
        with suppress(OSError):
            if _is_whole(call.reply(), kind):
                witness.saw(ids[0], ended=True)


def _is_whole(reply: raw.Reply, kind: str) -> bool:
    """Tell whether the client saw the end: the last event of a stream is enough for it."""
    if kind == "quick-plain":
        return reply.complete
    return (b"message_stop" if kind == "quick-message" else chat.DONE) in reply.body
