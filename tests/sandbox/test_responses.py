"""The sandbox as the OpenAI SDK's Responses see it."""

import openai
import pytest

from codevector_daemon.sandbox import SandboxProvider
from codevector_daemon.sandbox.responses import MOST_BYTES
from support.bridge import gpt_over

ASK = "Why does my test fail?"


async def test_a_response_says_what_chat_says_and_can_be_retrieved(gpt: openai.AsyncOpenAI) -> None:
    made = await gpt.responses.create(model="quick", input=ASK)
    chat = await gpt.chat.completions.create(model="quick", messages=[{"role": "user", "content": ASK}])
    assert made.usage is not None
    assert chat.usage is not None
    assert (made.status, bool(made.output_text)) == ("completed", True)
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    assert await gpt.responses.retrieve(made.id) == made
    listed = [item async for item in gpt.responses.input_items.list(made.id)]
    assert [item.type for item in listed] == ["message"]


async def test_a_streamed_response_is_kept_as_its_last_event_said(gpt: openai.AsyncOpenAI) -> None:
    stream = await gpt.responses.create(model="quick", input=ASK, stream=True)
    events = [event async for event in stream]
    last = events[-1]
    assert last.type == "response.completed"
    assert sum(event.type == "response.output_text.delta" for event in events) > 10
    assert (await gpt.responses.retrieve(last.response.id)).output_text == last.response.output_text
    again = [
        event.type async for event in await gpt.responses.retrieve(last.response.id, stream=True, starting_after=1)
    ]
    assert again == ["response.completed"]


async def test_one_goes_on_from_another(gpt: openai.AsyncOpenAI) -> None:
    first = await gpt.responses.create(model="quick", input=ASK)
    second = await gpt.responses.create(model="quick", input="And now?", previous_response_id=first.id)
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    assert second.previous_response_id == first.id
    with pytest.raises(openai.NotFoundError):
        await gpt.responses.create(model="quick", input="x", previous_response_id="resp_unknown")


async def test_what_is_deleted_or_not_to_be_kept_is_gone(gpt: openai.AsyncOpenAI) -> None:
    made = await gpt.responses.create(model="quick", input=ASK)
    await gpt.responses.delete(made.id)
    for response_id in (made.id, (await gpt.responses.create(model="quick", input=ASK, store=False)).id):
        with pytest.raises(openai.NotFoundError):
            await gpt.responses.retrieve(response_id)


async def test_a_background_run_is_ready_when_a_model_would_be() -> None:
    now_ms = [1_790_000_000_000]
    async with gpt_over(SandboxProvider(lambda: now_ms[0])) as gpt:
        one, two = [await gpt.responses.create(model="quick", input=ASK, background=True) for _ in range(2)]
        assert (one.status, one.usage, one.output) == ("queued", None, [])
        assert (await gpt.responses.retrieve(one.id)).status == "in_progress"
        cancelled = await gpt.responses.cancel(two.id)
        now_ms[0] += 60_000
        done = await gpt.responses.retrieve(one.id)
        assert (done.status, done.usage is not None) == ("completed", True)
        assert (cancelled.status, (await gpt.responses.retrieve(two.id)).status) == ("cancelled", "cancelled")
        assert (await gpt.responses.cancel(one.id)).status == "completed"


async def test_the_stream_of_a_background_run_ends_when_the_run_does() -> None:
    now_ms, slept = [1_790_000_000_000], []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now_ms[0] += round(seconds * 1000)

    async with gpt_over(SandboxProvider(lambda: now_ms[0], sleep=sleep)) as gpt:
        stream = await gpt.responses.create(model="quick", input=ASK, background=True, stream=True)
        events = [(event.type, now_ms[0]) async for event in stream]
        assert [name for name, _ in events] == ["response.created", "response.in_progress", "response.completed"]
        assert 0 < events[-1][1] - 1_790_000_000_000 == round(sum(slept) * 1000)
        run = await gpt.responses.create(model="quick", input=ASK, background=True)
        watched = await gpt.responses.retrieve(run.id, stream=True)
        assert (await anext(watched)).type == "response.created"
        await gpt.responses.cancel(run.id)
        assert [event.type async for event in watched] == ["response.in_progress", "response.cancelled"]


async def test_trouble_comes_in_the_shape_of_responses(gpt: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.RateLimitError):
        await gpt.responses.create(model="error-429", input=ASK)
    with pytest.raises(openai.BadRequestError):
        await gpt.responses.create(model="quick", input=[{"type": "nonsense"}])  # type: ignore[list-item,misc]
    with pytest.raises(openai.APIError):
        [event async for event in await gpt.responses.create(model="error-stream", input=ASK, stream=True)]


@pytest.mark.parametrize(
    "odd", [{"input": 5}, {"input": {}}, {"previous_response_id": ["x"]}, {"background": True, "max_output_tokens": 0}]
)
async def test_what_no_provider_would_take_is_refused(gpt: openai.AsyncOpenAI, odd: dict[str, object]) -> None:
    with pytest.raises(openai.BadRequestError):
        await gpt.responses.create(model="quick", **{"input": ASK, **odd})  # type: ignore[call-overload]


async def test_a_place_to_go_on_from_may_be_any_number(gpt: openai.AsyncOpenAI) -> None:
    made = await gpt.responses.create(model="quick", input=ASK)
    stream = await gpt.responses.retrieve(made.id, stream=True, extra_query={"starting_after": "9" * 5000})
    assert [event async for event in stream] == []


async def test_large_conversations_are_forgotten_before_they_fill_the_memory(gpt: openai.AsyncOpenAI) -> None:
    large = "x" * (MOST_BYTES // 2)
    first, second, third = [await gpt.responses.create(model="quick", input=large) for _ in range(3)]
    assert (await gpt.responses.retrieve(third.id)).id == third.id
    for gone in (first, second):
        with pytest.raises(openai.NotFoundError):
            await gpt.responses.retrieve(gone.id)
