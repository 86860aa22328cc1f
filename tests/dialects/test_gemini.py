import base64
import json
from typing import Any

import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import BadBody, Image

GEMINI = by_name["gemini"]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big"))


def test_the_path_names_the_model_and_what_is_asked_of_it() -> None:
    body = b'{"contents":[],"generationConfig":{"maxOutputTokens":9},"serviceTier":"flex"}'
    head = GEMINI.head(body, "gemini-2.5-pro:streamGenerateContent")
    assert (head.model, head.action, head.stream) == ("gemini-2.5-pro", "streamGenerateContent", True)
    assert (head.max_output_tokens, head.service_tier, head.wants_usage) == (9, "flex", True)
    whole = GEMINI.head(body, "gemini-2.5-pro:generateContent")
    assert (whole.stream, whole.action) == (False, "generateContent")


@pytest.mark.parametrize("target", ["", "gemini", ":generateContent", "x" * 600 + ":generateContent"])
def test_a_path_without_model_or_action_is_refused(target: str) -> None:
    with pytest.raises(BadBody, match="path"):
        GEMINI.head(b"{}", target)


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadBody):
        GEMINI.head(b"[]", "m:generateContent")


def test_the_body_goes_upstream_as_it_came() -> None:
    body = b'{ "contents" : [ {"parts":[{"text":"h\\u00ef"}]} ] }'
    head = GEMINI.head(body, "fast:generateContent")
    assert GEMINI.outgoing(body, head, "gemini-2.5-flash", ask_usage=True) is body


def test_a_model_named_in_the_body_besides_is_exchanged() -> None:
    body = b'{"model": "models/fast", "contents": []}'
    head = GEMINI.head(body, "fast:generateContent")
    sent = GEMINI.outgoing(body, head, "gemini-2.5-flash", ask_usage=False)
    assert sent == b'{"model": "models/gemini-2.5-flash", "contents": []}'


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (429, "RESOURCE_EXHAUSTED"),
        (502, "UNAVAILABLE"),
        (409, "FAILED_PRECONDITION"),
    ],
)
def test_errors_have_googles_shape(status: int, name: str) -> None:
    error = json.loads(GEMINI.error(status, "some_error", "some_code", "what\r\nand why"))["error"]
    assert (error["code"], error["status"], error["message"]) == (status, name, "what  and why")
    assert error["details"][0]["metadata"] == {"type": "some_error", "code": "some_code"}
    event = GEMINI.error_event("api_error", "stream_ended_early", "gone")
    assert json.loads(event.removeprefix(b"data: "))["error"]["status"] == "INTERNAL"


def prompt_of(**fields: Any) -> Any:
    return GEMINI.prompt(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("inline", "kind", "system"),
    [("inlineData", "mimeType", "systemInstruction"), ("inline_data", "mime_type", "system_instruction")],
)
def test_the_prompt_is_read_in_either_spelling(inline: str, kind: str, system: str) -> None:
    parts = [
        {"text": "look"},
        {inline: {kind: "image/png", "data": PNG.decode()}},
        {inline: {kind: "audio/wav", "data": "AAAA"}},
    ]
    call = {"functionCall": {"name": "f", "args": {"a": 1}}}
    tools = [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}, {"googleSearch": {}}]
    prompt = prompt_of(
        contents=[{"role": "user", "parts": parts}, {"parts": call}],
        tools=tools,
        **{system: {"parts": [{"text": "be brief"}]}},
    )
    assert prompt.texts[:2] == ("be brief", "look")
    assert (prompt.messages, prompt.tools) == (2, 2)
    assert prompt.images == (Image(640, 480),)
    assert any('"args"' in text for text in prompt.texts)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"contents": 3}', b'{"contents": [1, {"parts": [2]}]}'])
def test_an_odd_prompt_counts_as_nothing(body: bytes) -> None:
    assert GEMINI.prompt(body).texts == ()
