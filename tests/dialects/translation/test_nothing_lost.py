"""Every field that a client can send is carried, named among what was dropped, or refused: none just vanishes."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming as MessagesParams
from google.genai import types as google
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming as ChatParams
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming as ResponsesParams

from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.translation import Translated
from codevector_daemon.dialects.translation.unread import SAYS_NOTHING
from codevector_daemon.dialects.translation.wire import MOST_NAMES
from support.translation.calls import ask

Fields = dict[str, Any]

MODELS = {
    "chat": ("model-x", "gpt-5.1", "gpt-4o"),
    "responses": ("model-x", "gpt-5.1", "gpt-4o"),
    "messages": ("claude-sonnet-4-5", "claude-opus-4-7", "claude-3-5-haiku", "kimi-k2"),
    "gemini": ("gemini-2.5-flash", "gemini-3-pro", "gemini-2.0-flash"),
}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
PNG = "iVBORw0KGgo="
TOLD = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}

BASE: dict[str, Fields] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}], "tools": [TOLD]},
    "messages": {
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 9000,
        "tools": [{"name": "f", "input_schema": SCHEMA}],
    },
    "responses": {"input": "hi", "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}]},
    "gemini": {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": SCHEMA}]}],
    },
}

CHAT: Fields = {
    "audio": {"voice": "alloy", "format": "mp3"},
    "frequency_penalty": 0.5,
    "function_call": "auto",
    "functions": [{"name": "f"}],
    "logit_bias": {"1": 5},
    "logprobs": True,
    "max_completion_tokens": 77,
    "max_tokens": 77,
    "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
    "metadata": {"a": "b"},
    "modalities": ["text", "audio"],
    "moderation": {"model": "m"},
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": 0.5,
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "high",
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}},
    "safety_identifier": "u1",
    "seed": 7,
    "service_tier": "flex",
    "stop": ["END"],
    "store": True,
    "temperature": 0,
    "tool_choice": "required",
    "tools": [TOLD, {"type": "function", "function": {"name": "g"}}],
    "top_logprobs": 3,
    "top_p": 0.5,
    "user": "u1",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
    # beyond OpenAI's own: what vendors that copied the protocol take
    "top_k": 5,
    "reasoning": {"effort": "high"},
    "thinking": {"type": "enabled", "budget_tokens": 5000},
    "repetition_penalty": 1.1,
}
MESSAGES: Fields = {
    "betas": ["b-1"],
    "billing_policy": {"type": "x"},
    "cache_control": {"type": "ephemeral"},
    "compaction": {"type": "x"},
    "container": "c",
    "context_management": {"edits": [{"type": "x"}]},
    "diagnostics": {"a": 1},
    "fallback_credit_token": "t",
    "fallbacks": [{"model": "m"}],
    "inference_geo": "us",
    "max_tokens": 77,
    "mcp_servers": [{"type": "url", "url": "https://x.example", "name": "n"}],
    "messages": [{"role": "user", "content": "other"}],
    "metadata": {"user_id": "u1"},
    "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}},
    "output_format": {"type": "json_schema", "schema": SCHEMA},
    "service_tier": "standard_only",
    "speed": "fast",
    "stop_sequences": ["END"],
    "system": "be brief",
    "temperature": 0.0,
    "thinking": {"type": "enabled", "budget_tokens": 5000},
    "thread": {"a": 1},
    "tool_choice": {"type": "any"},
    "tools": [{"name": "g", "input_schema": SCHEMA}],
    "top_k": 5,
    "top_p": 0.5,
    "user_profile_id": "p",
    "workspace_id": "w",
}
RESPONSES: Fields = {
    "access_programs": ["x"],
    "background": True,
    "background_options": {"a": 1},
    "context_management": [{"type": "compaction"}],
    "conversation": "conv_1",
    "image": {"a": 1},
    "include": ["file_search_call.results"],
    "input": "other",
    "instructions": "be brief",
    "max_output_tokens": 77,
    "max_tool_calls": 3,
    "metadata": {"a": "b"},
    "moderation": {"model": "m"},
    "parallel_tool_calls": False,
    "previous_response_id": "resp_1",
    "prompt": {"id": "p"},
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit"},
    "prompt_cache_retention": "24h",
    "reasoning": {"effort": "high"},
    "safety_identifier": "u1",
    "service_tier": "flex",
    "store": True,
    "stop": ["END"],
    "temperature": 0,
    "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}, "verbosity": "low"},
    "tool_choice": "required",
    "tools": [{"type": "function", "name": "g"}, {"type": "web_search"}],
    "top_logprobs": 3,
    "top_p": 0.5,
    "truncation": "auto",
    "user": "u1",
}
CONFIG: Fields = {
    "audioTimestamp": True,
    "audioTranscriptionConfig": {"a": 1},
    "candidateCount": 2,
    "enableAffectiveDialog": True,
    "enableEnhancedCivicAnswers": True,
    "frequencyPenalty": 0.5,
    "logprobs": 3,
    "maxOutputTokens": 77,
    "mediaResolution": "MEDIA_RESOLUTION_LOW",
    "modelSelectionConfig": {"a": 1},
    "presencePenalty": 0.5,
    "responseFormat": {"a": 1},
    "responseLogprobs": True,
    "responseMimeType": "text/x.enum",
    "responseModalities": ["AUDIO"],
    "routingConfig": {"a": 1},
    "seed": 7,
    "speechConfig": {"a": 1},
    "stopSequences": ["END"],
    "temperature": 0,
    "thinkingConfig": {"thinkingBudget": 5000, "includeThoughts": True},
    "topK": 5,
    "topP": 0.5,
    "translationConfig": {"a": 1},
}
GEMINI: Fields = {
    "cachedContent": "cachedContents/1",
    "contents": [{"role": "user", "parts": [{"text": "other"}]}],
    "labels": {"a": "b"},
    "safetySettings": [{"category": "x", "threshold": "y"}],
    "serviceTier": "flex",
    "store": True,
    "systemInstruction": {"parts": [{"text": "be brief"}]},
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "tools": [{"functionDeclarations": [{"name": "g"}]}, {"googleSearch": {}}],
    "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
}
SENT = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES, "gemini": GEMINI}


def inner(dialect: str) -> Iterator[tuple[str, Fields]]:
    """Yield fields that stand deeper in a request."""
    match dialect:
        case "chat":
            call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            loop = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c1", "content": "1"}]
            picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "high"}}
            system_picture = {"role": "system", "content": [picture]}
            yield "a participant's name", {"messages": [{"role": "user", "content": "hi", "name": "Ann"}]}
            yield "a picture's detail", {"messages": [{"role": "user", "content": [picture]}]}
            yield "a picture in a system message", {"messages": [system_picture, *BASE["chat"]["messages"]]}
            yield "an audio answer", {"messages": [*loop, {"role": "assistant", "content": "x", "audio": {"id": "a"}}]}
            yield "an uploaded file", {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}
            yield (
                "a schema's description",
                {
                    "response_format": {
                        "type": "json_schema",
                        "json_schema": {"name": "x", "schema": SCHEMA, "description": "d"},
                    }
                },
            )
            yield "strict tools", {"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]}
            yield "an unknown word of a tool", {"tools": [TOLD | {"defer": True}]}
            yield "a cached tool", {"tools": [TOLD | {"cache_control": {"type": "ephemeral"}}]}
        case "messages":
            pdf = {"type": "base64", "media_type": "application/pdf", "data": "aGk="}
            document = {"type": "document", "source": pdf, "title": "t"}
            found = [{"type": "text", "text": "x"}]
            for name, more in {"citations": {"enabled": True}, "context": "from 1999"}.items():
                yield f"a document's {name}", {"messages": [{"role": "user", "content": [document | {name: more}]}]}
            search = {"type": "search_result", "source": "https://x.example", "title": "t", "content": found}
            yield "a result of a search", {"messages": [{"role": "user", "content": [search]}]}
            yield "a picture in the system prompt", {"system": [{"type": "image", "source": pdf}]}
            tool = BASE["messages"]["tools"][0]
            for name in ("defer_loading", "input_examples", "allowed_callers", "strict"):
                yield f"a tool's {name}", {"tools": [tool | {name: True if name == "strict" else ["x"]}]}
            yield "another form of output", {"output_format": {"type": "grammar"}}
            yield "a cache's scope", {"system": [{"type": "text", "text": "x", "cache_control": {"scope": "global"}}]}
            result = {"type": "tool_result", "tool_use_id": "c1", "content": "1", "is_error": True}
            call = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
            yield (
                "a failed call",
                {"messages": [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]},
            )
        case "responses":
            yield (
                "a schema's description",
                {"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA, "description": "d"}}},
            )
            yield "the vendor's own search", {"tools": [{"type": "web_search"}]}
            yield "strict tools", {"tools": [{"type": "function", "name": "f", "strict": True}]}
            yield "an unknown word of an item", {"input": [{"role": "user", "content": "hi", "weight": 3}]}
            yield "who may think", {"reasoning": {"effort": "high", "mode": "pro"}}
            file = {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "f.pdf"}
            yield "a file", {"input": [{"role": "user", "content": [file]}]}
        case "gemini":
            for name, value in CONFIG.items():
                yield f"generationConfig.{name}", {"generationConfig": {name: value}}
            part: Fields = {"inlineData": {"mimeType": "image/png", "data": PNG}}
            for name in ("videoMetadata", "mediaResolution", "partMetadata", "toolCall"):
                yield f"a part's {name}", {"contents": [{"role": "user", "parts": [part | {name: {"a": 1}}]}]}
            for name in ("response", "responseJsonSchema", "behavior"):
                declared = {"name": "f", "parametersJsonSchema": SCHEMA, name: {"a": 1}}
                yield f"a function's {name}", {"tools": [{"functionDeclarations": [declared]}]}
            yield "where from", {"toolConfig": {"retrievalConfig": {"languageCode": "de"}}}
            yield "calls held to their schemas", {"toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}}}
            yield "a picture in the system prompt", {"systemInstruction": {"parts": [part]}}


DIALECTS = ("chat", "messages", "responses", "gemini")
PAIRS = [(client, provider) for client in DIALECTS for provider in DIALECTS if client != provider]
PARAMS = {"chat": ChatParams, "messages": MessagesParams, "responses": ResponsesParams}
OF_THE_CALL = {"model", "stream", "stream_options"}
"""Read before any translation: they say how to call, not what is asked."""


@cache
def plain(client: str, provider: str, model: str) -> Translated:
    return ask(client, provider, model, **BASE[client])


def outcome(client: str, provider: str, model: str, fields: Fields) -> str:
    """Tell what became of fields that were added to a plain request."""
    before = plain(client, provider, model)
    try:
        after = ask(client, provider, model, **(BASE[client] | fields))
    except BadBody as refused:
        return f"refused: {refused}"
    if set(after.dropped) - set(before.dropped):
        return f"named: {after.dropped}"
    return "carried" if json.loads(after.body) != json.loads(before.body) else "lost"


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_no_field_of_a_request_just_vanishes(client: str, provider: str) -> None:
    samples = [(name, {name: value}) for name, value in SENT[client].items()] + list(inner(client))
    lost = [
        (name, model)
        for name, fields in samples
        for model in MODELS[provider]
        if outcome(client, provider, model, fields) == "lost"
    ]
    assert lost == []


@pytest.mark.parametrize("client", ["chat", "messages", "responses"])
def test_every_field_that_the_official_sdk_knows_is_among_those(client: str) -> None:
    params = PARAMS[client]
    assert set(params.__required_keys__ | params.__optional_keys__) - OF_THE_CALL <= SENT[client].keys()


def test_every_field_of_googles_sdk_is_among_those() -> None:
    known = {field.alias or name for name, field in google.GenerationConfig.model_fields.items()}
    assert known <= CONFIG.keys() | {"responseJsonSchema", "responseSchema"}


def test_a_name_says_where_the_field_stood_and_what_a_history_repeats_is_none() -> None:
    said = {"role": "assistant", "content": "x", "annotations": [{"type": "url_citation"}], "name": "Bob"}
    asked = ask("chat", "messages", "claude-sonnet-4-5", messages=[said, {"role": "user", "content": "hi"}])
    assert asked.dropped == ("messages.name",)
    assert "annotations" in SAYS_NOTHING


def test_a_failed_call_with_a_picture_says_that_it_failed() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [picture], "is_error": True}
    call = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
    turns = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    sent = json.loads(ask("messages", "responses", "gpt-5.1", max_tokens=9, messages=turns).body)
    assert sent["input"][-1]["output"][0] == {"type": "input_text", "text": "Error:"}


def test_only_as_many_fields_are_named_as_fit_into_the_head_of_an_answer() -> None:
    unknown = {f"field{number}" + "x" * 100: 1 for number in range(500)}
    asked = ask("chat", "messages", "m", messages=[{"role": "user", "content": "hi"}], **unknown)
    assert len(asked.dropped) == MOST_NAMES
    assert len(", ".join(asked.dropped)) < 8000
