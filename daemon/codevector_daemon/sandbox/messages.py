"""The sandbox in the shape of Anthropic's Messages (docs.anthropic.com/en/api/messages, …/messages-streaming)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.sandbox.models import SANDBOX_MODELS
from codevector_daemon.sandbox.prompt import Prompt, read_prompt
from codevector_daemon.sandbox.reply import ToolCall
from codevector_daemon.sandbox.shape import Event, Told, json

_STOP = {"end": "end_turn", "length": "max_tokens", "tool": "tool_use"}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_SERVER_ERROR = "api_error"
_RELEASED = "2026-01-01T00:00:00Z"


class MessagesShape:
    """Messages, plain and streamed."""

    def read(self, body: bytes, *, counting: bool) -> Prompt:
        """Read a request; raises BadPrompt."""
        return read_prompt(body, needs_limit=not counting)

    def whole(self, told: Told) -> bytes:
        """Return an answer that is not streamed."""
        reply = told.reply
        content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.pieces else []
        if reply.tool is not None:
            content.append(_tool_use(reply.tool, told.number, msgspec.json.decode(reply.tool.json)))
        message = _message(told, content, _usage(reply.counts))
        return json({**message, "stop_reason": _STOP[reply.stop]})

    def events(self, told: Told) -> Iterator[Event]:
        """Yield a streamed answer."""
        reply = told.reply
        placeholder = {**_usage(reply.counts), "output_tokens": 1}
        yield _event({"type": "message_start", "message": _message(told, [], placeholder)}, reply.counts.reasoning)
        yield _event({"type": "ping"})
        index = 0
        if reply.pieces:
            yield from _block(index, {"type": "text", "text": ""}, "text_delta", "text", reply.pieces)
            index += 1
        if reply.tool is not None:
            start = _tool_use(reply.tool, told.number, {})
            yield from _block(index, start, "input_json_delta", "partial_json", reply.tool.json_pieces)
        delta = {"stop_reason": _STOP[reply.stop], "stop_sequence": None}
        yield _event({"type": "message_delta", "delta": delta, "usage": _usage(reply.counts)})
        yield _event({"type": "message_stop"})

    def count(self, prompt: Prompt) -> bytes:
        """Return the answer to ``count_tokens``."""
        return json({"input_tokens": prompt.input_tokens})

    def error(self, status: int, message: str, number: int) -> bytes:
        """Return an error's body."""
        return json(_failure(status, message, number))

    def error_event(self, message: str, number: int) -> bytes:
        """Return the event of an error in the middle of a stream."""
        return b"event: error\ndata: %b\n\n" % json(_failure(529, message, number))

    def models(self, created_s: int) -> bytes:  # noqa: ARG002 - this vendor states days of release
        """Return the list of models."""
        rows = [
            {"type": "model", "id": model.name, "display_name": model.display_name, "created_at": _RELEASED}
            for model in SANDBOX_MODELS
        ]
        return json({"data": rows, "has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]})


def _message(told: Told, content: list[dict[str, Any]], usage: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_sandbox{told.number:012x}",
        "type": "message",
        "role": "assistant",
        "model": told.prompt.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _block(index: int, start: dict[str, Any], kind: str, field: str, pieces: tuple[str, ...]) -> Iterator[Event]:
    yield _event({"type": "content_block_start", "index": index, "content_block": start})
    for piece in pieces:
        yield _event({"type": "content_block_delta", "index": index, "delta": {"type": kind, field: piece}}, tokens=1)
    yield _event({"type": "content_block_stop", "index": index})


def _tool_use(tool: ToolCall, number: int, value: object) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_sandbox{number:012x}", "name": tool.name, "input": value}


def _event(value: dict[str, Any], tokens: int = 0) -> Event:
    return Event(b"event: %b\ndata: %b\n\n" % (value["type"].encode(), json(value)), tokens)


def _failure(status: int, message: str, number: int) -> dict[str, Any]:
    error = {"type": _KINDS.get(status, _SERVER_ERROR), "message": message}
    return {"type": "error", "error": error, "request_id": f"req_sandbox{number:012x}"}


def _usage(counts: TokenCounts) -> dict[str, Any]:
    return {
        "input_tokens": counts.uncached_input,
        "cache_creation_input_tokens": counts.cache_write_5m,
        "cache_read_input_tokens": counts.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write_5m,
            "ephemeral_1h_input_tokens": counts.cache_write_1h,
        },
        "output_tokens": counts.output,
        "service_tier": "standard",
    }
