"""OpenAI Chat Completions as the scripted provider speaks it.

Wire shapes as in OpenAI's API reference; the odd spacing, order and unknown fields are there so that an answer that was
parsed and written again cannot pass for the original.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal

from support.counts import NOTHING, Counts
from support.script import Answer, Headers, Send

Usage = Literal["present", "null", "absent"]

HEADERS: Headers = (
    ("Content-Type", "application/json"),
    ("x-request-id", "req_7f3c"),
    ("openai-processing-ms", "41"),
    ("x-ratelimit-remaining-requests", "4999"),
    ("set-cookie", "__cf_bm=one; path=/"),
    ("set-cookie", "_cfuvid=two; path=/"),
)
STREAM_HEADERS: Headers = (("Content-Type", "text/event-stream; charset=utf-8"), *HEADERS[1:])
WORDS = ("Hel", "lo, ", "wörld ", "✓", "!")
USED = Counts(uncached_input=31, cache_read=64, output=17, reasoning=5)
DONE = b"data: [DONE]\n\n"


def usage_block(counts: Counts) -> dict[str, Any]:
    """Return the usage block that reports these counts."""
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {
            "cached_tokens": counts.cache_read,
            "cache_write_tokens": counts.cache_write_5m,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning, "audio_tokens": 0},
    }


def _with_usage(body: dict[str, Any], counts: Counts, usage: Usage) -> dict[str, Any]:
    if usage == "absent":
        return body
    return {**body, "usage": usage_block(counts) if usage == "present" else None}


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(" ,", ":  ")).encode()


def plain(
    text: str = "".join(WORDS), said: Counts = USED, *, usage: Usage = "present", model: str = "upstream-gpt"
) -> Answer:
    """Return a whole answer."""
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    return _whole(message, "stop", said, usage, model)


def tool_call(said: Counts = USED) -> Answer:
    """Return a whole answer that calls a tool."""
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}
    return _whole({"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls", said, "present", "m")


def _whole(message: dict[str, Any], reason: str, said: Counts, usage: Usage, model: str) -> Answer:
    body: dict[str, Any] = {
        "x_unknown": {"kept": [1, 2.50, "\u2028"]},
        "id": "chatcmpl-9",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
    }
    steps = (Send(_dump(_with_usage(body, said, usage)) + b"\n"),)
    return Answer(steps, headers=HEADERS, said=said if usage == "present" else NOTHING)


def event(choices: list[dict[str, Any]], **more: object) -> bytes:
    """Return one event of a stream."""
    head = {"id": "chatcmpl-9", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": "upstream-gpt"}
    return b"data: " + _dump({**head, "choices": choices, **more}) + b"\n\n"


def delta(content: dict[str, Any], reason: str | None = None, **more: object) -> bytes:
    """Return one event that adds to the only choice."""
    return event([{"index": 0, "delta": content, "logprobs": None, "finish_reason": reason}], **more)


def usage_event(said: Counts) -> bytes:
    """Return the extra event that comes only where ``include_usage`` was asked."""
    return event([], usage=usage_block(said))


def streamed(
    words: Sequence[str] = WORDS, said: Counts = USED, *, usage: Usage = "present", obfuscated: bool = True
) -> Answer:
    """Return a streamed answer, one piece per event; ``usage`` says whether the extra usage event comes."""
    more = {"obfuscation": "aBc"} if obfuscated else {}
    events = [delta({"role": "assistant", "content": ""}, usage=None)]
    events += [delta({"content": word}, usage=None, **more) for word in words]
    return _stream([*events, delta({}, "stop", usage=None)], said, usage)


def streamed_tool_call(said: Counts = USED) -> Answer:
    """Return a streamed answer that calls a tool, its arguments in pieces."""
    function = {"name": "weather", "arguments": ""}
    first = {"index": 0, "id": "call_1", "type": "function", "function": function}
    events = [delta({"role": "assistant", "content": None, "tool_calls": [first]})]
    pieces = ('{"ci', 'ty": ', '"Köln"}')
    events += [delta({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}) for piece in pieces]
    return _stream([*events, delta({}, "tool_calls")], said, "present")


def _stream(events: list[bytes], said: Counts, usage: Usage) -> Answer:
    if usage == "present":
        events.append(usage_event(said))
    steps = tuple(Send(one) for one in (*events, DONE))
    return Answer(steps, headers=STREAM_HEADERS, framing="chunked", said=said if usage == "present" else NOTHING)


def error(status: int, kind: str = "invalid_request_error", code: str | None = None, *more: tuple[str, str]) -> Answer:
    """Return an error as OpenAI words it, with its own odd spelling to tell it from one of ours."""
    body = {"error": {"message": f"upstream says {status} — naïve", "type": kind, "param": None, "code": code}}
    return Answer((Send(_dump(body)),), status=status, headers=(*HEADERS, *more))


def error_after_200() -> Answer:
    """Return a stream that begins well, then reports an error and ends cleanly."""
    failure = {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
    events = [delta({"role": "assistant", "content": "Hel"}), b"data: " + _dump(failure) + b"\n\n", DONE]
    return Answer(tuple(Send(one) for one in events), headers=STREAM_HEADERS, framing="chunked")


def models(*slugs: str) -> Answer:
    """Return a model list."""
    rows = [{"id": slug, "object": "model", "created": 1_760_000_000, "owned_by": "scripted"} for slug in slugs]
    return Answer((Send(_dump({"object": "list", "data": rows})),), headers=HEADERS)
