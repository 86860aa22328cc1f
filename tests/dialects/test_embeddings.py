import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import BadBody, Head, Reading
from codevector_daemon.metering import estimate
from codevector_daemon.metering.counts import TokenCounts

EMBEDDINGS = by_name["embeddings"]
COMPLETIONS = by_name["completions"]


def read(answer: object) -> Reading:
    reader = EMBEDDINGS.reader(Head("m"), hide_usage=False, error=False)
    reader.body(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
    assert (reader.progress(), reader.text_of(reader.kept())) == (0, "")
    return reader.reading()


def answer(usage: object) -> dict[str, Any]:
    data = [{"object": "embedding", "index": 0, "embedding": [0.1, -0.2]}]
    return {"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage}


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 8, "total_tokens": 8}, 8),
        ({"total_tokens": 8}, 8),
        ({"input_tokens": 8}, 8),
        ({"prompt_tokens": 0, "total_tokens": 0}, 0),
    ],
)
def test_the_input_is_counted_under_any_of_its_names_and_the_output_is_none(usage: object, tokens: int) -> None:
    reading = read(answer(usage))
    assert (reading.counts, reading.whole) == (TokenCounts(uncached_input=tokens), True)
    assert (reading.finished, reading.served_model) == (True, "text-embedding-3-small")


@pytest.mark.parametrize("usage", [None, {}, "x"])
def test_a_missing_count_is_left_to_the_estimate(usage: object) -> None:
    reading = read(answer(usage))
    assert (reading.usage_source, reading.input_reported, reading.finished) == ("none", False, True)


def test_an_impossible_count_leaves_only_the_input_to_be_estimated() -> None:
    reading = read(answer({"prompt_tokens": -4}))
    assert (reading.input_reported, reading.output_reported, reading.refused) == (False, True, "prompt_tokens")


def test_an_error_in_a_200_is_seen() -> None:
    assert read({"error": {"type": "overloaded", "message": "m"}}).error == "overloaded"


@given(st.binary(max_size=40))
def test_garbage_never_raises(garbage: bytes) -> None:
    assert isinstance(read(garbage), Reading)


def test_only_the_models_name_is_exchanged() -> None:
    body = b'{"input": ["a", "b"] , "model" : "small"}'
    head = EMBEDDINGS.head(body)
    assert (head.model, head.stream, head.wants_usage) == ("small", False, True)
    sent = EMBEDDINGS.outgoing(body, head, "text-embedding-3-small", ask_usage=False)
    assert sent == body.replace(b'"small"', b'"text-embedding-3-small"')
    with pytest.raises(BadBody):
        EMBEDDINGS.head(b'{"input":"a"}')


@pytest.mark.parametrize("dialect", [EMBEDDINGS, COMPLETIONS])
@pytest.mark.parametrize(
    ("given_input", "texts", "tokens"),
    [("one", ("one",), 0), (["one", "two"], ("one", "two"), 0), ([1, 2, 3], (), 3), ([[1, 2], [3]], (), 3)],
)
def test_texts_are_estimated_and_tokens_counted(
    dialect: Any, given_input: object, texts: tuple[str, ...], tokens: int
) -> None:
    name = "input" if dialect is EMBEDDINGS else "prompt"
    body = json.dumps({"model": "m", name: given_input}).encode()
    prompt = dialect.prompt(body)
    assert (prompt.texts, prompt.tokens) == (texts, tokens)
    assert estimate.input_tokens(dialect, body, "text-embedding-3-small") >= tokens


def test_legacy_completions_are_read_like_chat() -> None:
    reader = COMPLETIONS.reader(Head("m", stream=True), hide_usage=True, error=False)
    chunk = {"id": "cmpl-1", "object": "text_completion", "model": "m", "choices": [{"index": 0, "text": "Once"}]}
    usage = {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}
    said = [chunk, chunk | {"choices": [], "usage": usage}]
    verdicts = [reader.event(b"data: " + json.dumps(one).encode() + b"\n\n").name for one in said]
    assert verdicts == ["PASS", "HIDE"]
    assert reader.event(b"data: [DONE]\n\n").name == "LAST"
    assert reader.reading().counts == TokenCounts(uncached_input=3, output=9)
    assert reader.text_of(reader.kept()) == "Once"
    head = COMPLETIONS.head(b'{"model":"m","prompt":"p","stream":true}')
    assert (COMPLETIONS.name, head.wants_usage) == ("completions", False)
