"""Recorded answers as the providers put them on the wire, in the order and with the extras that theirs have."""

import json
from collections.abc import Iterator
from typing import Any

from support.counts import Counts
from support.translation.said import Call, Refuse, Said, Say, Think

MODEL = "upstream-model"


def dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def arguments(call: Call) -> Any:
    return json.loads("".join(call.pieces) or "{}")


# -- Chat Completions -------------------------------------------------------------------------------------------------

_CHAT_STOPS = {"end": "stop", "length": "length", "tool": "tool_calls", "refusal": "content_filter", "sequence": "stop"}


def chat_usage(counts: Counts) -> dict[str, Any]:
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {"cached_tokens": counts.cache_read, "cache_write_tokens": counts.cache_write_5m},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }


def _chat_chunk(choices: list[Any], **more: Any) -> bytes:
    head = {"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": MODEL}
    return b"data: " + dump({**head, "service_tier": "default", "choices": choices, **more}) + b"\n\n"


def _chat_delta(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return _chat_chunk([choice], usage=None, obfuscation="xY")


def _chat_deltas(said: Said) -> Iterator[dict[str, Any]]:
    at = -1
    for part in said.parts:
        match part:
            case Say():
                yield from ({"content": piece} for piece in part.pieces)
            case Think():
                yield from ({"reasoning_content": piece} for piece in part.pieces)
            case Refuse():
                yield from ({"refusal": piece} for piece in part.pieces)
            case Call():
                at += 1
                function = {"name": part.name, "arguments": ""}
                yield {"tool_calls": [{"index": at, "id": part.id, "type": "function", "function": function}]}
                for piece in part.pieces:
                    yield {"tool_calls": [{"index": at, "function": {"arguments": piece}}]}


def chat_stream(said: Said) -> list[bytes]:
    reason = "stop" if said.refusal else _CHAT_STOPS[said.stop]
    events = [_chat_delta({"role": "assistant", "content": "", "refusal": None})]
    events += [_chat_delta(delta) for delta in _chat_deltas(said)]
    events += [_chat_delta({}, reason), _chat_chunk([], usage=chat_usage(said.counts)), b"data: [DONE]\n\n"]
    return events


def chat_whole(said: Said) -> bytes:
    calls = [
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": "".join(part.pieces) or "{}"}}
        for part in said.parts
        if isinstance(part, Call)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": said.refusal or None}
    message |= {"tool_calls": calls} if calls else {}
    message |= {"reasoning_content": said.thought} if said.thought else {}
    reason = "stop" if said.refusal else _CHAT_STOPS[said.stop]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    head = {"id": "chatcmpl-up", "object": "chat.completion", "created": 1_760_000_000, "model": MODEL}
    return dump({**head, "choices": [choice], "usage": chat_usage(said.counts), "system_fingerprint": "fp_1"})


# -- Anthropic Messages -----------------------------------------------------------------------------------------------

_MESSAGES_STOPS = {
    "end": "end_turn",
    "length": "max_tokens",
    "tool": "tool_use",
    "refusal": "refusal",
    "sequence": "stop_sequence",
}


def messages_usage(counts: Counts, output: int | None = None) -> dict[str, Any]:
    return {
        "input_tokens": counts.uncached_input,
        "cache_creation_input_tokens": counts.cache_write_5m,
        "cache_read_input_tokens": counts.cache_read,
        "output_tokens": counts.output if output is None else output,
        "output_tokens_details": {"thinking_tokens": counts.reasoning},
        "service_tier": "standard",
    }


def _message(said: Said, content: list[Any], **more: Any) -> dict[str, Any]:
    head = {"id": "msg_up", "type": "message", "role": "assistant", "model": MODEL, "content": content}
    return {**head, "stop_reason": None, "stop_sequence": None, "usage": messages_usage(said.counts, 1), **more}


def _named(name: str, /, **fields: Any) -> bytes:
    return f"event: {name}\ndata: ".encode() + dump({"type": name, **fields}) + b"\n\n"


def _messages_block(at: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
    start = _named("content_block_start", index=at, content_block=block)
    pieces = [_named("content_block_delta", index=at, delta=delta) for delta in deltas]
    return [start, *pieces, _named("content_block_stop", index=at)]


def _messages_part(at: int, part: Any) -> list[bytes]:
    match part:
        case Say():
            return _messages_block(
                at, {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in part.pieces]
            )
        case Think():
            deltas: list[dict[str, Any]] = [{"type": "thinking_delta", "thinking": piece} for piece in part.pieces]
            deltas.append({"type": "signature_delta", "signature": part.signature})
            return _messages_block(at, {"type": "thinking", "thinking": "", "signature": ""}, deltas)
        case Call():
            block = {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}
            first = {"type": "input_json_delta", "partial_json": ""}
            return _messages_block(
                at, block, [first, *({"type": "input_json_delta", "partial_json": piece} for piece in part.pieces)]
            )
        case _:
            return []


def _details(said: Said) -> dict[str, Any]:
    explained = {"type": "refusal", "category": None, "explanation": said.refusal} if said.refusal else None
    sequence = "END" if said.stop == "sequence" else None
    return {"stop_reason": _MESSAGES_STOPS[said.stop], "stop_sequence": sequence, "stop_details": explained}


def messages_stream(said: Said) -> list[bytes]:
    events = [_named("message_start", message=_message(said, [])), _named("ping")]
    for at, part in enumerate(part for part in said.parts if not isinstance(part, Refuse)):
        events += _messages_part(at, part)
    usage = {"output_tokens": said.counts.output, "output_tokens_details": {"thinking_tokens": said.counts.reasoning}}
    return [*events, _named("message_delta", delta=_details(said), usage=usage), _named("message_stop")]


def messages_whole(said: Said) -> bytes:
    content: list[Any] = []
    for part in said.parts:
        match part:
            case Say():
                content.append({"type": "text", "text": "".join(part.pieces), "citations": None})
            case Think():
                content.append({"type": "thinking", "thinking": "".join(part.pieces), "signature": part.signature})
            case Call():
                content.append({"type": "tool_use", "id": part.id, "name": part.name, "input": arguments(part)})
            case Refuse():
                continue
    return dump(_message(said, content, **_details(said), usage=messages_usage(said.counts)))


# -- Responses --------------------------------------------------------------------------------------------------------


def responses_usage(counts: Counts) -> dict[str, Any]:
    return {
        "input_tokens": counts.input,
        "input_tokens_details": {"cached_tokens": counts.cache_read, "cache_write_tokens": counts.cache_write_5m},
        "output_tokens": counts.output,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": counts.input + counts.output,
    }


def _response(said: Said, output: list[Any], status: str) -> dict[str, Any]:
    reasons = {"length": "max_output_tokens", "refusal": "content_filter"}
    head = {"id": "resp_up", "object": "response", "created_at": 1_760_000_000, "model": MODEL, "status": status}
    details = {"reason": reasons[said.stop]} if status == "incomplete" else None
    usage = responses_usage(said.counts) if status in {"completed", "incomplete"} else None
    return {**head, "error": None, "incomplete_details": details, "output": output, "usage": usage, "tools": []}


def _response_status(said: Said) -> str:
    return "incomplete" if said.stop == "length" or (said.stop == "refusal" and not said.refusal) else "completed"


def _response_item(at: int, part: Any) -> tuple[dict[str, Any], dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """Return an item as added, as done, and the events between."""
    whole = "".join(part.pieces)
    match part:
        case Call():
            added = {"id": f"fc_{at}", "type": "function_call", "status": "in_progress", "call_id": part.id}
            added |= {"name": part.name, "arguments": ""}
            events = [("response.function_call_arguments.delta", {"delta": piece}) for piece in part.pieces]
            events.append(("response.function_call_arguments.done", {"name": part.name, "arguments": whole or "{}"}))
            return added, {**added, "status": "completed", "arguments": whole or "{}"}, events
        case Think():
            added = {"id": f"rs_{at}", "type": "reasoning", "summary": []}
            summary = {"type": "summary_text", "text": whole}
            place = {"summary_index": 0}
            events = [("response.reasoning_summary_part.added", {**place, "part": {**summary, "text": ""}})]
            events += [("response.reasoning_summary_text.delta", {**place, "delta": piece}) for piece in part.pieces]
            events += [
                ("response.reasoning_summary_text.done", {**place, "text": whole}),
                ("response.reasoning_summary_part.done", {**place, "part": summary}),
            ]
            return added, {**added, "summary": [summary], "encrypted_content": part.signature}, events
        case _:
            kind, field = ("refusal", "refusal") if isinstance(part, Refuse) else ("output_text", "text")
            extra = {"annotations": [], "logprobs": []} if kind == "output_text" else {}
            content = {"type": kind, field: whole, **extra}
            added = {"id": f"msg_{at}", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
            place = {"content_index": 0}
            events = [("response.content_part.added", {**place, "part": {**content, field: ""}})]
            events += [(f"response.{kind}.delta", {**place, "delta": piece}) for piece in part.pieces]
            events += [
                (f"response.{kind}.done", {**place, field: whole}),
                ("response.content_part.done", {**place, "part": content}),
            ]
            return added, {**added, "status": "completed", "content": [content]}, events


def responses_stream(said: Said) -> list[bytes]:
    begun = _response(said, [], "in_progress")
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
    ]
    output = []
    for at, part in enumerate(said.parts):
        added, done, between = _response_item(at, part)
        events.append(("response.output_item.added", {"output_index": at, "item": added}))
        events += [(name, {"item_id": added["id"], "output_index": at, **fields}) for name, fields in between]
        events.append(("response.output_item.done", {"output_index": at, "item": done}))
        output.append(done)
    status = _response_status(said)
    events.append((f"response.{status}", {"response": _response(said, output, status)}))
    return [_named(name, sequence_number=at, **fields) for at, (name, fields) in enumerate(events)]


def responses_whole(said: Said) -> bytes:
    output = [_response_item(at, part)[1] for at, part in enumerate(said.parts)]
    return dump(_response(said, output, _response_status(said)))


# -- Gemini -----------------------------------------------------------------------------------------------------------

_GEMINI_STOPS = {"end": "STOP", "length": "MAX_TOKENS", "tool": "STOP", "refusal": "SAFETY", "sequence": "STOP"}


def gemini_usage(counts: Counts) -> dict[str, Any]:
    return {
        "promptTokenCount": counts.input,
        "cachedContentTokenCount": counts.cache_read,
        "candidatesTokenCount": counts.output - counts.reasoning,
        "thoughtsTokenCount": counts.reasoning,
        "totalTokenCount": counts.input + counts.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": counts.input}],
    }


def _gemini_chunk(said: Said, parts: list[Any], reason: str | None = None) -> bytes:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    candidate |= {"finishReason": reason} if reason else {}
    usage = gemini_usage(said.counts) if reason else {"promptTokenCount": said.counts.input}
    return dump({"candidates": [candidate], "usageMetadata": usage, "modelVersion": MODEL, "responseId": "r1"})


def _gemini_parts(said: Said) -> Iterator[dict[str, Any]]:
    signature = ""
    for part in said.parts:
        match part:
            case Say() | Refuse():
                yield from ({"text": piece} for piece in part.pieces)
            case Think():
                yield from ({"text": piece, "thought": True} for piece in part.pieces)
                signature = part.signature
            case Call():
                signed = {"thoughtSignature": signature} if signature else {}
                signature = ""
                yield {"functionCall": {"name": part.name, "args": arguments(part)}, **signed}


def gemini_stream(said: Said) -> list[bytes]:
    chunks = [_gemini_chunk(said, [part]) for part in _gemini_parts(said)]
    chunks.append(_gemini_chunk(said, [{"text": ""}], _GEMINI_STOPS[said.stop]))
    return [b"data: " + chunk + b"\r\n\r\n" for chunk in chunks]


def gemini_whole(said: Said) -> bytes:
    return _gemini_chunk(said, list(_gemini_parts(said)), _GEMINI_STOPS[said.stop])


STREAM = {"chat": chat_stream, "messages": messages_stream, "responses": responses_stream, "gemini": gemini_stream}
WHOLE = {"chat": chat_whole, "messages": messages_whole, "responses": responses_whole, "gemini": gemini_whole}
