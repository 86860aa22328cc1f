"""A provider that answers at once, in a process of its own, so that what is measured is the gateway.

``python -m benchmarks.upstream`` prints its port. A streamed answer carries the time of its sending in every event.
"""

import asyncio
import contextlib
import json
import re
import sys
import time

USAGE = {"prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100}
TEXT = "A plain answer of a believable size. " * 12
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PACE = re.compile(rb'"pace_ms": *(\d+)')
CHUNKS = re.compile(rb'"chunks": *(\d+)')


def plain() -> bytes:
    """Return the whole answer to a call that is not streamed."""
    message = {"role": "assistant", "content": TEXT}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "model": "fast", "usage": USAGE}
    data = json.dumps({**body, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
    return HEAD % (b"application/json", b"Content-Length: %d" % len(data)) + data


PLAIN = plain()


def framed(data: bytes) -> bytes:
    """Return one chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(**fields: object) -> bytes:
    """Return one event with the time of its sending, as one chunk."""
    stamped = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "stamp": time.monotonic_ns(), **fields}
    return framed(b"data: " + json.dumps(stamped).encode() + b"\n\n")


def word() -> bytes:
    """Return one event with a word."""
    return event(choices=[{"index": 0, "delta": {"content": "seven letters "}, "finish_reason": None}])


async def stream(writer: asyncio.StreamWriter, body: bytes) -> None:
    """Answer with a paced stream, as the request's own fields say."""
    pace, chunks = PACE.search(body), CHUNKS.search(body)
    pace_s = int(pace[1]) / 1000 if pace else 0.0
    writer.write(HEAD % (b"text/event-stream", b"Transfer-Encoding: chunked"))
    for _ in range(int(chunks[1]) if chunks else 10):
        writer.write(word())
        await asyncio.sleep(pace_s)
    end = framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    writer.write(event(choices=[], usage=USAGE) + end)


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer call after call on one connection."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            if b'"stream": true' in body:
                await stream(writer, body)
            else:
                writer.write(PLAIN)
            await writer.drain()
    writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(converse, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
