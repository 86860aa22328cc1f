import json

import pytest

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import BadBody

MESSAGES = by_name["messages"]


def test_the_head_is_read_and_the_rest_is_left_alone() -> None:
    head = MESSAGES.head(b'{"model":"claude-x","max_tokens":9,"stream":true,"system":[{"type":"text","text":"s"}]}')
    assert (head.model, head.stream, head.max_output_tokens, head.service_tier) == ("claude-x", True, 9, None)
    assert head.wants_usage


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({"service_tier": "auto"}, None),
        ({"speed": "standard"}, None),
        ({"speed": "fast"}, "fast"),
        ({"inference_geo": "us"}, "geo-us"),
        ({"speed": "fast", "inference_geo": "us"}, "fast+geo-us"),
    ],
)
def test_what_was_asked_for_and_costs_more_is_in_the_head(fields: dict[str, str], tier: str | None) -> None:
    assert MESSAGES.head(json.dumps({"model": "m"} | fields).encode()).service_tier == tier


def test_only_the_models_name_changes() -> None:
    body = b'{"system" : [ {"text":"\\u0041","cache_control":{"type":"ephemeral"}} ],\n "model": "alias" , "x":1.0}'
    out = MESSAGES.outgoing(body, MESSAGES.head(body), "claude-opus-4-6", ask_usage=True)
    assert out == body.replace(b'"alias"', b'"claude-opus-4-6"')


def test_a_bad_body_is_refused() -> None:
    with pytest.raises(BadBody, match="'model' is missing"):
        MESSAGES.head(b'{"messages":[]}')


def test_an_error_has_anthropics_shape_with_our_code_besides() -> None:
    assert json.loads(MESSAGES.error(403, "billing_error", "budget_exceeded", "over\tbudget")) == {
        "type": "error",
        "error": {"type": "billing_error", "message": "over budget", "code": "budget_exceeded"},
    }


def test_a_broken_stream_ends_with_an_error_event() -> None:
    event = MESSAGES.error_event("api_error", "upstream_broken", "gone")
    assert event.startswith(b'event: error\ndata: {"type":"error",')
    assert event.endswith(b"}\n\n")
