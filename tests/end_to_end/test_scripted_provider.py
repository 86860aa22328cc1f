"""The scripted provider, called directly: what it plays is what the vendors' own clients expect."""

import json
from collections.abc import Iterator

import anthropic
import openai
import pytest

from support import chat, codings, messages, raw, sdk
from support.counts import NOTHING, Counts, Rates
from support.provider import ScriptedProvider
from support.script import Answer, Gate, Pause, Send

CHAT = raw.request("POST", "/v1/chat/completions", (), b'{"model": "m"}')


@pytest.fixture
def gpt(provider: ScriptedProvider) -> Iterator[openai.OpenAI]:
    with sdk.gpt(f"{provider.url}/v1", "sk-direct") as client:
        yield client


@pytest.fixture
def claude(provider: ScriptedProvider) -> Iterator[anthropic.Anthropic]:
    with sdk.claude(provider.url, "sk-direct") as client:
        yield client


def test_the_openai_sdk_reads_a_plain_chat_answer(provider: ScriptedProvider, gpt: openai.OpenAI) -> None:
    provider.then(chat.plain())
    answer = gpt.chat.completions.create(model="m", messages=sdk.ASK)
    assert answer.choices[0].message.content == "".join(chat.WORDS)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (chat.USED.input, chat.USED.output)
    assert provider.said() == chat.USED


def test_the_openai_sdk_reads_a_chat_stream_and_its_usage(provider: ScriptedProvider, gpt: openai.OpenAI) -> None:
    provider.then(chat.streamed())
    with gpt.chat.completions.create(model="m", messages=sdk.ASK, stream=True) as stream:
        chunks = list(stream)
    assert sdk.chat_text(chunks) == "".join(chat.WORDS)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == chat.USED.input


def test_the_openai_sdk_puts_a_streamed_tool_call_together(provider: ScriptedProvider, gpt: openai.OpenAI) -> None:
    provider.then(chat.streamed_tool_call())
    with gpt.chat.completions.create(model="m", messages=sdk.ASK, tools=sdk.CHAT_TOOLS, stream=True) as stream:
        assert json.loads(sdk.chat_arguments(stream)) == {"city": "Köln"}


def test_the_openai_sdk_raises_a_scripted_error(provider: ScriptedProvider, gpt: openai.OpenAI) -> None:
    provider.then(chat.error(429, "rate_limit_error", "rate_limit_exceeded", ("retry-after", "7")))
    with pytest.raises(openai.RateLimitError) as raised:
        gpt.chat.completions.create(model="m", messages=sdk.ASK)
    assert raised.value.response.headers["retry-after"] == "7"


def test_the_openai_sdk_notices_an_error_after_the_200(provider: ScriptedProvider, gpt: openai.OpenAI) -> None:
    provider.then(chat.error_after_200())
    with (
        gpt.chat.completions.create(model="m", messages=sdk.ASK, stream=True) as stream,
        pytest.raises(openai.APIError, match="The server had an error"),
    ):
        list(stream)


def test_the_openai_sdk_lists_models(provider: ScriptedProvider, gpt: openai.OpenAI) -> None:
    provider.when("GET /v1/models", chat.models("a", "b"))
    assert [model.id for model in gpt.models.list()] == ["a", "b"]


def test_the_anthropic_sdk_reads_a_plain_message(provider: ScriptedProvider, claude: anthropic.Anthropic) -> None:
    provider.then(messages.plain())
    answer = claude.messages.create(model="m", messages=sdk.ASK, max_tokens=64)
    assert answer.content[0].text == "".join(messages.WORDS)  # type: ignore[union-attr]  # this script has text only
    assert answer.usage.cache_creation is not None
    assert answer.usage.cache_creation.ephemeral_1h_input_tokens == messages.USED.cache_write_1h
    assert provider.said() == messages.USED


def test_the_anthropic_sdk_reads_a_message_stream(provider: ScriptedProvider, claude: anthropic.Anthropic) -> None:
    provider.then(messages.streamed())
    with claude.messages.stream(model="m", messages=sdk.ASK, max_tokens=64) as stream:
        assert stream.get_final_text() == "".join(messages.WORDS)
        assert stream.get_final_message().usage.output_tokens == messages.USED.output


def test_the_anthropic_sdk_puts_a_streamed_tool_call_together(
    provider: ScriptedProvider, claude: anthropic.Anthropic
) -> None:
    provider.then(messages.streamed_tool_call())
    with claude.messages.stream(model="m", messages=sdk.ASK, max_tokens=64, tools=sdk.MESSAGES_TOOLS) as stream:
        (block,) = stream.get_final_message().content
    assert block.input == {"city": "Köln"}  # type: ignore[union-attr]  # this script calls a tool only


def test_the_anthropic_sdk_raises_a_scripted_error(provider: ScriptedProvider, claude: anthropic.Anthropic) -> None:
    provider.then(messages.error(529, "overloaded_error"))
    with pytest.raises(anthropic.APIStatusError) as raised:
        claude.messages.create(model="m", messages=sdk.ASK, max_tokens=64)
    assert raised.value.status_code == 529


def test_the_anthropic_sdk_counts_tokens(provider: ScriptedProvider, claude: anthropic.Anthropic) -> None:
    provider.then(messages.token_count(2095))
    assert claude.messages.count_tokens(model="m", messages=sdk.ASK).input_tokens == 2095


@pytest.mark.parametrize("coding", codings.SDK_CODINGS)
def test_a_coded_stream_is_readable_by_the_sdk(provider: ScriptedProvider, gpt: openai.OpenAI, coding: str) -> None:
    provider.then(codings.coded(chat.streamed(), coding))
    with gpt.chat.completions.create(model="m", messages=sdk.ASK, stream=True) as stream:
        assert sdk.chat_text(stream) == "".join(chat.WORDS)


@pytest.mark.parametrize("coding", codings.CODINGS)
def test_every_piece_of_a_coded_stream_can_be_read_when_it_arrives(provider: ScriptedProvider, coding: str) -> None:
    provider.then(codings.coded(chat.streamed(), coding).paced(0.02))
    decode = codings.decoder(coding)
    pieces = [decode(data) for _, data in raw.exchange(provider.port, CHAT).arrivals]
    assert pieces == chat.streamed().pieces


def test_a_request_is_recorded_byte_for_byte(provider: ScriptedProvider) -> None:
    provider.then(chat.plain())
    sent = raw.request("POST", "/v1/x%2Fy?b=1&a=%20", (("X-Odd", "a  b"), ("x-odd", "c")), b'{"a":  1}')
    reply = raw.exchange(provider.port, sent)
    seen = provider.only()
    assert seen.head + b"\r\n\r\n" + seen.body == sent
    assert (seen.method, seen.target, seen.header("x-odd")) == ("POST", "/v1/x%2Fy?b=1&a=%20", ["a  b", "c"])
    assert (reply.status, reply.body) == (200, chat.plain().body)
    assert reply.header("set-cookie") == ["__cf_bm=one; path=/", "_cfuvid=two; path=/"]


def test_a_chunked_request_body_is_put_together(provider: ScriptedProvider) -> None:
    provider.then(chat.plain())
    head = b"POST /v1/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw.exchange(provider.port, head + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n")
    assert provider.only().body == b"abc0123456789"


def test_a_gate_holds_an_answer_until_it_is_opened(provider: ScriptedProvider) -> None:
    provider.then(Answer((Send(b"first"), Gate("go"), Send(b"second")), framing="chunked"))
    with raw.RawCall(provider.port, CHAT) as call:
        assert b"second" not in call.piece_with(b"first")
        provider.open("go")
        assert call.reply().body == b"firstsecond"


def test_a_pause_keeps_the_pieces_apart(provider: ScriptedProvider) -> None:
    provider.then(Answer((Send(b"first"), Pause(0.05), Send(b"second")), framing="chunked"))
    (first, _), (second, _) = raw.exchange(provider.port, CHAT).arrivals
    assert second - first > 0.04


@pytest.mark.parametrize("reset", [True, False])
def test_a_cut_answer_is_incomplete(provider: ScriptedProvider, reset: bool) -> None:
    provider.then(chat.streamed().cut_after(2, reset=reset))
    assert not raw.exchange(provider.port, CHAT).complete
    assert provider.only().ending == "cut"
    assert provider.said() == NOTHING


def test_a_client_that_leaves_is_noticed(provider: ScriptedProvider) -> None:
    provider.then(chat.streamed().gated_after(1, "never"))
    with raw.RawCall(provider.port, CHAT) as call:
        call.head()
    provider.wait_for(lambda seen: seen[0].ending == "left", "the client leave")


def test_a_rule_answers_by_what_the_request_holds(provider: ScriptedProvider) -> None:
    provider.when("m", chat.plain("one"))
    provider.when("/special", chat.plain("two"))
    special = raw.request("POST", "/special", (), b'{"model": "m"}')
    assert b"one" in raw.exchange(provider.port, CHAT).body
    assert b"two" in raw.exchange(provider.port, special).body


def test_the_expected_price_is_exact_and_rounded_half_even_once() -> None:
    rates = Rates("1.37", "10", "0.0005", "2", "4.0005")
    assert rates.nano(Counts(uncached_input=1)) == 1370
    assert rates.nano(Counts(cache_read=1)) == 0
    assert rates.nano(Counts(cache_read=3)) == 2
    assert rates.nano(Counts(cache_read=1, cache_write_1h=1)) == 4001
