import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Image, Prompt
from codevector_daemon.dialects.images import image_in_base64, image_in_data_url


def prompt(dialect: str, request: dict[str, Any]) -> Prompt:
    return by_name[dialect].prompt(json.dumps(request).encode())


def test_every_text_of_a_chat_prompt_is_found() -> None:
    request = {
        "model": "not text",
        "messages": [
            {"role": "system", "content": "rules"},
            {"role": "user", "content": [{"type": "text", "text": "question"}]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "grep", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "found"},
        ],
        "tools": [{"type": "function", "function": {"name": "grep"}}],
    }  # fmt: skip
    read = prompt("chat", request)
    assert read.texts[:-1] == ("rules", "question", "grep", "{}", "found")
    assert (read.messages, read.tools, read.images) == (4, 1, ())
    assert json.loads(read.texts[-1])["function"]["name"] == "grep"


def test_every_text_of_a_messages_prompt_is_found() -> None:
    request = {
        "system": [{"type": "text", "text": "rules", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "question"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "A" * 400},
                {"type": "tool_use", "id": "toolu_1", "name": "grep", "input": {"pattern": "x"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "found"}]},
        ],
        "tools": [],
    }  # fmt: skip
    assert prompt("messages", request).texts == ("rules", "question", "hm", "grep", "x", "found")
    assert by_name["messages"].input_text(json.dumps(request).encode()) == "rules\nquestion\nhm\ngrep\nx\nfound"


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"\xff", b'{"messages":7,"tools":{"a":1}}'])
def test_what_cannot_be_read_counts_as_nothing(body: bytes) -> None:
    assert by_name["chat"].prompt(body) == by_name["messages"].prompt(body) == Prompt()


def file(*parts: bytes) -> str:
    return base64.b64encode(b"".join(parts)).decode()


JPEG = (
    b"\xff\xd8", b"\xff\xe0\x00\x10" + bytes(14), b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 480, 640) + bytes(10)
)  # fmt: skip
FILES = {
    "png": file(b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">II", 640, 480)),
    "gif": file(b"GIF89a" + struct.pack("<HH", 640, 480)),
    "jpeg": file(*JPEG),
    "webp lossy": file(b"RIFF" + bytes(4) + b"WEBPVP8 " + bytes(10) + struct.pack("<HH", 640, 480)),
    "webp lossless": file(b"RIFF" + bytes(4) + b"WEBPVP8L" + bytes(5) + (639 | 479 << 14).to_bytes(4, "little")),
    "webp extended": file(b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + b"\x7f\x02\x00" + b"\xdf\x01\x00"),
}


@pytest.mark.parametrize("form", FILES)
def test_a_pictures_size_is_read_from_its_first_bytes(form: str) -> None:
    assert image_in_data_url(f"data:image/x;base64,{FILES[form]}", "high") == Image(640, 480, "high")


@pytest.mark.parametrize("link", ["https://example.org/a.png", "data:image/png,raw", "", "data:image/png;base64,AAAA"])
def test_a_picture_that_is_not_inline_has_no_known_size(link: str) -> None:
    assert image_in_data_url(link, "auto") == Image()


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: base64.b64encode(b"\xff\xd8" + data).decode()))
def test_a_broken_picture_never_raises(data: str) -> None:
    assert image_in_base64(data, "auto").width >= 0
