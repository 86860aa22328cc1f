"""What counting costs: the price of a call, the reading of a long stream, and how long the event loop stands still.

``python -m benchmarks.counting`` prints the figures; CPU time is measured where other work must not disturb.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.figures import Figure, table
from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head
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
    began = time.process_time()
    for one in events:
        tap.feed(one)
    tap.reading()
    return (time.process_time() - began) * 1e3


def price_call(book: PriceBook, calls: int = 2_000) -> float:
    """Price calls, each with its card, and return the CPU microseconds for one."""
    counts = TokenCounts(uncached_input=1_200, cache_read=50_000, cache_write_5m=900, output=700, reasoning=300)
    began = time.process_time()
    for number in range(calls):
        card = book.card("anthropic", MODEL, AT + number, override=None, free=False)
        book.bill(card, counts, NO_EXTRAS, vendor="anthropic", at_ms=AT, service_tier="standard")
    return (time.process_time() - began) / calls * 1e6


def large_body() -> bytes:
    """Return a request of 4 MB in many messages, as a long coding session sends it."""
    said = [
        {"role": "user", "content": "def f(x): return x + 1  # once more\n" * 100} for _ in range(BODY_BYTES // 3_900)
    ]
    return compact({"model": MODEL, "max_tokens": 1_024, "messages": said})


async def standing_still(work: Callable[[], object]) -> float:
    """Run work in a thread, and return the longest time in milliseconds in which the event loop did not turn."""
    longest, done = 0.0, asyncio.get_running_loop().run_in_executor(None, work)
    while not done.done():
        began = time.perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, time.perf_counter() - began)
    await done
    return longest * 1e3


def on_the_loop(body: bytes) -> float:
    """Do what a call does to its body on the event loop, and return the CPU milliseconds."""
    dialect = by_name["messages"]
    began = time.process_time()
    head = dialect.head(body)
    dialect.outgoing(body, head, "claude-upstream", ask_usage=False)
    estimate.quick_input(body)
    return (time.process_time() - began) * 1e3


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
    yield Figure("a body of 4 MB, on the loop", min(on_the_loop(body) for _ in range(TURNS)), "ms", "< 5 ms")
    estimate.output_tokens("started", MODEL)
    yield Figure("the loop stands still longer while 4 MB are estimated", stood_still(body), "ms", "< 5 ms")


def stood_still(body: bytes) -> float:
    """Return by how much longer the loop stands still than beside a thread that sleeps: what the system itself does."""
    idle = [asyncio.run(standing_still(lambda: time.sleep(0.5))) for _ in range(7)]
    busy = [
        asyncio.run(standing_still(lambda: estimate.input_tokens(by_name["messages"], body, MODEL))) for _ in range(7)
    ]
    return max(0.0, statistics.median(busy) - statistics.median(idle))


if __name__ == "__main__":
    sys.stdout.write(table(list(measured())) + "\n")
