"""The request that leads to a case's answer, byte for byte as a client would send it."""

import json
from typing import Any

from support.cases.case import ASK, Case

_TALK = [{"role": "user", "content": ASK}]
_ASKED: dict[str, dict[str, Any]] = {
    "chat": {"messages": _TALK},
    "messages": {"max_tokens": 1024, "messages": _TALK},
    "responses": {"input": ASK},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": ASK}]}]},
    "embeddings": {"input": ASK},
    "completions": {"prompt": ASK},
}
PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
    "completions": "/v1/completions",
}
ASK_USAGE = b',"stream_options":{"include_usage":true}'


def asked(case: Case, model: str) -> tuple[bytes, str]:
    """Return the request's body, and what the path names where that is the model."""
    if case.dialect == "gemini":
        return json.dumps(_ASKED["gemini"] | case.asked).encode(), f"{model}:{case.action}"
    request: dict[str, Any] = {"model": model, **_ASKED[case.dialect], **case.asked}
    if case.stream:
        request["stream"] = True
        if case.asks_usage and case.dialect in {"chat", "completions"}:
            request["stream_options"] = {"include_usage": True}
    return json.dumps(request).encode(), ""


def forwarded(case: Case, slug: str) -> bytes:
    """Return what the provider must receive: the client's bytes but for the model, and the usage option if needed."""
    body, _ = asked(case, slug)
    if case.dialect == "gemini":
        return body
    mine, theirs = (b'"model": ' + json.dumps(name).encode() for name in (slug, case.model))
    asks = case.stream and not case.asks_usage
    return body.replace(mine, theirs + (ASK_USAGE if asks else b""), 1)
