import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.control.listing import Listed, entries

OPENROUTER = {
    "id": "anthropic/claude-opus",
    "name": "Anthropic: Claude Opus",
    "context_length": 200_000,
    "architecture": {"output_modalities": ["text"]},
    "top_provider": {"max_completion_tokens": 32_000},
}
GOOGLE = {
    "name": "models/gemini-9",
    "displayName": "Gemini 9",
    "inputTokenLimit": 1_000_000,
    "outputTokenLimit": 65_536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "gpt-5", "object": "model"}, Listed("gpt-5", "chat")),
        ({"id": "text-embedding-3-small"}, Listed("text-embedding-3-small", "embedding")),
        ({"id": "whisper-1"}, Listed("whisper-1", None)),
        ({"id": "gpt-4o-mini-tts"}, Listed("gpt-4o-mini-tts", None)),
        ({"id": "davinci-002"}, Listed("davinci-002", None)),
        (
            {"type": "model", "id": "claude-opus-5", "display_name": "Claude Opus 5", "max_input_tokens": 200_000},
            Listed("claude-opus-5", "chat", "Claude Opus 5", 200_000),
        ),
        (OPENROUTER, Listed("anthropic/claude-opus", "chat", "Anthropic: Claude Opus", 200_000, 32_000)),
        ({**OPENROUTER, "architecture": {"output_modalities": ["image"]}}, None),
        (GOOGLE, Listed("gemini-9", "chat", "Gemini 9", 1_000_000, 65_536)),
        (
            {"name": "models/gemini-embedding", "supportedGenerationMethods": ["embedContent"]},
            Listed("gemini-embedding", "embedding"),
        ),
        ({"name": "models/imagen-9", "supportedGenerationMethods": ["predict"]}, Listed("imagen-9", None)),
        (
            {"id": "mistral-large", "capabilities": {"completion_chat": True}, "max_context_length": 131_072},
            Listed("mistral-large", "chat", None, 131_072),
        ),
        ({"id": "mistral-ocr", "capabilities": {"completion_chat": False}}, Listed("mistral-ocr", None)),
        (
            {"id": "llama", "context_window": 131_072, "max_completion_tokens": 32_768},
            Listed("llama", "chat", None, 131_072, 32_768),
        ),
        ({"id": "Qwen/Qwen3", "max_model_len": 40_960}, Listed("Qwen/Qwen3", "chat", None, 40_960)),
        ({"id": "nomic", "type": "embeddings"}, Listed("nomic", "embedding")),
    ],
)
def test_each_vendors_list_is_read(row: dict[str, Any], expected: Listed | None) -> None:
    (found,) = entries(json.dumps({"data": [row]}).encode()) or []
    if expected is None:
        assert found.kind is None
    else:
        assert found == expected


def test_googles_list_goes_by_another_name() -> None:
    assert [model.id for model in entries(json.dumps({"models": [GOOGLE]}).encode()) or []] == ["gemini-9"]


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"data":5}', b"{}", b'{"data":{}}', b"\xff"])
def test_what_is_no_list_is_none(body: bytes) -> None:
    assert entries(body) is None


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
FIELDS = st.sampled_from(["id", "name", "context_length", "capabilities", "architecture", "top_provider", "type"])


@given(st.lists(st.dictionaries(FIELDS, VALUES) | VALUES, max_size=4))
def test_no_row_of_a_list_does_harm(rows: list[Any]) -> None:
    for model in entries(json.dumps({"data": rows}).encode()) or []:
        assert model.id
        assert model.context_window is None or model.context_window > 0
