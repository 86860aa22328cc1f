"""The items of a Responses answer and the response around them, as streams and whole answers both hold them."""

from typing import Any, Final

from codevector_daemon.dialects.translation import ids, usage_write, writing
from codevector_daemon.dialects.translation.canonical import Refusal, Text, Thinking, ToolCall
from codevector_daemon.dialects.translation.events import Answer, Stop, StopReason
from codevector_daemon.dialects.translation.free_text import input_in
from codevector_daemon.dialects.translation.writing import Ended, Framing
from codevector_daemon.metering.counts import NOTHING

Fields = dict[str, Any]

_INCOMPLETE: Final[dict[StopReason, str]] = {
    "length": "max_output_tokens",
    "context": "max_output_tokens",
    "refusal": "content_filter",
}
_TIERS: Final = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})


def whole(answer: Answer, framing: Framing) -> bytes:
    """Return a whole answer."""
    output = [_item(part, framing) for part in answer.parts]
    ended = Ended(Stop(answer.stop, answer.sequence), answer.counts or NOTHING, answer.tier)
    fields = response(framing, f"resp_{framing.new_id()}", output, ended_status(answer.stop, output), ended)
    if answer.counts is None:
        fields["usage"] = None
    return writing.encode(fields)


def ended_status(reason: StopReason, output: list[Fields]) -> str:
    """Return the status of a response that stopped for a reason; one that declined in words is complete."""
    if reason == "refusal" and any(part["type"] == "refusal" for item in output for part in item.get("content", ())):
        return "completed"
    return "incomplete" if reason in _INCOMPLETE else "completed"


def response(framing: Framing, response_id: str, output: list[Fields], status: str, ended: Ended | None) -> Fields:
    """Return the response object; ``ended`` is there once the answer is whole."""
    incomplete = _INCOMPLETE.get(ended.stop.reason) if ended is not None and status == "incomplete" else None
    fields: Fields = {
        "id": response_id,
        "object": "response",
        "created_at": framing.created_s,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None if incomplete is None else {"reason": incomplete},
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": framing.slug,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": None if ended is None else usage_write.responses(ended.counts),
        "user": None,
    }
    if ended is not None and ended.tier in _TIERS:
        fields["service_tier"] = ended.tier
    return fields


def message_item(item_id: str, content: list[Fields], status: str) -> Fields:
    """Return a message of the model."""
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def item_of_call(call: ToolCall, framing: Framing, status: str) -> Fields:
    """Return a call of a tool in the form that the client declared it in."""
    origin = framing.origin(call.name)
    call_id = ids.call_id(call.id or f"call_{framing.new_id()}")
    fields: Fields = {"id": "", "type": "function_call", "status": status, "call_id": call_id}
    if origin.namespace is not None:
        fields["namespace"] = origin.namespace
    if origin.custom:
        given = input_in(call.arguments) if call.arguments else ""
        fields |= {"id": f"ctc_{framing.new_id()}", "type": "custom_tool_call", "name": origin.name, "input": given}
    else:
        fields |= {"id": f"fc_{framing.new_id()}", "name": origin.name, "arguments": call.arguments}
    return fields


def item_of_thought(thought: Thinking, paragraphs: list[str], item_id: str, framing: Framing) -> Fields:
    """Return a thought; its marked signature stands where clients keep what they give back."""
    summary = [{"type": "summary_text", "text": text} for text in paragraphs if text]
    fields: Fields = {"id": item_id, "type": "reasoning", "summary": summary}
    if thought.signature or summary:
        fields["encrypted_content"] = framing.mark(thought.signature)
    return fields


def _item(part: Text | Refusal | Thinking | ToolCall, framing: Framing) -> Fields:
    match part:
        case Thinking():
            prefix = "rs_redacted" if part.redacted else "rs_"
            return item_of_thought(part, [part.text], f"{prefix}{framing.new_id()}", framing)
        case ToolCall():
            return item_of_call(part, framing, "completed")
        case Refusal():
            content: Fields = {"type": "refusal", "refusal": part.text}
        case _:
            content = {"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}
    return message_item(f"msg_{framing.new_id()}", [content], "completed")
