"""The official SDKs as judges: what they make of an answer, each event checked against their own types."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2
import openai
from anthropic.types import Message, RawMessageStreamEvent
from google import genai
from google.genai import types as google
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

ASK: Any = [{"role": "user", "content": "hello"}]
PIECE = 97
"""Bytes of a stream that come at once: no event begins or ends where a piece does."""


@dataclass
class Seen:
    """What a client saw of an answer."""

    text: str = ""
    thought: str = ""
    refusal: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    call_ids: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    stop: str | None = None
    input: int = 0
    cached: int = 0
    output: int = 0
    model: str | None = None


class _Answering(httpx2.MockTransport):
    """Answers every request with the body it was given last, in pieces."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.body, self.kind, self.status = b"", "", 200

    def _answer(self, _: httpx2.Request) -> httpx2.Response:
        pieces = (self.body[at : at + PIECE] for at in range(0, len(self.body), PIECE))
        return httpx2.Response(self.status, headers={"content-type": self.kind}, content=pieces)

    def take(self, body: bytes, *, streamed: bool, status: int) -> None:
        self.body, self.status = body, status
        self.kind = "text/event-stream" if streamed else "application/json"


_answering = _Answering()
_http = httpx2.Client(transport=_answering)
_options = google.HttpOptions(base_url="http://gateway", httpx_client=_http)
_gpt = openai.OpenAI(api_key="k", base_url="http://gateway/v1", max_retries=0, http_client=_http)
_claude = anthropic.Anthropic(api_key="k", base_url="http://gateway", max_retries=0, http_client=_http)
_genai = genai.Client(api_key="k", http_options=_options)


def gpt(body: bytes, *, streamed: bool = True, status: int = 200) -> openai.OpenAI:
    """Return OpenAI's client, whose next call gets this answer."""
    _answering.take(body, streamed=streamed, status=status)
    return _gpt


def claude(body: bytes, *, streamed: bool = True, status: int = 200) -> anthropic.Anthropic:
    """Return Anthropic's client, whose next call gets this answer."""
    _answering.take(body, streamed=streamed, status=status)
    return _claude


def gemini(body: bytes, *, streamed: bool = True, status: int = 200) -> genai.Client:
    """Return Google's client, whose next call gets this answer."""
    _answering.take(body, streamed=streamed, status=status)
    return _genai


_CHUNK = TypeAdapter(ChatCompletionChunk)
_COMPLETION = TypeAdapter(ChatCompletion)
_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
_MESSAGE = TypeAdapter(Message)
_RESPONSE_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
_RESPONSE = TypeAdapter(Response)


def payloads(stream: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects in a stream."""
    lines = [line[6:] for line in stream.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def chat_stream(body: bytes) -> Seen:
    for chunk in payloads(body):
        _CHUNK.validate_python(chunk)
    with gpt(body).chat.completions.create(model="slug", messages=ASK, stream=True) as stream:
        seen = _chat_chunks(list(stream))
    _accumulated(body, seen)
    return seen


def _accumulated(body: bytes, seen: Seen) -> None:
    """Let OpenAI's own accumulator read the chunks too; it raises where an answer was cut off or filtered."""
    strict: Any = [{"type": "function", "function": function} for function in _strict(name for name, _ in seen.calls)]
    with gpt(body).chat.completions.stream(model="slug", messages=ASK, tools=strict or openai.omit) as events:
        try:
            message = events.get_final_completion().choices[0].message
        except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
            assert seen.stop in {"length", "content_filter"}
            return
    parsed = [(call.function.name, call.function.parsed_arguments) for call in message.tool_calls or ()]
    assert (message.content or "", parsed) == (seen.text, seen.calls)


def _strict(names: Iterable[str]) -> list[dict[str, Any]]:
    """Return strict functions of these names: the SDK parses the arguments of such alone."""
    return [{"name": name, "parameters": {}, "strict": True} for name in dict.fromkeys(names)]


def _chat_chunks(chunks: list[Any]) -> Seen:
    seen = Seen()
    calls: list[list[str]] = []
    for chunk in chunks:
        seen.model = chunk.model
        if chunk.usage:
            _chat_usage(seen, chunk.usage)
        for choice in chunk.choices:
            seen.text += choice.delta.content or ""
            seen.refusal += choice.delta.refusal or ""
            seen.thought += getattr(choice.delta, "reasoning_content", None) or ""
            seen.signatures += [one["signature"] for one in getattr(choice.delta, "reasoning_details", None) or ()]
            seen.stop = choice.finish_reason or seen.stop
            for call in choice.delta.tool_calls or ():
                if call.id:
                    calls.append([call.function.name, ""])
                    seen.call_ids.append(call.id)
                    assert call.index == len(calls) - 1
                calls[call.index][1] += call.function.arguments or ""
    seen.calls = [(name, json.loads(arguments or "{}")) for name, arguments in calls]
    return seen


def _chat_usage(seen: Seen, usage: Any) -> None:
    seen.input, seen.output = usage.prompt_tokens, usage.completion_tokens
    seen.cached = usage.prompt_tokens_details.cached_tokens


def chat_whole(body: bytes) -> Seen:
    _COMPLETION.validate_json(body)
    answer = gpt(body, streamed=False).chat.completions.create(model="slug", messages=ASK)
    message, seen = answer.choices[0].message, Seen(model=answer.model, stop=answer.choices[0].finish_reason)
    seen.text, seen.refusal = message.content or "", message.refusal or ""
    seen.thought = getattr(message, "reasoning_content", None) or ""
    seen.signatures = [one["signature"] for one in getattr(message, "reasoning_details", None) or ()]
    for call in message.tool_calls or ():
        assert call.type == "function"
        seen.calls.append((call.function.name, json.loads(call.function.arguments)))
        seen.call_ids.append(call.id)
    _chat_usage(seen, answer.usage)
    return seen


def messages_stream(body: bytes) -> Seen:
    for event in payloads(body):
        if event["type"] != "ping":
            _EVENT.validate_python(event)
    with claude(body).messages.stream(model="slug", max_tokens=9, messages=ASK) as stream:
        return _message(stream.get_final_message())


def messages_whole(body: bytes) -> Seen:
    _MESSAGE.validate_json(body)
    return _message(claude(body, streamed=False).messages.create(model="slug", max_tokens=9, messages=ASK))


def _message(message: Any) -> Seen:
    usage = message.usage
    cached = usage.cache_read_input_tokens or 0
    total = usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0)
    seen = Seen(model=message.model, stop=message.stop_reason, input=total, cached=cached, output=usage.output_tokens)
    for block in message.content:
        match block.type:
            case "text":
                seen.text += block.text
            case "thinking":
                seen.thought += block.thinking
                seen.signatures += [block.signature] if block.signature else []
            case "tool_use":
                seen.calls.append((block.name, block.input))
                seen.call_ids.append(block.id)
    return seen


def responses_stream(body: bytes) -> Seen:
    for at, event in enumerate(payloads(body)):
        _RESPONSE_EVENT.validate_python(event)
        assert event["sequence_number"] == at
    final = None
    items = [event["item"] for event in payloads(body) if event["type"] == "response.output_item.done"]
    called = [item["name"] for item in items if item["type"] == "function_call"]
    tools: Any = [{"type": "function", **function} for function in _strict(called)]
    with gpt(body).responses.stream(model="slug", input="hello", tools=tools) as stream:
        for event in stream:
            if event.type in {"response.completed", "response.incomplete"}:
                final = event.response
    assert final is not None
    seen = _response(final)
    calls = [item for item in final.output if item.type == "function_call"]
    parsed = [call.parsed_arguments for call in calls if call.namespace is None]
    assert parsed == [json.loads(call.arguments) for call in calls if call.namespace is None]
    return seen


def responses_whole(body: bytes) -> Seen:
    _RESPONSE.validate_json(body)
    return _response(gpt(body, streamed=False).responses.create(model="slug", input="hello"))


def _response(response: Any) -> Seen:
    stop = response.incomplete_details.reason if response.incomplete_details else response.status
    usage = response.usage
    seen = Seen(model=response.model, stop=stop, input=usage.input_tokens, output=usage.output_tokens)
    seen.cached = usage.input_tokens_details.cached_tokens
    for item in response.output:
        match item.type:
            case "message":
                seen.text += "".join(part.text for part in item.content if part.type == "output_text")
                seen.refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
            case "reasoning":
                seen.thought += "".join(part.text for part in item.summary)
                seen.signatures += [item.encrypted_content] if item.encrypted_content else []
            case "function_call":
                seen.calls.append((item.name, json.loads(item.arguments)))
                seen.call_ids.append(item.call_id)
    return seen


def gemini_stream(body: bytes) -> Seen:
    for chunk in payloads(body):
        google.GenerateContentResponse.model_validate(chunk)
    return _gemini(list(gemini(body).models.generate_content_stream(model="slug", contents="hello")))


def gemini_whole(body: bytes) -> Seen:
    google.GenerateContentResponse.model_validate_json(body)
    return _gemini([gemini(body, streamed=False).models.generate_content(model="slug", contents="hello")])


def _gemini(chunks: list[Any]) -> Seen:
    seen = Seen()
    for chunk in chunks:
        seen.model = chunk.model_version
        usage = chunk.usage_metadata
        if usage is not None:
            seen.input, seen.cached = usage.prompt_token_count, usage.cached_content_token_count or 0
            seen.output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        candidate = chunk.candidates[0]
        seen.stop = candidate.finish_reason.value if candidate.finish_reason else seen.stop
        for part in candidate.content.parts or ():
            seen.signatures += [part.thought_signature.decode()] if part.thought_signature else []
            if part.function_call:
                seen.calls.append((part.function_call.name, part.function_call.args or {}))
                seen.call_ids.append(part.function_call.id)
            elif part.thought:
                seen.thought += part.text or ""
            else:
                seen.text += part.text or ""
    return seen


STREAM: dict[str, Callable[[bytes], Seen]] = {
    "chat": chat_stream,
    "messages": messages_stream,
    "responses": responses_stream,
    "gemini": gemini_stream,
}
WHOLE: dict[str, Callable[[bytes], Seen]] = {
    "chat": chat_whole,
    "messages": messages_whole,
    "responses": responses_whole,
    "gemini": gemini_whole,
}
