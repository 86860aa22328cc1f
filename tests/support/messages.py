"""Anthropic Messages as the scripted provider speaks it: wire shapes as in Anthropic's API reference."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from support.counts import NOTHING, Counts
from support.script import Answer, Headers, Send

Usage = Literal["present", "null", "absent"]

HEADERS: Headers = (
    ("Content-Type", "application/json"),
    ("request-id", "req_011C"),
    ("anthropic-organization-id", "org-1"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("set-cookie", "a=1; path=/"),
    ("set-cookie", "b=2; path=/"),
)
STREAM_HEADERS: Headers = (("Content-Type", "text/event-stream; charset=utf-8"), *HEADERS[1:])
WORDS = ("Grüß ", "Gott", ", ", "✓", "!")
USED = Counts(uncached_input=23, cache_read=512, cache_write_5m=40, cache_write_1h=16, output=29)
PLACEHOLDER_OUTPUT = 1
"""What ``message_start`` reports as output before there is any."""


def usage_block(counts: Counts) -> dict[str, Any]:
    """Return the usage block that reports these counts."""
    return {
        "input_tokens": counts.uncached_input,
        "cache_creation_input_tokens": counts.cache_write_5m + counts.cache_write_1h,
        "cache_read_input_tokens": counts.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write_5m,
            "ephemeral_1h_input_tokens": counts.cache_write_1h,
        },
        "output_tokens": counts.output,
        "service_tier": "standard",
    }


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(", ", " :")).encode()


def message(content: list[dict[str, Any]], reason: str | None, usage: object) -> dict[str, Any]:
    """Return a message object, the usage block left out where it is absent."""
    body: dict[str, Any] = {
        "model": "claude-upstream",
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "content": content,
        "x_unknown": {"kept": 1.50},
        "stop_reason": reason,
        "stop_sequence": None,
    }
    return body if usage == "absent" else {**body, "usage": usage}


def plain(text: str = "".join(WORDS), said: Counts = USED, *, usage: Usage = "present") -> Answer:
    """Return a whole answer."""
    return _whole([{"type": "text", "text": text}], "end_turn", said, usage)


def tool_call(said: Counts = USED) -> Answer:
    """Return a whole answer that calls a tool."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Köln"}}
    return _whole([call], "tool_use", said, "present")


def _whole(content: list[dict[str, Any]], reason: str, said: Counts, usage: Usage) -> Answer:
    block = {"present": usage_block(said), "null": None, "absent": "absent"}[usage]
    steps = (Send(_dump(message(content, reason, block))),)
    return Answer(steps, headers=HEADERS, said=said if usage == "present" else NOTHING)


def event(name: str, **data: object) -> bytes:
    """Return one event of a stream."""
    return f"event: {name}\ndata: ".encode() + _dump({"type": name, **data}) + b"\n\n"


def start(said: Counts) -> bytes:
    """Return the first event: the input as reported, the output a placeholder."""
    usage = {**usage_block(said), "output_tokens": PLACEHOLDER_OUTPUT}
    return event("message_start", message=message([], None, usage))


def streamed(words: Sequence[str] = WORDS, said: Counts = USED) -> Answer:
    """Return a streamed answer, one piece per event."""
    pieces = [{"type": "text_delta", "text": word} for word in words]
    return _stream({"type": "text", "text": ""}, pieces, "end_turn", said)


def streamed_tool_call(said: Counts = USED) -> Answer:
    """Return a streamed answer that calls a tool, its arguments in pieces."""
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"ci', 'ty": ', '"Köln"}')]
    return _stream({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}, pieces, "tool_use", said)


def _stream(block: dict[str, Any], pieces: list[dict[str, str]], reason: str, said: Counts) -> Answer:
    events = [start(said), event("content_block_start", index=0, content_block=block), event("ping")]
    events += [event("content_block_delta", index=0, delta=piece) for piece in pieces]
    final = event(
        "message_delta",
        delta={"stop_reason": reason, "stop_sequence": None},
        usage={"output_tokens": said.output},
    )
    events += [event("content_block_stop", index=0), final, event("message_stop")]
    return Answer(tuple(Send(one) for one in events), headers=STREAM_HEADERS, framing="chunked", said=said)


def error(status: int, kind: str = "invalid_request_error", *more: tuple[str, str]) -> Answer:
    """Return an error as Anthropic words it."""
    body = {"type": "error", "error": {"type": kind, "message": f"upstream says {status} — naïve"}, "request_id": "r1"}
    return Answer((Send(_dump(body)),), status=status, headers=(*HEADERS, *more))


def error_after_200(said: Counts = USED) -> Answer:
    """Return a stream that begins well and then ends with an error event."""
    failure = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    events = [start(said), event("content_block_start", index=0, content_block={"type": "text", "text": ""}), failure]
    return Answer(tuple(Send(one) for one in events), headers=STREAM_HEADERS, framing="chunked")


def token_count(tokens: int) -> Answer:
    """Return the answer to a ``count_tokens`` call."""
    return Answer((Send(_dump({"input_tokens": tokens})),), headers=HEADERS)
