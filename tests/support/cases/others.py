"""Embeddings and legacy completions."""

from typing import Any, Final

from support.cases.case import Case, sse

VECTOR: Final = '{"object":"embedding","index":0,"embedding":[-0.006929283495992422,-0.005336422007530928]}'


def vectors(usage: str) -> bytes:
    """Return an answer of embeddings around a usage block."""
    return f'{{"object":"list","data":[{VECTOR}],"model":"text-embedding-3-small","usage":{usage}}}'.encode()


def completed(usage: str) -> bytes:
    """Return an answer of legacy completions around a usage block."""
    choice = '{"text":"hello world","index":0,"logprobs":null,"finish_reason":"stop"}'
    head = '"id":"cmpl-uqkvl","object":"text_completion","created":1764000000,"model":"gpt-3.5-turbo-instruct"'
    return f'{{{head},"choices":[{choice}],"usage":{usage}}}'.encode()


def piece(text: str) -> str:
    """Return one chunk of streamed legacy completions."""
    choice = f'{{"text":"{text}","index":0,"logprobs":null,"finish_reason":null}}'
    return f'{{"id":"cmpl-7iA7i","object":"text_completion","choices":[{choice}],"model":"gpt-3.5-turbo-instruct","usage":null}}'  # noqa: E501 - as on the wire


EXTRA: Final = '{"id":"cmpl-7iA7i","object":"text_completion","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}'  # noqa: E501 - as on the wire


def embedding(name: str, rule: str, answer: bytes, counts: dict[str, int], nano: int, **more: Any) -> Case:
    """Make a case of embeddings; text-embedding-3-small costs 20."""
    known: dict[str, Any] = {"vendor": "openai", "kind": "openai", "model": "text-embedding-3-small"}
    return Case(name, rule, "embeddings", answer=answer, counts=counts, nano=nano, **known | more)


def completion(name: str, rule: str, answer: bytes, counts: dict[str, int], nano: int, **more: Any) -> Case:
    """Make a case of legacy completions; gpt-3.5-turbo-instruct costs 1,500 in and 2,000 out."""
    known: dict[str, Any] = {"vendor": "openai", "kind": "openai", "model": "gpt-3.5-turbo-instruct"}
    return Case(name, rule, "completions", answer=answer, counts=counts, nano=nano, **known | more)


CASES: Final = (
    embedding("plain", "input only", vectors('{"prompt_tokens":8,"total_tokens":8}'), {"uncached_input": 8}, 8 * 20),
    embedding(
        "total-only",
        "a vendor that reports only the total (Voyage)",
        vectors('{"total_tokens":10}'),
        {"uncached_input": 10},
        10 * 20,
    ),
    embedding("no-usage", "two tokens asked", vectors("null"), {"uncached_input": 2}, 2 * 20, source="estimated"),
    embedding(
        "tokens-asked",
        "tokens that the client counted out itself are known",
        vectors("null"),
        {"uncached_input": 5},
        5 * 20,
        source="estimated",
        asked={"input": [15339, 1917, 0, 15339, 1917]},
    ),
    embedding(
        "override",
        "a price set by hand",
        vectors('{"prompt_tokens":8,"total_tokens":8}'),
        {"uncached_input": 8},
        8 * 500,
        prices=("0.5", "0"),
        basis="override",
    ),
    embedding(
        "negative",
        "a negative count is refused and estimated: two tokens asked",
        vectors('{"prompt_tokens":-8,"total_tokens":8}'),
        {"uncached_input": 2},
        2 * 20,
        source="estimated",
    ),
    embedding(
        "error-with-usage",
        "an error that carries usage is charged for it",
        b'{"error":{"message":"lost","type":"server_error"},"usage":{"prompt_tokens":8,"total_tokens":8}}',
        {"uncached_input": 8},
        8 * 20,
        status=500,
        state="upstream_failed",
        error="server_error",
    ),
    embedding(
        "error",
        "an error costs nothing",
        b'{"error":{"message":"too long","type":"invalid_request_error","param":null,"code":null}}',
        {},
        0,
        status=400,
        basis=None,
        source="none",
        state="upstream_failed",
        error="invalid_request_error",
    ),
    completion(
        "plain",
        "metered like chat",
        completed('{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}'),
        {"uncached_input": 5, "output": 7},
        5 * 1_500 + 7 * 2_000,
    ),
    completion(
        "stream-not-asked",
        "its usage option is chat's, and so is the extra chunk",
        sse(piece("hello"), piece(" world"), EXTRA, "[DONE]"),
        {"uncached_input": 5, "output": 7},
        5 * 1_500 + 7 * 2_000,
        stream=True,
        asks_usage=False,
        hidden=sse(EXTRA),
    ),
    completion(
        "stream-asked",
        "the extra chunk passes where the client asked for it",
        sse(piece("hello"), piece(" world"), EXTRA, "[DONE]"),
        {"uncached_input": 5, "output": 7},
        5 * 1_500 + 7 * 2_000,
        stream=True,
    ),
    completion(
        "error",
        "an error costs nothing",
        b'{"error":{"message":"m","type":"invalid_request_error","param":null,"code":null}}',
        {},
        0,
        status=400,
        basis=None,
        source="none",
        state="upstream_failed",
        error="invalid_request_error",
    ),
    completion(
        "no-usage",
        "two tokens asked, two answered",
        completed("null"),
        {"uncached_input": 2, "output": 2},
        2 * 1_500 + 2 * 2_000,
        source="estimated",
    ),
)
