import json
from typing import Any

import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import BadBody

RESPONSES = by_name["responses"]


def test_the_head_is_read_and_the_model_exchanged_without_touching_another_byte() -> None:
    body = b'{ "input" : "h\\u00ef",\n "model":"gpt-x" ,"stream":true, "service_tier":"flex","max_output_tokens":7}'
    head = RESPONSES.head(body)
    assert (head.model, head.stream, head.service_tier, head.max_output_tokens) == ("gpt-x", True, "flex", 7)
    assert (head.wants_usage, head.background, head.previous) == (True, False, None)
    sent = RESPONSES.outgoing(body, head, "gpt-5.1-codex", ask_usage=True)
    assert sent == body.replace(b'"gpt-x"', b'"gpt-5.1-codex"')


def test_the_head_tells_of_the_background_and_the_response_it_goes_on_from() -> None:
    head = RESPONSES.head(b'{"model":"m","background":true,"previous_response_id":"resp_1"}')
    assert (head.background, head.previous) == (True, "resp_1")


def test_the_head_tells_what_is_kept_and_hides_no_id_however_long_it_is() -> None:
    head = RESPONSES.head(
        b'{"model":"m","store":false,"conversation":{"id":"conv_1"},"previous_response_id":"%s"}' % (b"x" * 5000)
    )
    assert (head.store, head.conversation, head.previous) == (False, True, "x" * 5000)
    plain = RESPONSES.head(b'{"model":"m","store":null,"conversation":null,"previous_response_id":null}')
    assert (plain.store, plain.conversation, plain.previous) == (True, False, None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"model":1}', b'{"model":"a","model":"b"}', b'{"model":"a","stream":3}']
)
def test_a_bad_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadBody):
        RESPONSES.head(body)


def test_a_broken_stream_ends_with_an_error_that_reads_as_both_of_openais_shapes() -> None:
    raw = RESPONSES.error_event("api_error", "stream_ended_early", "gone\n")
    name, data = raw.decode().strip().split("\n")
    said = json.loads(data.removeprefix("data: "))
    assert name == "event: error"
    assert (said["type"], said["code"], said["message"]) == ("error", "stream_ended_early", "gone ")
    assert said["error"]["type"] == "api_error"


def request(**fields: Any) -> bytes:
    return json.dumps({"model": "m"} | fields).encode()


def test_the_prompt_holds_instructions_input_and_tools() -> None:
    items = [
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "look"}, {"type": "input_image", "image_url": "u"}],
        },
        {"type": "function_call_output", "call_id": "c", "output": "42"},
        {"type": "reasoning", "encrypted_content": "x" * 9000, "summary": []},
    ]
    prompt = RESPONSES.prompt(request(instructions="be brief", input=items, tools=[{"type": "function", "name": "f"}]))
    assert prompt.texts[:2] == ("be brief", "look")
    assert "42" in prompt.texts
    assert (prompt.messages, prompt.tools, len(prompt.images)) == (3, 1, 1)
    assert not any("xxxx" in text for text in prompt.texts)
    assert RESPONSES.prompt(request(input="hello")).texts == ("hello",)
    assert RESPONSES.prompt(b"garbage").texts == ()
