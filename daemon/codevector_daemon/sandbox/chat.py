"""The sandbox in the shape of OpenAI's Chat Completions (platform.openai.com/docs/api-reference/chat)."""

from collections.abc import Iterator
from typing import Any

from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.sandbox.models import SANDBOX_MODELS
from codevector_daemon.sandbox.prompt import Prompt, read_prompt
from codevector_daemon.sandbox.reply import ToolCall
from codevector_daemon.sandbox.shape import Event, Told, json

_FINISH = {"end": "stop", "length": "length", "tool": "tool_calls"}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_SERVER_ERROR = "server_error"


class ChatShape:
    """Chat Completions, plain and streamed."""

    def read(self, body: bytes, *, counting: bool) -> Prompt:  # noqa: ARG002 - this vendor has no counting call
        """Read a request; raises BadPrompt."""
        return read_prompt(body, needs_limit=False)

    def whole(self, told: Told) -> bytes:
        """Return an answer that is not streamed."""
        reply = told.reply
        message: dict[str, Any] = {
            "role": "assistant",
            "content": reply.text or None,
            "refusal": None,
            "annotations": [],
        }
        if reply.tool is not None:
            message["tool_calls"] = [_tool_call(reply.tool, told.number)]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISH[reply.stop]}
        return json({**_head(told, "chat.completion"), "choices": [choice], "usage": _usage(reply.counts)})

    def events(self, told: Told) -> Iterator[Event]:
        """Yield a streamed answer, with the usage event where it was asked for."""
        reply = told.reply
        yield _delta(told, {"role": "assistant", "content": "", "refusal": None}, tokens=reply.counts.reasoning)
        for piece in reply.pieces:
            yield _delta(told, {"content": piece}, tokens=1)
        if reply.tool is not None:
            yield from _tool_deltas(told, reply.tool)
        yield _delta(told, {}, finish=_FINISH[reply.stop])
        if told.prompt.include_usage:
            yield _event({**_head(told, "chat.completion.chunk"), "choices": [], "usage": _usage(reply.counts)})
        yield Event(b"data: [DONE]\n\n")

    def error(self, status: int, message: str, number: int) -> bytes:  # noqa: ARG002 - ids are the other vendor's way
        """Return an error's body."""
        kind = _KINDS.get(status, _SERVER_ERROR)
        return json({"error": {"message": message, "type": kind, "param": None, "code": None}})

    def error_event(self, message: str, number: int) -> bytes:
        """Return the event of an error in the middle of a stream."""
        return b"data: %b\n\n" % self.error(500, message, number)

    def models(self, created_s: int) -> bytes:
        """Return the list of models."""
        rows = [
            {"id": model.name, "object": "model", "created": created_s, "owned_by": "sandbox"}
            for model in SANDBOX_MODELS
        ]
        return json({"object": "list", "data": rows})


def _head(told: Told, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-sandbox{told.number:012x}",
        "object": kind,
        "created": told.created_s,
        "model": told.prompt.model,
        "service_tier": "default",
        "system_fingerprint": "fp_sandbox",
    }


def _delta(told: Told, delta: dict[str, Any], *, finish: str | None = None, tokens: int = 0) -> Event:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk: dict[str, Any] = {**_head(told, "chat.completion.chunk"), "choices": [choice]}
    if told.prompt.include_usage:
        chunk["usage"] = None
    return _event(chunk, tokens)


def _tool_deltas(told: Told, tool: ToolCall) -> Iterator[Event]:
    first = _tool_call(ToolCall(tool.name, ()), told.number)
    yield _delta(told, {"tool_calls": [{"index": 0, **first}]})
    for piece in tool.json_pieces:
        yield _delta(told, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, tokens=1)


def _tool_call(tool: ToolCall, number: int) -> dict[str, Any]:
    function = {"name": tool.name, "arguments": tool.json}
    return {"id": f"call_sandbox{number:012x}", "type": "function", "function": function}


def _event(value: dict[str, Any], tokens: int = 0) -> Event:
    return Event(b"data: %b\n\n" % json(value), tokens)


def _usage(counts: TokenCounts) -> dict[str, Any]:
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {
            "cached_tokens": counts.cache_read,
            "cache_write_tokens": counts.cache_write_5m,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
