"""OpenAI Responses as the scripted provider speaks it: made, run in the background, retrieved (OpenAI's reference)."""

import json
from typing import Any, Literal

from support.chat import HEADERS, STREAM_HEADERS
from support.counts import Counts
from support.script import Answer, Send

Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]
USED = Counts(uncached_input=31, cache_read=64, output=17, reasoning=5)
PATH = "/gateway/openai/v1/responses"


def usage_block(counts: Counts) -> dict[str, Any]:
    """Return the usage block that reports these counts."""
    return {
        "input_tokens": counts.input,
        "input_tokens_details": {"cached_tokens": counts.cache_read},
        "output_tokens": counts.output,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": counts.input + counts.output,
    }


def response(
    response_id: str, status: Status = "completed", used: Counts | None = None, **more: object
) -> dict[str, Any]:
    """Return a response object; without ``used`` its usage is null."""
    text = {"type": "output_text", "text": "Hello, wörld ✓", "annotations": []}
    message = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [text]}
    return {
        "x_unknown": [1, 2.50],
        "id": response_id,
        "object": "response",
        "created_at": 1_760_000_000,
        "status": status,
        "background": status in {"queued", "in_progress"},
        "error": {"code": "server_error", "message": "it broke"} if status == "failed" else None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "upstream-gpt",
        "output": [message] if status in {"completed", "incomplete"} else [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage_block(used) if used is not None else None,
        **more,
    }


def whole(response_id: str, status: Status = "completed", used: Counts | None = None, **more: object) -> Answer:
    """Return an answer that is one response."""
    return body(response(response_id, status, used, **more))


def body(value: object) -> Answer:
    """Return any JSON as an answer."""
    return Answer((Send(_dump(value) + b"\n"),), headers=HEADERS)


def streamed(response_id: str, used: Counts = USED, *, first: int = 0) -> Answer:
    """Return the stream of a response, from the event numbered ``first`` on."""
    begun = response(response_id, "in_progress")
    delta = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "Hello", "logprobs": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_text.delta", **delta},
        {"type": "response.output_text.delta", **delta, "delta": ", wörld ✓"},
        {"type": "response.completed", "response": response(response_id, "completed", used)},
    ]
    steps = [Send(_event({**event, "sequence_number": number})) for number, event in enumerate(events)][first:]
    return Answer(tuple(steps), headers=STREAM_HEADERS, framing="chunked")


def _event(value: dict[str, Any]) -> bytes:
    return b"event: " + value["type"].encode() + b"\ndata: " + _dump(value) + b"\n\n"


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(" ,", ":  ")).encode()
