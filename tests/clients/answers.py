"""What the scripted provider says to a tool: a text, or the call of one of the tool's own tools, in each dialect."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from support import chat, messages
from support.counts import Counts
from support.script import Answer, Send

Dialect = Literal["chat", "messages", "responses", "gemini"]
CALL_ID = "call_c0dev3ct0r"
SSE = (("Content-Type", "text/event-stream"),)
RESPONSE_USED = Counts(uncached_input=37, cache_read=128, output=19, reasoning=7)
GEMINI_USED = Counts(uncached_input=41, cache_read=256, output=23, reasoning=9)


def text(dialect: Dialect, words: str) -> Answer:
    """Return a streamed text."""
    return TEXTS[dialect](words)


def tool_call(dialect: Dialect, name: str, arguments: Mapping[str, object]) -> Answer:
    """Return a streamed tool call."""
    return CALLS[dialect](name, dict(arguments))


def refusal(dialect: Dialect, words: str) -> Answer:
    """Return an error of the request's own, which no tool tries again."""
    return Answer((Send(json.dumps(ERRORS[dialect](words)).encode()),), status=400)


def _pieces(words: str) -> list[str]:
    return [words[at : at + 7] for at in range(0, len(words), 7)]


def _chat_call(name: str, arguments: dict[str, Any]) -> Answer:
    first = {"index": 0, "id": CALL_ID, "type": "function", "function": {"name": name, "arguments": ""}}
    events = [chat.delta({"role": "assistant", "content": None, "tool_calls": [first]})]
    parts = [{"index": 0, "function": {"arguments": piece}} for piece in _pieces(json.dumps(arguments))]
    events += [chat.delta({"tool_calls": [part]}) for part in parts]
    events += [chat.delta({}, "tool_calls"), chat.usage_event(chat.USED), chat.DONE]
    return _stream(events, chat.USED)


def _messages_call(name: str, arguments: dict[str, Any]) -> Answer:
    block = {"type": "tool_use", "id": CALL_ID, "name": name, "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in _pieces(json.dumps(arguments))]
    stop = {"stop_reason": "tool_use", "stop_sequence": None}
    events = [messages.start(messages.USED), messages.event("content_block_start", index=0, content_block=block)]
    events += [messages.event("content_block_delta", index=0, delta=delta) for delta in deltas]
    events += [
        messages.event("content_block_stop", index=0),
        messages.event("message_delta", delta=stop, usage={"output_tokens": messages.USED.output}),
        messages.event("message_stop"),
    ]
    return _stream(events, messages.USED)


def _response_event(kind: str, number: int, **fields: object) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def _response(item: dict[str, Any], middle: list[tuple[str, dict[str, Any]]]) -> Answer:
    """Return a stream of one output item, as OpenAI's API reference has its events."""
    used = RESPONSE_USED
    response = {"id": "resp_c0de", "object": "response", "created_at": 1_760_000_000, "model": "upstream-gpt"}
    usage = {
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cache_read},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.input + used.output,
    }
    running = {**response, "status": "in_progress", "output": [], "usage": None}
    done = {**response, "status": "completed", "output": [item], "usage": usage}
    empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
    started = {**item, "status": "in_progress", **empty}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": running}),
        ("response.output_item.added", {"output_index": 0, "item": started}),
        *((kind, {"item_id": item["id"], "output_index": 0, **fields}) for kind, fields in middle),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": done}),
    ]
    return _stream([_response_event(kind, number, **fields) for number, (kind, fields) in enumerate(steps)], used)


def _response_text(words: str) -> Answer:
    part = {"type": "output_text", "text": words, "annotations": []}
    item = {"id": "msg_c0de", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    deltas = [("response.output_text.delta", {"content_index": 0, "delta": piece}) for piece in _pieces(words)]
    begin = ("response.content_part.added", {"content_index": 0, "part": {**part, "text": ""}})
    end = [
        ("response.output_text.done", {"content_index": 0, "text": words}),
        ("response.content_part.done", {"content_index": 0, "part": part}),
    ]
    return _response(item, [begin, *deltas, *end])


def _response_call(name: str, arguments: dict[str, Any]) -> Answer:
    """Return the call of a tool; one of a namespace is named ``namespace.tool``."""
    told = json.dumps(arguments)
    namespace, _, bare = name.rpartition(".")
    item = {"id": "fc_c0de", "type": "function_call", "status": "completed", "name": bare}
    item |= {"call_id": CALL_ID, "arguments": told, **({"namespace": namespace} if namespace else {})}
    deltas = [("response.function_call_arguments.delta", {"delta": piece}) for piece in _pieces(told)]
    return _response(item, [*deltas, ("response.function_call_arguments.done", {"arguments": told})])


def _gemini(parts: list[dict[str, Any]]) -> Answer:
    """Return a stream of parts; the usage is told with the last of them, as Google's API reference has it."""
    used = GEMINI_USED
    usage = {
        "promptTokenCount": used.input,
        "cachedContentTokenCount": used.cache_read,
        "candidatesTokenCount": used.output - used.reasoning,
        "thoughtsTokenCount": used.reasoning,
        "totalTokenCount": used.input + used.output,
    }
    events = []
    for number, part in enumerate(parts, 1):
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [part]}}
        body: dict[str, Any] = {"candidates": [candidate], "modelVersion": "upstream-gemini", "responseId": "r-c0de"}
        if number == len(parts):
            candidate["finishReason"] = "STOP"
            body["usageMetadata"] = usage
        events.append(f"data: {json.dumps(body)}\r\n\r\n".encode())
    return _stream(events, used)


def _stream(events: list[bytes], said: Counts) -> Answer:
    return Answer(tuple(Send(one) for one in events), headers=SSE, framing="chunked", said=said)


TEXTS: Mapping[Dialect, Callable[[str], Answer]] = {
    "chat": lambda words: chat.streamed(_pieces(words)),
    "messages": lambda words: messages.streamed(_pieces(words)),
    "responses": _response_text,
    "gemini": lambda words: _gemini([{"text": piece} for piece in _pieces(words)]),
}
CALLS: Mapping[Dialect, Callable[[str, dict[str, Any]], Answer]] = {
    "chat": _chat_call,
    "messages": _messages_call,
    "responses": _response_call,
    "gemini": lambda name, arguments: _gemini([{"functionCall": {"name": name, "args": arguments}}]),
}


def _openai_error(words: str) -> Mapping[str, object]:
    return {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None}}


ERRORS: Mapping[Dialect, Callable[[str], Mapping[str, object]]] = {
    "chat": _openai_error,
    "responses": _openai_error,
    "messages": lambda words: {"type": "error", "error": {"type": "invalid_request_error", "message": words}},
    "gemini": lambda words: {"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}},
}
