"""What counting costs: the price of a call, the reading of a long stream, and how long the event loop stands still.

``python -m benchmarks.counting`` prints the figures. Processor time of one thread is measured, so that other work on
the machine does not count: what a step takes on the event loop is how long every other call has to wait.
"""

import base64
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator

from benchmarks.figures import Figure, table
from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head, Kept
from codevector_daemon.gateway.attempts import FOREIGN_MARKS
from codevector_daemon.metering import estimate
from codevector_daemon.metering.counts import NO_EXTRAS, TokenCounts
from codevector_daemon.metering.prices import PriceBook
from codevector_daemon.metering.tap import Tap

EVENTS = 1_000
TURNS = 15
BODY_BYTES = 4 * 1024 * 1024
MODEL = "claude-sonnet-4-5"
AT = 1_790_000_000_000


def compact(value: object) -> bytes:
    """Return JSON as providers write it."""
    return json.dumps(value, separators=(",", ":")).encode()


def event(value: dict[str, object]) -> bytes:
    """Frame one payload, named by its type where it has one."""
    name = f"event: {value['type']}\n".encode() if "type" in value else b""
    return name + b"data: " + compact(value) + b"\n\n"


def chat(number: int, *, running_total: bool = False) -> bytes:
    """Return one chunk of Chat Completions as OpenAI sends it, or as vLLM does with a running total."""
    usage = {"prompt_tokens": 9, "completion_tokens": number, "total_tokens": 9 + number} if running_total else None
    choice = {"index": 0, "delta": {"content": f" word{number}"}, "logprobs": None, "finish_reason": None}
    head = {"id": "chatcmpl-9", "object": "chat.completion.chunk", "created": 1_764_000_000, "model": "gpt-5.1"}
    return event({**head, "service_tier": "default", "choices": [choice], "usage": usage, "obfuscation": "aBcDe"})


def messages(number: int) -> bytes:
    """Return one delta of the Messages protocol."""
    return event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f" word{number}"}})


def responses(number: int) -> bytes:
    """Return one delta of the Responses protocol."""
    place = {"item_id": "msg_68af4030592c81938ec0a5fbab4a3e9f05438e46", "output_index": 0, "content_index": 0}
    return event({"type": "response.output_text.delta", "sequence_number": number, **place, "delta": f" word{number}"})


def gemini(number: int) -> bytes:
    """Return one chunk of Gemini's protocol."""
    candidate = {"content": {"parts": [{"text": f" word{number}"}], "role": "model"}, "index": 0}
    used = {"promptTokenCount": 9, "candidatesTokenCount": number, "totalTokenCount": 9 + number}
    return event({"candidates": [candidate], "usageMetadata": used, "modelVersion": "gemini-2.5-flash"})


SHAPES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "chat": ("chat", chat),
    "chat with running totals": ("chat", lambda number: chat(number, running_total=True)),
    "messages": ("messages", messages),
    "responses": ("responses", responses),
    "gemini": ("gemini", gemini),
}


def read_stream(dialect: str, events: list[bytes]) -> float:
    """Read a stream through the tap, and return the CPU milliseconds that it took."""
    reader = by_name[dialect].reader(Head("m", stream=True), hide_usage=False, error=False)
    tap = Tap(reader, content_type="text/event-stream", content_encoding=None, hide_usage=False)
    began = time.thread_time()
    for one in events:
        tap.feed(one)
    tap.reading()
    return (time.thread_time() - began) * 1e3


def price_call(book: PriceBook, calls: int = 2_000) -> float:
    """Price calls, each with its card, and return the CPU microseconds for one."""
    counts = TokenCounts(uncached_input=1_200, cache_read=50_000, cache_write_5m=900, output=700, reasoning=300)
    began = time.thread_time()
    for number in range(calls):
        card = book.card("anthropic", MODEL, AT + number, override=None, free=False)
        book.bill(card, counts, NO_EXTRAS, vendor="anthropic", at_ms=AT, service_tier="standard")
    return (time.thread_time() - began) / calls * 1e6


def large_body(**more: object) -> bytes:
    """Return a request of 4 MB in many messages, as a long coding session sends it."""
    said = [
        {"role": "user", "content": "def f(x): return x + 1  # once more\n" * 100} for _ in range(BODY_BYTES // 3_900)
    ]
    return compact({"model": MODEL, "max_tokens": 1_024, "messages": said, **more})


CODE = 'def f(x):\n\treturn {"a": x + 1}  # once more\n'
LARGE = CODE * (BODY_BYTES // len(CODE))
ENCODED = base64.b64encode(bytes(range(256)) * (BODY_BYTES * 3 // 4 // 256)).decode()
USED = {"prompt_tokens": 9, "completion_tokens": 900, "total_tokens": 909}
PIECE = 64 * 1024
"""How much of an answer comes at once."""


def large_answers() -> Iterator[tuple[str, str, bytes, bool]]:
    """Yield answers of 4 MB: a name, the dialect, the bytes, and whether they are a stream."""
    said = {"index": 0, "message": {"role": "assistant", "content": LARGE}, "finish_reason": "stop"}
    whole: dict[str, object] = {"id": "c", "model": MODEL, "choices": [said], "usage": USED}
    yield "chat", "chat", compact(whole), False
    yield "chat without usage", "chat", compact({**whole, "usage": None}), False
    yield "chat in one event", "chat", event(whole) + b"data: [DONE]\n\n", True
    yield "chat in one event after another", "chat", chat(1) + event(whole) + b"data: [DONE]\n\n", True
    text = {"type": "text", "text": LARGE + "message_stop error"}
    counted: dict[str, object] = {"id": "m", "content": [text], "usage": {"input_tokens": 3, "output_tokens": 4}}
    yield "messages", "messages", compact(counted), False
    start = event({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 3}}})
    delta = event({"type": "content_block_delta", "delta": {"type": "text_delta", "text": text["text"]}})
    end = event({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 5}}) + event({"type": "message_stop"})
    yield "messages in one event", "messages", start + delta + end, True
    search = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}}
    message = {"type": "message", "content": [{"type": "output_text", "text": LARGE}]}
    response: dict[str, object] = {"id": "r", "status": "completed", "output": [message, search]}
    response["usage"] = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    yield "responses", "responses", compact(response), False
    yield "responses in its last event", "responses", event({"type": "response.completed", "response": response}), True
    partial = event({"type": "response.image_generation_call.partial_image", "partial_image_b64": ENCODED})
    yield "responses with a picture", "responses", partial * 2, True
    generated = {"content": {"parts": [{"text": LARGE}]}, "finishReason": "STOP"}
    answer: dict[str, object] = {"candidates": [generated], "usageMetadata": {"promptTokenCount": 3}}
    yield "gemini", "gemini", compact(answer), False
    yield "gemini in one event", "gemini", event(answer), True
    yield (
        "gemini in one element of an array",
        "gemini",
        b"[" + compact(answer) + b"\n,\n" + compact(answer) + b"]",
        True,
    )
    vectors = [{"index": place, "embedding": [-0.0069 + place * 1e-5] * 1_536} for place in range(230)]
    yield "embeddings", "embeddings", compact({"data": vectors, "usage": {"prompt_tokens": 3}}), False


def longest_step(dialect: str, answer: bytes, *, streamed: bool) -> float:
    """Read an answer as it comes in pieces, and return the CPU milliseconds of the longest step."""
    array = streamed and answer.startswith(b"[")
    kind = "text/event-stream" if streamed and not array else "application/json"
    reader = by_name[dialect].reader(Head(MODEL, stream=streamed), hide_usage=False, error=False)
    tap = Tap(reader, content_type=kind, content_encoding=None, hide_usage=False, array=array)
    steps = [lambda at=at: tap.feed(answer[at : at + PIECE]) for at in range(0, len(answer), PIECE)]
    return max(spent(step) for step in [*steps, lambda: settled(tap), tap.release])


def settled(tap: Tap) -> None:
    """Do what the relay does with an answer that is over."""
    for _ in range(3):
        tap.reading()
    tap.progress()
    tap.so_far()


def spent(step: Callable[[], object]) -> float:
    """Return the CPU milliseconds of a step."""
    began = time.thread_time()
    step()
    return (time.thread_time() - began) * 1e3


def kept_of(dialect: str, answer: bytes) -> Kept:
    """Return what is kept of an answer for an estimate."""
    reader = by_name[dialect].reader(Head(MODEL), hide_usage=False, error=False)
    reader.body(answer)
    return reader.kept()


def beside_the_loop(work: Callable[[], object]) -> float:
    """Run work in a thread, and return the CPU milliseconds in which that thread can have kept the loop waiting."""
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(spent(work)))
    thread.start()
    thread.join()
    return found[0]


def on_the_loop(body: bytes, name: str = "messages") -> float:
    """Do what a call does to its body on the event loop, and return the CPU milliseconds of the longest step."""
    dialect = by_name[name]
    found: list[Head] = []

    def enter() -> None:
        found.append(dialect.head(body))
        estimate.quick_input(body)

    def edit() -> None:
        dialect.outgoing(body, found[0], "claude-upstream", ask_usage=True)

    def look() -> None:
        assert all(body.rfind(mark) < 0 for mark in FOREIGN_MARKS)

    return max(spent(step) for step in (enter, edit, look))


def measured() -> Iterator[Figure]:
    """Measure everything, figure by figure."""
    book = PriceBook.open(None)
    price_call(book, 10)
    yield Figure("pricing a call", min(price_call(book) for _ in range(TURNS)), "µs", "< 15 µs")
    for name, (dialect, make) in SHAPES.items():
        events = [make(number) for number in range(EVENTS)]
        times = [read_stream(dialect, events) for _ in range(TURNS)]
        yield Figure(f"reading {EVENTS:,} events, {name}", statistics.median(times), "ms", "< 5 ms")
    body = large_body()
    for name, sent in (("messages", body), ("chat", large_body(stream=True))):
        longest = min(on_the_loop(sent, name) for _ in range(TURNS))
        yield Figure(f"a request of 4 MB, {name}, longest step", longest, "ms", "< 5 ms")
    for name, dialect, answer, streamed in large_answers():
        longest = min(longest_step(dialect, answer, streamed=streamed) for _ in range(TURNS))
        yield Figure(f"4 MB, {name}, longest step", longest, "ms", "< 5 ms")
    estimate.output_tokens("started", MODEL)
    asked = min(beside_the_loop(lambda: estimate.input_tokens(by_name["messages"], body, MODEL)) for _ in range(3))
    yield Figure("estimating a request of 4 MB, in the thread", asked, "ms")
    for name, dialect, answer, _ in large_answers():
        if name == "chat without usage":
            kept = kept_of(dialect, answer)
            said = min(beside_the_loop(lambda: estimate.output_tokens(kept, MODEL)) for _ in range(3))  # noqa: B023 - called at once
            yield Figure("estimating an answer of 4 MB, in the thread", said, "ms")


if __name__ == "__main__":
    sys.stdout.write(table(list(measured())) + "\n")
