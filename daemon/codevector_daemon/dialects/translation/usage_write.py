"""Counts as each protocol reports them to its clients."""

from typing import Any

from codevector_daemon.metering.counts import TokenCounts


def chat(counts: TokenCounts) -> dict[str, Any]:
    """Return a usage block of Chat Completions: the prompt contains the cache, the completion the reasoning."""
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {
            "cached_tokens": counts.cache_read,
            "cache_write_tokens": counts.cache_write_5m + counts.cache_write_1h,
            "audio_tokens": counts.audio_input,
        },
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": counts.audio_output,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def responses(counts: TokenCounts) -> dict[str, Any]:
    """Return a usage block of Responses: contained like in Chat Completions."""
    return {
        "input_tokens": counts.input,
        "input_tokens_details": {
            "cached_tokens": counts.cache_read,
            "cache_write_tokens": counts.cache_write_5m + counts.cache_write_1h,
        },
        "output_tokens": counts.output,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": counts.input + counts.output,
    }


def messages(counts: TokenCounts) -> dict[str, Any]:
    """Return a usage block of Messages: the input excludes cache reads and writes."""
    fields: dict[str, Any] = {
        "input_tokens": counts.uncached_input,
        "cache_creation_input_tokens": counts.cache_write_5m + counts.cache_write_1h,
        "cache_read_input_tokens": counts.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write_5m,
            "ephemeral_1h_input_tokens": counts.cache_write_1h,
        },
        "output_tokens": counts.output,
    }
    if counts.reasoning:
        fields["output_tokens_details"] = {"thinking_tokens": counts.reasoning}
    if counts.server_tool_calls:
        fields["server_tool_use"] = {"web_search_requests": counts.server_tool_calls, "web_fetch_requests": 0}
    return fields


def gemini(counts: TokenCounts) -> dict[str, Any]:
    """Return Gemini's ``usageMetadata``: the prompt contains the cache, the candidates exclude the thoughts."""
    fields = {
        "promptTokenCount": counts.input,
        "candidatesTokenCount": counts.output - counts.reasoning,
        "totalTokenCount": counts.input + counts.output,
    }
    if counts.cache_read:
        fields["cachedContentTokenCount"] = counts.cache_read
    if counts.reasoning:
        fields["thoughtsTokenCount"] = counts.reasoning
    return fields
