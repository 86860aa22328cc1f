import base64
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head, Image, Kept, Reading
from codevector_daemon.metering import estimate
from codevector_daemon.metering.counts import TokenCounts
from codevector_daemon.metering.families import claude_pixels, family_of, gemini_tiles, openai_tiles

CHAT, MESSAGES = by_name["chat"], by_name["messages"]


def chat_body(*contents: object, **more: object) -> bytes:
    messages = [{"role": "user", "content": content} for content in contents]
    return json.dumps({"model": "gpt-4o", "messages": messages} | more).encode()


def test_a_known_text_has_its_known_tokens() -> None:
    assert estimate.output_tokens("hello world", "gpt-4o") == 2  # "hello", " world"
    assert estimate.output_tokens("", "gpt-4o") == 0
    assert estimate.output_tokens("<|endoftext|>", "gpt-4o") == 7  # plain text, not the special token


def test_a_prompt_counts_its_text_and_its_frame() -> None:
    # "hello world" 2, 3 for the message, 3 for the answer's start
    assert estimate.input_tokens(CHAT, chat_body("hello world"), "gpt-4o") == 8
    assert estimate.input_tokens(CHAT, chat_body("hello world", "hello world"), "gpt-4o") > 8 + 3


def test_tools_count_with_their_descriptions() -> None:
    plain = estimate.input_tokens(CHAT, chat_body("hi"), "gpt-4o")
    tool = {"type": "function", "function": {"name": "grep", "description": "Search files for a pattern. " * 20}}
    assert estimate.input_tokens(CHAT, chat_body("hi", tools=[tool]), "gpt-4o") > plain + 100


def test_a_system_prompt_of_the_messages_protocol_counts() -> None:
    body = {"model": "claude-a", "system": [{"type": "text", "text": "word " * 100}], "messages": []}
    assert 100 <= estimate.input_tokens(MESSAGES, json.dumps(body).encode(), "claude-a") <= 150


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height)
    return base64.b64encode(head + bytes(4_000)).decode()


def test_a_picture_counts_by_its_tiles_and_not_by_its_base64() -> None:
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + png(1024, 1024), "detail": "high"}}
    bare = estimate.input_tokens(CHAT, chat_body([{"type": "text", "text": "hi"}]), "gpt-4o")
    assert estimate.input_tokens(CHAT, chat_body([{"type": "text", "text": "hi"}, url]), "gpt-4o") == bare + 765
    source = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png(750, 1000)}}
    assert estimate.input_tokens(MESSAGES, chat_body([source]), "claude-a") == 3 + 3 + 1000


@pytest.mark.parametrize(
    ("formula", "image", "tokens"),
    [
        (openai_tiles, Image(1024, 1024), 765),  # 768 x 768: 4 tiles
        (openai_tiles, Image(2048, 4096), 1105),  # 768 x 1536: 6 tiles
        (openai_tiles, Image(4096, 8192, "low"), 85),
        (openai_tiles, Image(200, 100), 255),
        (claude_pixels, Image(200, 200), 54),
        (claude_pixels, Image(1092, 1092), 1590),
        (gemini_tiles, Image(300, 384), 258),
        (gemini_tiles, Image(1000, 700), 516),
        (openai_tiles, Image(), 765),
    ],
)
def test_pictures_follow_the_vendors_formula(formula: object, image: Image, tokens: int) -> None:
    assert callable(formula)
    assert formula(image) == tokens


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4o", "openai"),
        ("o3", "openai"),
        ("claude-sonnet-4-5-20250929", "claude"),
        ("anthropic/claude-opus-4.6", "claude"),
        ("claude-opus-4-7", "claude-new"),
        ("claude-sonnet-5", "claude-new"),
        ("claude-3-5-sonnet-latest", "claude"),
        ("gemini-2.5-pro", "gemini"),
        ("deepseek-chat", "open"),
        ("anything", "openai"),
    ],
)
def test_a_model_counts_with_its_familys_factor(model: str, family: str) -> None:
    assert family_of(model).name == family


def test_other_tokenizers_count_more() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 50
    openai, claude, new = (
        estimate.output_tokens(text, model) for model in ("gpt-4o", "claude-3-haiku", "claude-opus-5")
    )
    assert openai < claude < new


def test_beyond_the_limit_the_length_alone_counts() -> None:
    beyond = estimate.output_tokens("word " * 900_000, "gpt-4o")
    within = estimate.output_tokens("word " * (estimate.ESTIMATE_MAX_BYTES // 5), "gpt-4o")
    rest = 900_000 * 5 - estimate.ESTIMATE_MAX_BYTES
    assert beyond == pytest.approx(within + rest / 4, rel=0.001)


def test_a_huge_body_is_not_parsed_at_all() -> None:
    assert estimate.input_tokens(CHAT, b"x " * 20_000_000, "gpt-4o") == 10_000_000
    assert estimate.quick_input(b"x" * 9) == 3


def test_files_in_a_prompt_are_not_guessed_by_their_size() -> None:
    said, picture = b"what is on this picture? " * 8_000, b'"data":"%s",' % (b"iVBORw0KGgo" * 100_000)
    body = b'{"messages":[' + (said + picture) * 3 + b"]}"
    assert estimate.quick_input(body) == pytest.approx(3 * (50_000 + 1_000), rel=0.05)
    assert estimate.quick_input(said * 8) == 400_000


def test_the_setting_says_up_to_where_text_is_counted_out() -> None:
    text = "你好" * 50_000  # one token, six bytes
    assert estimate.output_tokens(text, "gpt-4o") == 50_000
    assert estimate.output_tokens(text, "gpt-4o", 60_000) == 10_000 + 240_000 // 4
    assert estimate.output_tokens(text, "gpt-4o", 0) == 75_000
    assert estimate.input_tokens(CHAT, chat_body(text), "gpt-4o", 60_000) == 10_000 + 240_000 // 4 + 6


KEPT = [
    (
        "chat",
        b'{"choices":[{"message":{"content":"hello world"}}]}',
        b'data: {"choices":[{"delta":{"content":"hello world"}}]}\n\n',
    ),
    ("completions", b'{"choices":[{"text":"hello world"}]}', b'data: {"choices":[{"text":"hello world"}]}\n\n'),
    (
        "messages",
        b'{"content":[{"text":"hello world"}]}',
        b'data: {"type":"content_block_delta","delta":{"text":"hello world"}}\n\n',
    ),
    (
        "responses",
        b'{"output":[{"content":[{"text":"hello world"}]}]}',
        b'data: {"type":"response.output_text.delta","delta":"hello world"}\n\n',
    ),
    (
        "gemini",
        b'{"candidates":[{"content":{"parts":[{"text":"hello world"}]}}]}',
        b'data: {"candidates":[{"content":{"parts":[{"text":"hello world"}]}}]}\n\n',
    ),
]


@pytest.mark.parametrize(("dialect", "body", "event"), KEPT, ids=[one[0] for one in KEPT])
def test_what_is_kept_of_an_answer_is_counted_in_the_other_process(dialect: str, body: bytes, event: bytes) -> None:
    def kept(*events: bytes) -> Kept:
        reader = by_name[dialect].reader(Head("gpt-4o"), hide_usage=False, error=False)
        for one in events:
            reader.event(one)
        if not events:
            reader.body(body)
        return reader.kept()

    assert estimate.output_tokens(kept(), "gpt-4o") == 2
    assert estimate.output_tokens(kept(event), "gpt-4o") == 2
    many = kept(*[event] * 3_000)
    assert many.blocks[0].packed
    assert 5_000 <= estimate.output_tokens(many, "gpt-4o") <= 6_000
    large = event.replace(b"hello world", b"hello world" * 10_000)
    whole = kept(event, large, event)
    assert [block.packed for block in whole.blocks] == [True, False, False]
    assert estimate.output_tokens(whole, "gpt-4o") == pytest.approx(20_000, rel=0.01)
    assert whole.guess == pytest.approx(24_750, rel=0.05)


def test_what_was_reported_is_kept_and_only_the_rest_is_estimated() -> None:
    started = Reading(counts=TokenCounts(uncached_input=7, cache_read=5), usage_source="reported", input_reported=True)
    said = Kept("chat", b'{"choices":[{"message":{"content":"hello world"}}]}')
    counts = estimate.completed(started, CHAT, chat_body("hello world"), said, "gpt-4o")
    assert counts == TokenCounts(uncached_input=7, cache_read=5, output=2)
    silent = estimate.completed(Reading(), CHAT, chat_body("hello world"), said, "gpt-4o")
    assert silent == TokenCounts(uncached_input=8, output=2)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=80), st.text(max_size=200))
def test_garbage_is_estimated_without_a_word(body: bytes, text: str) -> None:
    assert estimate.input_tokens(CHAT, body, "gpt-4o") >= 0
    assert estimate.input_tokens(MESSAGES, body, text) >= 0
    assert estimate.output_tokens(text, text) >= 0


NAMES = st.sampled_from(["messages", "content", "tools", "image_url", "type", "source", "url", "data", "text"])
BODIES = st.recursive(
    st.none() | st.text(max_size=9) | st.sampled_from(["image", "image_url"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
)


@given(BODIES)
def test_any_body_is_read_for_an_estimate(body: object) -> None:
    packed = json.dumps({"messages": body, "tools": body, "system": body}).encode()
    assert CHAT.prompt(packed).messages >= 0
    assert isinstance(MESSAGES.input_text(packed), str)
