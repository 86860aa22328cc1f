"""Every recorded request of every protocol, as every other protocol's provider gets it."""

import json
from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from google.genai import types as google
from msgspec.structs import replace
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter

from codevector_daemon.dialects.base import Head
from codevector_daemon.dialects.translation import between
from codevector_daemon.dialects.translation.between import CLIENTS
from codevector_daemon.dialects.translation.canonical import (
    Conversation,
    Document,
    OutputFormat,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from support.translation.asked import ALL, Asked
from support.translation.request_wires import WIRE

DIALECTS = ("chat", "messages", "responses", "gemini")
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS if client != provider]
MODELS = {
    "chat": "model-x",
    "messages": "claude-sonnet-4-5",
    "responses": "model-x",
    "gemini": "gemini-2.5-flash",
}
TOLD_OTHERWISE = {
    ("an answer with a picture", "chat"),
    ("an answer with a picture", "gemini"),
    ("a failed call", "chat"),
    ("a failed call", "responses"),
}
"""What these clients have no field for: a picture follows the answer, a failure is told in its words."""
_PARAMS: dict[str, TypeAdapter[Any]] = {
    "chat": TypeAdapter(CompletionCreateParamsNonStreaming),
    "messages": TypeAdapter(MessageCreateParamsNonStreaming),
    "responses": TypeAdapter(ResponseCreateParamsNonStreaming),
}


def upstream(client: str, provider: str, asked: Asked) -> bytes:
    translation = between(client, provider)
    assert translation is not None
    body = json.dumps(WIRE[client](asked)).encode()
    return translation.request(body, Head(model="slug"), MODELS[provider], stream=False).body


def essence(conversation: Conversation, *, limited: bool) -> Conversation:
    """Return what must be the same however a conversation is told: ids counted through, texts of a turn as one."""
    ids: dict[str, str] = {}
    turns = [Turn(turn.role, tuple(_parts(turn.parts, ids))) for turn in conversation.turns]
    output = conversation.output
    return replace(
        conversation,
        system=(Text("".join(part.text for part in conversation.system).replace("\n", "")),),
        turns=tuple(_merged(turns)),
        tools=tuple(Tool(tool.name, tool.description, tool.schema) for tool in conversation.tools),
        output=None if output is None else OutputFormat(schema=output.schema),
        max_tokens=conversation.max_tokens if limited else None,
        wants_usage=True,
        dropped=(),
    )


def _merged(turns: list[Turn]) -> list[Turn]:
    merged: list[Turn] = []
    for turn in turns:
        if merged and merged[-1].role == turn.role:
            merged[-1] = Turn(turn.role, merged[-1].parts + turn.parts)
        else:
            merged.append(turn)
    return merged


def _parts(parts: Any, ids: dict[str, str]) -> list[Any]:
    found: list[Any] = []
    for part in parts:
        match part:
            case Text():
                if found and isinstance(found[-1], Text):
                    found[-1] = Text(found[-1].text + part.text.replace("\n", ""))
                else:
                    found.append(Text(part.text.replace("\n", "")))
            case ToolCall():
                call_id = ids.setdefault(part.id, f"id{len(ids)}")
                found.append(ToolCall(call_id, part.name, json.dumps(json.loads(part.arguments))))
            case ToolResult():
                inner = tuple(_parts(part.parts, ids))
                found.append(ToolResult(ids.get(part.call_id, "?"), inner, is_error=part.is_error))
            case Document():
                found.append(replace(part, name=None))
            case _:
                found.append(replace(part, detail=None))
    return found


@pytest.mark.parametrize(
    ("client", "provider", "asked"),
    [(*pair, asked) for asked in ALL for pair in PAIRS if (asked.name, pair[0]) not in TOLD_OTHERWISE],
    ids=lambda one: one.name.replace(" ", "_") if isinstance(one, Asked) else one,
)
def test_a_request_says_the_same_as_one_told_in_the_providers_own_words(
    client: str, provider: str, asked: Asked
) -> None:
    assert_the_same(client, provider, asked, upstream(client, provider, asked))


def assert_the_same(client: str, provider: str, asked: Asked, body: bytes) -> None:
    """Assert that a translated request says what one told in the provider's own words says."""
    native = CLIENTS[provider].read(json.dumps(WIRE[provider](asked)).encode())
    limited = asked.max_tokens is not None
    expected = essence(native, limited=limited)
    got = essence(CLIENTS[provider].read(body), limited=limited)
    if client == "gemini":  # it has no field for the user, and none to forbid parallel calls
        expected = replace(expected, user=None, parallel=None)
    if client == "responses":  # it has no stop sequences
        expected = replace(expected, stop=())
    assert without_cache(got) == without_cache(expected)


def without_cache(conversation: Conversation) -> Conversation:
    """Leave out the cache hints that are added for Anthropic where tools loop."""
    turns = tuple(
        Turn(turn.role, tuple(replace(part, cache=None) if hasattr(part, "cache") else part for part in turn.parts))
        for turn in conversation.turns
    )
    return replace(conversation, turns=turns)


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
@pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.name.replace(" ", "_"))
def test_the_providers_sdk_knows_every_field_of_a_request(client: str, provider: str, asked: Asked) -> None:
    fields = json.loads(upstream(client, provider, asked))
    if provider == "gemini":
        _check_gemini(fields)
        return
    extra = {"max_tokens"} if provider == "chat" else {"temperature", "top_p"}  # what the newest SDK calls deprecated
    known = {name: value for name, value in fields.items() if name not in extra}
    _PARAMS[provider].validate_python(known)
    unknown = set(known) - set(_annotations(provider))
    assert not unknown


def _annotations(provider: str) -> set[str]:
    params: dict[str, Any] = {
        "chat": CompletionCreateParamsNonStreaming,
        "messages": MessageCreateParamsNonStreaming,
        "responses": ResponseCreateParamsNonStreaming,
    }
    return {name for kind in params[provider].__mro__ for name in getattr(kind, "__annotations__", {})} | set(
        params[provider].__annotations__
    )


def _check_gemini(fields: dict[str, Any]) -> None:
    for content in fields["contents"]:
        google.Content.model_validate(content)
    for tool in fields.get("tools", ()):
        google.Tool.model_validate(tool)
    if "systemInstruction" in fields:
        google.Content.model_validate(fields["systemInstruction"])
    google.ToolConfig.model_validate(fields.get("toolConfig", {}))
    google.GenerationConfig.model_validate(fields.get("generationConfig", {}))
    assert set(fields) <= {"contents", "tools", "systemInstruction", "toolConfig", "generationConfig"}
