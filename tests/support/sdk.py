"""The official SDKs as our tests use them, against the gateway or directly against the scripted provider."""

from collections.abc import Iterable
from typing import Any

import anthropic
import httpx2  # what both SDKs speak HTTP with
import openai

ASK: Any = [{"role": "user", "content": "Say hello, bitte ✓"}]
CHAT_TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
MESSAGES_TOOLS: Any = [
    {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}},
]
LIMIT_S = 30.0
TransportError = httpx2.TransportError


def gpt(url: str, key: str) -> openai.OpenAI:
    """Return an OpenAI client; ``url`` ends in the version path. It never retries."""
    return openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=LIMIT_S)


def claude(url: str, key: str) -> anthropic.Anthropic:
    """Return an Anthropic client; ``url`` has no version path. It never retries."""
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=LIMIT_S)


def chat_text(chunks: Iterable[Any]) -> str:
    """Return the text of a Chat stream."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def chat_arguments(chunks: Iterable[Any]) -> str:
    """Return the arguments of the one tool that a Chat stream calls."""
    calls = (call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or [])
    return "".join(call.function.arguments for call in calls)
