"""The sandbox as the OpenAI SDK sees it."""

import json
from typing import Any

import openai
import pytest

from support.sdk import CHAT_TOOLS

ASK: Any = [{"role": "user", "content": "Why does my test fail?"}]
USE_TOOL: Any = [{"role": "user", "content": "Please use the weather tool for Paris."}]


async def test_a_plain_answer_has_text_and_usage(gpt: openai.AsyncOpenAI) -> None:
    answer = await gpt.chat.completions.create(model="balanced", messages=ASK)
    text, usage = answer.choices[0].message.content, answer.usage
    assert text
    assert usage is not None
    assert answer.choices[0].finish_reason == "stop"
    assert usage.completion_tokens == len(text.split(" "))
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_the_same_prompt_gets_the_same_words_and_another_one_others(gpt: openai.AsyncOpenAI) -> None:
    one, same = [await gpt.chat.completions.create(model="quick", messages=ASK) for _ in range(2)]
    other = await gpt.chat.completions.create(model="quick", messages=[{"role": "user", "content": "Else?"}])
    assert one.choices == same.choices
    assert one.usage == same.usage
    assert one.id != same.id
    assert one.choices[0].message.content != other.choices[0].message.content


async def test_a_stream_says_what_the_plain_answer_says(gpt: openai.AsyncOpenAI) -> None:
    plain = await gpt.chat.completions.create(model="deep", messages=ASK)
    stream = await gpt.chat.completions.create(
        model="deep", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert [chunk.usage for chunk in chunks if not chunk.choices] == [plain.usage]
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]][-1] == "stop"
    assert len(chunks) > 100


async def test_a_stream_without_the_usage_option_carries_none(gpt: openai.AsyncOpenAI) -> None:
    stream = await gpt.chat.completions.create(model="quick", messages=ASK, stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in [chunk async for chunk in stream])


async def test_thinking_is_a_part_of_the_output(gpt: openai.AsyncOpenAI) -> None:
    usage = (await gpt.chat.completions.create(model="deep", messages=ASK)).usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert 0 < (usage.completion_tokens_details.reasoning_tokens or 0) < usage.completion_tokens


@pytest.mark.parametrize("model", ["quick", "deep"])
@pytest.mark.parametrize("limit", [1, 2, 7, 20])
async def test_a_limit_is_kept_and_named_as_the_reason(gpt: openai.AsyncOpenAI, model: str, limit: int) -> None:
    answer = await gpt.chat.completions.create(model=model, messages=ASK, max_completion_tokens=limit)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == limit
    assert answer.choices[0].finish_reason == "length"


async def test_a_tool_is_called_when_the_prompt_asks_for_it(gpt: openai.AsyncOpenAI) -> None:
    answer = await gpt.chat.completions.create(model="quick", messages=USE_TOOL, tools=CHAT_TOOLS)
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "sandbox"})
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_a_streamed_tool_call_comes_in_pieces(gpt: openai.AsyncOpenAI) -> None:
    stream = gpt.chat.completions.stream(model="quick", messages=USE_TOOL, tools=CHAT_TOOLS)
    async with stream as events:
        final = await events.get_final_completion()
    (call,) = final.choices[0].message.tool_calls or []
    assert json.loads(call.function.arguments) == {"city": "sandbox"}


@pytest.mark.parametrize(
    "messages",
    [
        ASK,
        [
            *USE_TOOL,
            {"role": "assistant", "content": "x"},
            {"role": "tool", "tool_call_id": "1", "content": "use a tool"},
        ],
    ],
)
async def test_no_tool_is_called_unasked_or_after_its_result(gpt: openai.AsyncOpenAI, messages: Any) -> None:
    answer = await gpt.chat.completions.create(model="quick", messages=messages, tools=CHAT_TOOLS)
    assert answer.choices[0].message.tool_calls is None


async def test_some_long_prompts_are_read_from_a_cache(gpt: openai.AsyncOpenAI) -> None:
    cached = []
    for number in range(30):
        ask: Any = [{"role": "user", "content": f"{number} " + "long prompt " * 100}]
        usage = (await gpt.chat.completions.create(model="quick", messages=ask)).usage
        assert usage is not None
        assert usage.prompt_tokens_details is not None
        cached.append((usage.prompt_tokens_details.cached_tokens or 0) / usage.prompt_tokens)
    assert 3 <= sum(share > 0 for share in cached) <= 20
    assert max(cached) < 0.95


async def test_the_models_are_listed(gpt: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in gpt.models.list()] == ["quick", "balanced", "deep"]


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("sandbox-error", openai.InternalServerError),
        ("error-429", openai.RateLimitError),
        ("sandbox/error-401", openai.AuthenticationError),
        ("sandbox-error-503", openai.InternalServerError),
    ],
)
async def test_an_error_can_be_asked_for(gpt: openai.AsyncOpenAI, model: str, error: type[openai.APIError]) -> None:
    with pytest.raises(error, match="asked to fail"):
        await gpt.chat.completions.create(model=model, messages=ASK)


async def test_an_error_inside_a_stream_reaches_the_sdk_as_one(gpt: openai.AsyncOpenAI) -> None:
    stream = await gpt.chat.completions.create(model="sandbox-error-stream", messages=ASK, stream=True)
    with pytest.raises(openai.APIError, match="asked to fail"):
        [chunk async for chunk in stream]
