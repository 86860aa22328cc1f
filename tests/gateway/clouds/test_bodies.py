import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.gateway.clouds.bodies import outgoing_body, outgoing_lines

BODY = (
    b'{"model":"x", "max_tokens": 9,"messages":[{"role":"user","content":"caf\\u00e9  \xe2\x82\xac"}],'
    b'"stream":true,"new":1.0}'
)
BETA = ((b"Anthropic-Beta", b"a-1, b-2"), (b"x-other", b"y"), (b"anthropic-version", b"2023-06-01"))


def test_a_body_that_goes_out_as_it_is_keeps_every_byte() -> None:
    assert outgoing_body("same", BODY, BETA) is BODY
    assert outgoing_lines("same", BETA) == BETA


def test_bedrock_gets_its_version_and_betas_in_the_body_and_the_model_in_the_path() -> None:
    sent = outgoing_body("bedrock", BODY, BETA)
    found = json.loads(sent)
    assert (found["anthropic_version"], found["anthropic_beta"]) == ("bedrock-2023-05-31", ["a-1", "b-2"])
    assert not {"model", "stream"} & found.keys()
    assert b'"content":"caf\\u00e9  \xe2\x82\xac"' in sent
    assert b'"new":1.0' in sent
    assert outgoing_lines("bedrock", BETA) == ((b"x-other", b"y"),)


def test_vertex_keeps_the_stream_and_its_betas_in_the_header() -> None:
    found = json.loads(outgoing_body("vertex", BODY, BETA))
    assert (found["anthropic_version"], found["stream"]) == ("vertex-2023-10-16", True)
    assert "model" not in found
    assert "anthropic_beta" not in found
    assert outgoing_lines("vertex", BETA) == BETA[:2]


def test_a_count_names_its_model_in_the_body() -> None:
    assert json.loads(outgoing_body("vertex", BODY, (), counts=True))["model"] == "x"


def test_what_the_client_says_itself_stays() -> None:
    own = b'{"anthropic_version":"bedrock-new","anthropic_beta":["mine"]}'
    assert json.loads(outgoing_body("bedrock", own, BETA)) == json.loads(own)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_every_other_field_keeps_its_value_and_place(fields: dict[str, object]) -> None:
    found = json.loads(outgoing_body("bedrock", msgspec.json.encode(fields), ()))
    kept = {name: value for name, value in fields.items() if name not in {"model", "stream", "anthropic_version"}}
    found.pop("anthropic_version")
    assert list(found.items()) == list(kept.items())
