"""The sandbox as the Anthropic SDK sees it."""

from typing import Any

import anthropic
import pytest

from support.sdk import MESSAGES_TOOLS

ASK: Any = [{"role": "user", "content": "Why does my test fail?"}]
USE_TOOL: Any = [{"role": "user", "content": [{"type": "text", "text": "Call the weather tool, please."}]}]


async def test_a_plain_answer_has_text_and_usage(claude: anthropic.AsyncAnthropic) -> None:
    answer = await claude.messages.create(model="balanced", messages=ASK, max_tokens=1000)
    (block,) = answer.content
    assert block.type == "text"
    assert answer.usage.output_tokens == len(block.text.split(" "))
    assert answer.stop_reason == "end_turn"


async def test_a_stream_says_what_the_plain_answer_says(claude: anthropic.AsyncAnthropic) -> None:
    plain = await claude.messages.create(model="deep", messages=ASK, max_tokens=1000)
    async with claude.messages.stream(model="deep", messages=ASK, max_tokens=1000) as stream:
        final = await stream.get_final_message()
    assert [block.text for block in final.content] == [block.text for block in plain.content]  # type: ignore[union-attr]
    assert final.usage.output_tokens == plain.usage.output_tokens
    assert final.usage.input_tokens == plain.usage.input_tokens
    assert final.stop_reason == "end_turn"


async def test_a_stream_has_every_event_in_order(claude: anthropic.AsyncAnthropic) -> None:
    stream = await claude.messages.create(
        model="quick", messages=USE_TOOL, tools=MESSAGES_TOOLS, max_tokens=1000, stream=True
    )
    kinds = [event.type async for event in stream]
    seen = [kind for at, kind in enumerate(kinds) if at == 0 or kind != kinds[at - 1]]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert [kind for kind in seen if kind != "ping"] == [
        "message_start",
        *block,
        *block,
        "message_delta",
        "message_stop",
    ]


async def test_a_limit_is_kept_and_named_as_the_reason(claude: anthropic.AsyncAnthropic) -> None:
    answer = await claude.messages.create(model="balanced", messages=ASK, max_tokens=5)
    assert (answer.usage.output_tokens, answer.stop_reason) == (5, "max_tokens")


async def test_a_tool_is_called_when_the_prompt_asks_for_it(claude: anthropic.AsyncAnthropic) -> None:
    answer = await claude.messages.create(model="quick", messages=USE_TOOL, tools=MESSAGES_TOOLS, max_tokens=1000)
    call = answer.content[-1]
    assert call.type == "tool_use"
    assert (call.name, call.input, answer.stop_reason) == ("weather", {}, "tool_use")
    async with claude.messages.stream(
        model="quick", messages=USE_TOOL, tools=MESSAGES_TOOLS, max_tokens=1000
    ) as stream:
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["text", "tool_use"]


async def test_the_result_of_a_tool_is_answered_with_words(claude: anthropic.AsyncAnthropic) -> None:
    result: Any = {"type": "tool_result", "tool_use_id": "t", "content": "use a tool"}
    messages: Any = [*USE_TOOL, {"role": "assistant", "content": "ok"}, {"role": "user", "content": [result]}]
    answer = await claude.messages.create(model="quick", messages=messages, tools=MESSAGES_TOOLS, max_tokens=1000)
    assert [block.type for block in answer.content] == ["text"]


async def test_tokens_are_counted_as_they_are_billed(claude: anthropic.AsyncAnthropic) -> None:
    counted = await claude.messages.count_tokens(model="quick", messages=ASK, system="Be brief.", tools=MESSAGES_TOOLS)
    answer = await claude.messages.create(
        model="quick", messages=ASK, system="Be brief.", tools=MESSAGES_TOOLS, max_tokens=100
    )
    usage = answer.usage
    read = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    assert counted.input_tokens == read


async def test_the_models_are_listed(claude: anthropic.AsyncAnthropic) -> None:
    assert [model.display_name async for model in claude.models.list()] == [
        "Sandbox Quick",
        "Sandbox Balanced",
        "Sandbox Deep",
    ]


async def test_overload_can_be_asked_for(claude: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        await claude.messages.create(model="sandbox-error", messages=ASK, max_tokens=10)
    assert caught.value.status_code == 529
    assert "overloaded_error" in str(caught.value.body)


async def test_an_error_inside_a_stream_reaches_the_sdk_as_one(claude: anthropic.AsyncAnthropic) -> None:
    stream = await claude.messages.create(model="error-stream", messages=ASK, max_tokens=100, stream=True)
    with pytest.raises(anthropic.APIStatusError, match="asked to fail"):
        [event async for event in stream]
