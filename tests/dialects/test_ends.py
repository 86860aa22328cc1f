import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name, ends
from codevector_daemon.dialects.base import Head, Reading
from codevector_daemon.dialects.sse import event_of

BITS = [
    "a",
    ",",
    '"',
    "\\",
    "\\\\",
    "\n",
    "é",
    "☃",
    "😀",
    '{"usage": 1}',
    '"usage":',
    "]}",
    "]",
    "data: x\n\n",
    "0.5, ",
]
TEXTS = st.lists(st.sampled_from(BITS) | st.text(min_size=1, max_size=3), min_size=1, max_size=30).map("".join)
TEXTS = TEXTS.filter(lambda text: text.strip("\\"))  # in a text of backslashes alone no place to cut at can be told
USAGE = {"prompt_tokens": 3, "completion_tokens": 4}


def long(text: str, size: int = ends.LONG) -> str:
    return text * (size // len(text.encode()) + 1)


def compact(value: object, *, ascii_only: bool = False) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")).encode()


def chat(text: object, **more: object) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"message": {"content": text}}], **more}


def read(dialect: str, body: bytes) -> Reading:
    reader = by_name[dialect].reader(Head("gemini-3"), hide_usage=False, error=False)
    reader.body(body)
    return reader.reading()


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.booleans(), st.integers(0, 9))
def test_a_long_answer_is_read_by_its_ends_whatever_it_says(text: str, ascii_only: bool, shift: int) -> None:
    body = compact(chat("x" * shift + long(text), usage=USAGE), ascii_only=ascii_only)
    short = bytes(ends.document(body))
    assert len(short) < ends.LONG
    assert {**json.loads(short), "choices": []} == {**json.loads(body), "choices": []}


@settings(deadline=None, max_examples=30)
@given(TEXTS)
def test_so_is_a_long_event(text: str) -> None:
    event = event_of(compact(chat(long(text), usage=USAGE)), name="x")
    short = bytes(ends.payload(event))
    assert len(short) < ends.LONG
    assert json.loads(short)["usage"] == USAGE


def test_a_long_list_of_numbers_is_cut_between_two_of_them() -> None:
    data = [{"embedding": [-0.00694 + place * 1e-7 for place in range(400)]} for _ in range(250)]
    for indent in (None, 2):
        body = json.dumps({"data": data, "usage": {"prompt_tokens": 3}}, indent=indent).encode()
        assert len(body) > ends.LONG
        short = bytes(ends.document(body))
        assert len(short) < ends.LONG
        assert json.loads(short)["usage"] == {"prompt_tokens": 3}


@pytest.mark.parametrize("coded", ["QUJD", "//8=" * 3])
def test_a_long_picture_is_left_out(coded: str) -> None:
    assert len(ends.document(compact(chat(long(coded), usage=USAGE)))) < ends.LONG


@pytest.mark.parametrize(
    "body",
    [
        compact(chat("x", usage=USAGE)),
        compact({"a": long("x"), "usage": USAGE, "b": long("y")}),
        compact(chat(long("x"), usage=USAGE))[:-1],
        compact(chat(long("x"), usage=USAGE)) + b"}",
        compact([chat(long("x"), usage=USAGE)]),
        b"{" * (2 * ends.LONG),
        long("nonsense, ").encode(),
        bytes(2 * ends.LONG),
        b"\\" * (2 * ends.LONG),
        b"\x80" * (2 * ends.LONG),
    ],
    ids=lambda body: bytes(body[:9]).decode("latin-1") + str(len(body)),
)
def test_what_is_short_or_odd_stays_as_it_is(body: bytes) -> None:
    assert ends.document(body) == body


TEXT = {"type": "message", "content": [{"type": "output_text", "text": long('say "so", \\ ')}]}
SEARCH = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}}
READ = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.mark.parametrize("output", [[SEARCH, TEXT, TEXT], [TEXT, SEARCH, TEXT], [TEXT, TEXT, SEARCH]])
def test_a_search_between_two_long_texts_is_counted(output: list[object]) -> None:
    reading = read("responses", compact({"id": "r", "status": "completed", "output": output, "usage": READ}))
    assert (reading.counts.server_tool_calls, reading.counts.output, reading.finished) == (1, 4, True)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_grounding_between_two_long_texts_is_counted(order: tuple[int, int]) -> None:
    grounded = {"content": {"parts": [{"text": long("x")}]}, "groundingMetadata": {"webSearchQueries": ["q"]}}
    plain = {"content": {"parts": [{"text": long("y")}]}, "finishReason": "STOP"}
    both = (grounded, plain)
    answer = {"candidates": [both[place] for place in order], "usageMetadata": {"promptTokenCount": 3}}
    assert read("gemini", compact(answer)).counts.server_tool_calls == 1


def test_usage_is_found_wherever_it_stands() -> None:
    said = chat(long("x"))["choices"]
    for fields in ({"usage": USAGE, "choices": said}, {"choices": said, "usage": USAGE, "tail": long("y")}):
        assert read("chat", compact(fields)).counts.output == 4
