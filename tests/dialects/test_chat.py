import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import BadBody
from codevector_daemon.dialects.chat import refuses_usage_option

CHAT = by_name["chat"]


def sent(body: bytes, upstream_model: str = "up", *, ask_usage: bool = True) -> bytes:
    return CHAT.outgoing(body, CHAT.head(body), upstream_model, ask_usage=ask_usage)


def test_the_head_is_read_and_the_rest_is_left_alone() -> None:
    head = CHAT.head(
        b'{"messages":[{"role":"user","content":"hi"}],"model":"gpt-4o","stream":true,'
        b'"max_tokens":5,"max_completion_tokens":7,"service_tier":"flex"}'
    )
    assert (head.model, head.stream, head.max_output_tokens, head.service_tier) == ("gpt-4o", True, 7, "flex")
    assert not head.wants_usage


@pytest.mark.parametrize(
    ("body", "wants"),
    [
        (b'{"model":"m"}', True),
        (b'{"model":"m","stream":false}', True),
        (b'{"model":"m","stream":null}', True),
        (b'{"model":"m","stream":true}', False),
        (b'{"model":"m","stream":true,"stream_options":null}', False),
        (b'{"model":"m","stream":true,"stream_options":{}}', False),
        (b'{"model":"m","stream":true,"stream_options":{"include_usage":false}}', False),
        (b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}', True),
        (b'{"model":"m","stream":true,"stream_options":"odd"}', True),
        (b'{"model":"m","stream":true,"stream_options":{"include_usage":"odd"}}', True),
    ],
)
def test_only_a_stream_that_did_not_ask_lacks_usage(body: bytes, wants: bool) -> None:
    assert CHAT.head(body).wants_usage is wants


@pytest.mark.parametrize(
    ("body", "out"),
    [
        (
            b'{ "model" : "m" , "stream":true}',
            b'{ "model" : "up","stream_options":{"include_usage":true} , "stream":true}',
        ),
        (
            b'{"stream":true,"stream_options":{},"model":"m"}',
            b'{"stream":true,"stream_options":{"include_usage":true},"model":"up"}',
        ),
        (
            b'{"stream":true,"stream_options":{ "chunk": 1},"model":"m"}',
            b'{"stream":true,"stream_options":{"include_usage":true, "chunk": 1},"model":"up"}',
        ),
        (
            b'{"model":"m","stream":true,"stream_options":{"a":{"include_usage":1},"include_usage" : false}}',
            b'{"model":"up","stream":true,"stream_options":{"a":{"include_usage":1},"include_usage" : true}}',
        ),
        (
            b'{"model":"m","stream":true,"stream_options":null}',
            b'{"model":"up","stream":true,"stream_options":{"include_usage":true}}',
        ),
        (b'{"model":"m","stream":false}', b'{"model":"up","stream":false}'),
    ],
)
def test_usage_is_asked_for_with_as_few_bytes_as_can_be(body: bytes, out: bytes) -> None:
    assert sent(body) == out


def test_without_asking_only_the_model_changes() -> None:
    body = b'{"model":"m","stream":true, "x":"\\u00e9\xc3\xa9"}'
    assert sent(body, ask_usage=False) == b'{"model":"up","stream":true, "x":"\\u00e9\xc3\xa9"}'


def test_the_same_model_changes_nothing() -> None:
    body = b'{"model":"m\\u006d","stream":true}'
    assert sent(body, "mm", ask_usage=False) is body


def test_a_model_inside_a_message_is_not_touched() -> None:
    body = b'{"messages":[{"model":"m"}],"model":"m","metadata":{"model":"m"}}'
    assert sent(body) == b'{"messages":[{"model":"m"}],"model":"up","metadata":{"model":"m"}}'


def test_a_head_of_another_body_is_not_trusted() -> None:
    head = CHAT.head(b'{"model":"m"}')
    assert CHAT.outgoing(b'{"a":1,"model":"m"}', head, "up", ask_usage=False) == b'{"a":1,"model":"up"}'


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40), st.booleans())
def test_any_name_is_exchanged_for_any_other(name: str, other: str, stream: bool) -> None:
    out: dict[str, Any] = json.loads(sent(json.dumps({"model": name, "stream": stream}).encode(), other))
    assert out.pop("stream_options", None) == ({"include_usage": True} if stream else None)
    assert out == {"model": other, "stream": stream}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "'model' is missing"),
        (b'{"model":null}', "'model' must be a string"),
        (b'{"model":""}', "'model' must be a string"),
        (b'{"model":["a"]}', "'model' must be a string"),
        (b'{"model":"a","stream":"yes"}', "'stream' must be true or false"),
        (b'{"model":"a","stream":1}', "'stream' must be true or false"),
        (b'{"model":"a","stream":true,"stream":false}', "'stream' appears more than once"),
        (b'{"model":"a","model":"b"}', "'model' appears more than once"),
        (b"not json", "not a JSON object"),
    ],
)
def test_a_bad_body_is_refused_by_the_name_of_the_field(body: bytes, message: str) -> None:
    with pytest.raises(BadBody, match=message):
        CHAT.head(body)


def test_odd_limits_are_left_to_the_provider() -> None:
    head = CHAT.head(b'{"model":"a","max_tokens":"ten","service_tier":7}')
    assert (head.max_output_tokens, head.service_tier) == (None, None)


def test_an_error_has_openais_shape_and_no_control_characters() -> None:
    error = json.loads(CHAT.error(404, "not_found_error", "model_not_found", "no\n\x1b[1mmodel\x00", "model"))
    assert error == {
        "error": {"message": "no  [1mmodel ", "type": "not_found_error", "param": "model", "code": "model_not_found"}
    }


def test_a_broken_stream_ends_with_an_error_event() -> None:
    event = CHAT.error_event("api_error", "upstream_broken", "the provider hung up")
    assert event.startswith(b'data: {"error":{')
    assert event.endswith(b"}}\n\n")
    assert b"[DONE]" not in event


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (400, b'{"error":{"message":"Unrecognized request argument supplied: stream_options"}}', True),
        (400, b'{"detail":"extra field include_usage"}', True),
        (400, b'{"error":{"message":"max_tokens is too large"}}', False),
        (500, b"stream_options", False),
    ],
)
def test_a_provider_that_does_not_know_the_option_is_recognised(status: int, body: bytes, refused: bool) -> None:
    assert refuses_usage_option(status, body) is refused
