"""Many streams at once: every caller gets its own answer, and the books hold the sum of what was said."""

import asyncio
from typing import Any

import anthropic
import openai

from support import chat, messages, sdk
from support.books import counts_of
from support.counts import NOTHING, Counts
from support.desk import RATES, REQUEST_ID, Desk

STREAMS = 40


def words_of(caller: int) -> list[str]:
    return [f"caller {caller} word {number} " for number in range(8)]


def used_by(caller: int) -> Counts:
    return Counts(uncached_input=100 + caller, cache_read=7 * caller, output=1000 + 3 * caller)


def ask(caller: int) -> Any:
    return [{"role": "user", "content": f"I am caller-{caller:02d}."}]


async def chat_call(client: openai.AsyncOpenAI, caller: int) -> tuple[str, str]:
    stream = await client.chat.completions.create(model="gpt", messages=ask(caller), stream=True)
    async with stream:
        text = sdk.chat_text([chunk async for chunk in stream])
    return stream.response.headers[REQUEST_ID], text


async def messages_call(client: anthropic.AsyncAnthropic, caller: int) -> tuple[str, str]:
    async with client.messages.stream(model="sonnet", messages=ask(caller), max_tokens=64) as stream:
        text = await stream.get_final_text()
        return stream.response.headers[REQUEST_ID], text


async def test_forty_streams_at_once_are_all_whole_and_all_counted(desk: Desk, project: str) -> None:
    for caller in range(STREAMS):
        play = chat.streamed if caller % 2 else messages.streamed
        answer = play(words_of(caller), used_by(caller))
        desk.provider.when(f"caller-{caller:02d}", answer.paced(0.02).gated_after(2, "all are there"))
    opening = asyncio.create_task(asyncio.to_thread(open_when_all_are_there, desk))
    headers = {"x-project": project}
    url = f"{desk.daemon.url}/gateway"
    async with (
        openai.AsyncOpenAI(base_url=f"{url}/openai/v1", api_key=desk.key.secret, default_headers=headers) as gpt,
        anthropic.AsyncAnthropic(
            base_url=f"{url}/anthropic", api_key=desk.key.secret, default_headers=headers
        ) as claude,
    ):
        calls = [chat_call(gpt, one) if one % 2 else messages_call(claude, one) for one in range(STREAMS)]
        answers = await asyncio.gather(*calls)
    await opening
    check(desk, project, answers)


def open_when_all_are_there(desk: Desk) -> None:
    desk.provider.wait_for(lambda seen: len(seen) == STREAMS, "all streams at once", 20)
    desk.provider.open("all are there")


def check(desk: Desk, project: str, answers: list[tuple[str, str]]) -> None:
    rows = {row["id"]: row for row in desk.books.requests() if row["project"] == project}
    assert len(rows) == STREAMS
    for caller, (request_id, text) in enumerate(answers):
        assert text == "".join(words_of(caller))
        assert counts_of(rows[request_id]) == used_by(caller)
        assert rows[request_id]["spend_nano"] == RATES.nano(used_by(caller))
        assert rows[request_id]["state"] == "complete"
    spend = sum(RATES.nano(used_by(caller)) for caller in range(STREAMS))
    total = sum((used_by(caller) for caller in range(STREAMS)), NOTHING)
    assert desk.provider.said() == total
    assert desk.books.spent(project=project) == (total, spend)
