"""What the gateway's own errors must look like, whatever the situation."""

import json
import re
from typing import Any

from support.raw import Reply

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

OPENAIS = frozenset({"chat", "completions", "responses", "embeddings"})


def error_of(reply: Reply, dialect: str) -> dict[str, Any]:
    """Return the error object of an answer, asserting the shape of the dialect."""
    assert reply.header("content-type")[0].startswith("application/json")
    assert reply.header("content-length") == [str(len(reply.body))]
    body: dict[str, Any] = json.loads(reply.body)
    error: dict[str, Any] = body["error"]
    assert isinstance(error["message"], str)
    assert len(error["message"]) > 10
    assert not CONTROL.search(error["message"])
    assert "Traceback" not in error["message"]
    if dialect == "gemini":
        return {**error, **error["details"][0]["metadata"]}
    if dialect in OPENAIS:
        assert list(body) == ["error"]
        assert {"message", "type", "param", "code"} <= set(error)
    else:
        assert body["type"] == "error"
    return error


def assert_refused(reply: Reply, dialect: str, status: int, kind: str, code: str | None = None) -> str:
    """Assert one row of the contract's error table and return the message."""
    error = error_of(reply, dialect)
    assert (reply.status, error["type"]) == (status, kind)
    if code is not None and "code" in error:
        assert error["code"] == code
    message: str = error["message"]
    return message
