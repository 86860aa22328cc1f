"""The official OpenAI SDK through the gateway: what the user sees, and what is counted for it."""

import json
from collections.abc import Iterator

import openai
import pytest

from support import chat, sdk
from support.books import counts_of
from support.counts import Counts
from support.desk import OPENAI_SECRET, REQUEST_ID, Desk

TEXT = "".join(chat.WORDS)


@pytest.fixture
def gpt(desk: Desk, project: str) -> Iterator[openai.OpenAI]:
    with desk.gpt(project) as client:
        yield client


def test_a_plain_answer_is_passed_on_and_billed(desk: Desk, gpt: openai.OpenAI, project: str) -> None:
    desk.provider.then(chat.plain())
    raw = gpt.chat.completions.with_raw_response.create(model="gpt", messages=sdk.ASK)
    assert raw.parse().choices[0].message.content == TEXT
    row = desk.assert_billed(raw.headers[REQUEST_ID], project, desk.provider.said())
    assert (row["model"], row["provider"], row["upstream_model"]) == ("gpt", "open", "upstream-gpt")
    assert (row["dialect"], row["stream"], row["client_app"], row["attempt"]) == ("chat", 0, "proof", 1)


def test_the_provider_gets_its_own_model_name_and_credential(desk: Desk, gpt: openai.OpenAI) -> None:
    desk.provider.then(chat.plain())
    gpt.chat.completions.create(model="gpt", messages=sdk.ASK)
    seen = desk.provider.only()
    assert json.loads(seen.body)["model"] == "upstream-gpt"
    assert seen.header("authorization") == [f"Bearer {OPENAI_SECRET}"]
    assert desk.key.secret.encode() not in seen.head + seen.body


def test_a_streamed_answer_is_billed_by_a_usage_chunk_that_the_client_never_sees(
    desk: Desk, gpt: openai.OpenAI, project: str
) -> None:
    desk.provider.then(chat.streamed())
    with gpt.chat.completions.create(model="gpt", messages=sdk.ASK, stream=True) as stream:
        chunks = list(stream)
    assert sdk.chat_text(chunks) == TEXT
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert json.loads(desk.provider.only().body)["stream_options"] == {"include_usage": True}
    row = desk.assert_billed(stream.response.headers[REQUEST_ID], project, desk.provider.said())
    assert row["stream"] == 1
    assert 0 <= row["ttft_ms"] <= row["duration_ms"]


def test_a_client_that_asks_for_the_usage_chunk_gets_it(desk: Desk, gpt: openai.OpenAI, project: str) -> None:
    desk.provider.then(chat.streamed())
    options = {"include_usage": True}
    with gpt.chat.completions.create(
        model="gpt", messages=sdk.ASK, stream=True, extra_body={"stream_options": options}
    ) as stream:
        *_, last = stream
    assert last.usage is not None
    assert (last.choices, last.usage.completion_tokens) == ([], chat.USED.output)
    desk.assert_billed(stream.response.headers[REQUEST_ID], project, chat.USED)


def test_a_plain_tool_call_is_passed_on(desk: Desk, gpt: openai.OpenAI, project: str) -> None:
    desk.provider.then(chat.tool_call())
    raw = gpt.chat.completions.with_raw_response.create(model="gpt", messages=sdk.ASK, tools=sdk.CHAT_TOOLS)
    (call,) = raw.parse().choices[0].message.tool_calls or []
    assert json.loads(call.function.arguments) == {"city": "Köln"}  # type: ignore[union-attr]  # a function is called
    assert json.loads(desk.provider.only().body)["tools"] == sdk.CHAT_TOOLS
    desk.assert_billed(raw.headers[REQUEST_ID], project, chat.USED)


def test_a_streamed_tool_call_is_passed_on(desk: Desk, gpt: openai.OpenAI, project: str) -> None:
    desk.provider.then(chat.streamed_tool_call())
    with gpt.chat.completions.create(model="gpt", messages=sdk.ASK, tools=sdk.CHAT_TOOLS, stream=True) as stream:
        assert json.loads(sdk.chat_arguments(stream)) == {"city": "Köln"}
    desk.assert_billed(stream.response.headers[REQUEST_ID], project, chat.USED)


def test_a_provider_error_reaches_the_sdk_unchanged_and_costs_nothing(
    desk: Desk, gpt: openai.OpenAI, project: str
) -> None:
    answer = chat.error(429, "rate_limit_error", "rate_limit_exceeded", ("retry-after", "7"))
    desk.provider.then(answer)
    with pytest.raises(openai.RateLimitError) as raised:
        gpt.chat.completions.create(model="gpt", messages=sdk.ASK)
    assert raised.value.response.content == answer.body
    assert raised.value.response.headers["retry-after"] == "7"
    row = desk.books.request(raised.value.response.headers[REQUEST_ID])
    assert (row["state"], row["status"], row["spend_nano"], row["project"]) == ("upstream_failed", 429, 0, project)
    assert row["error"]


def test_an_error_after_the_200_reaches_the_sdk_and_is_no_success(desk: Desk, gpt: openai.OpenAI, project: str) -> None:
    desk.provider.then(chat.error_after_200())
    with gpt.chat.completions.create(model="gpt", messages=sdk.ASK, stream=True) as stream:  # noqa: SIM117 -- id below
        with pytest.raises(openai.APIError, match="The server had an error"):
            list(stream)
    row = desk.books.request(stream.response.headers[REQUEST_ID])
    assert (row["state"], row["status"], row["project"]) == ("upstream_failed", 200, project)


def test_a_client_that_leaves_mid_stream_owes_what_was_generated(desk: Desk, gpt: openai.OpenAI, project: str) -> None:
    desk.provider.then(chat.streamed(["many words that were generated "] * 6).gated_after(5, "never"))
    with gpt.chat.completions.create(model="gpt", messages=sdk.ASK, stream=True) as stream:
        for _ in range(4):
            next(stream)
    desk.provider.wait_for(lambda seen: seen[0].ending == "left", "the gateway hang up")
    row = desk.books.request(stream.response.headers[REQUEST_ID])
    assert (row["state"], row["usage_source"]) == ("client_left", "estimated")
    assert row["uncached_input"] > 0
    assert 10 <= row["output"] <= 40
    assert desk.books.spent(project=project) == (counts_of(row), row["spend_nano"])


def test_a_house_model_of_a_custom_provider_is_called_under_its_base_url(
    desk: Desk, gpt: openai.OpenAI, project: str
) -> None:
    desk.provider.then(chat.plain())
    raw = gpt.chat.completions.with_raw_response.create(model="house", messages=sdk.ASK)
    seen = desk.provider.only()
    assert (seen.method, seen.target) == ("POST", "/base/v1/chat/completions")
    assert json.loads(seen.body)["model"] == "house/large"
    desk.assert_billed(raw.headers[REQUEST_ID], project, chat.USED)


def test_the_sdk_lists_the_models_that_the_key_may_call(desk: Desk, gpt: openai.OpenAI) -> None:
    assert {"gpt", "sonnet", "house"} <= {model.id for model in gpt.models.list()}
    assert gpt.models.retrieve("gpt").id == "gpt"
    few = desk.daemon.control.create_key("few", allowed_models=["house"])
    assert [model.id for model in gpt.with_options(api_key=few.secret).models.list()] == ["house"]
    assert desk.provider.received() == []


def test_the_short_path_works_as_well(desk: Desk, project: str) -> None:
    desk.provider.then(chat.plain())
    with sdk.gpt(f"{desk.daemon.url}/v1", desk.key.secret) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="gpt", messages=sdk.ASK, extra_headers={"x-project": project}
        )
    desk.assert_billed(raw.headers[REQUEST_ID], project, chat.USED)


def test_a_catalogue_model_costs_what_the_price_list_says(desk: Desk, gpt: openai.OpenAI) -> None:
    used = Counts(uncached_input=1000, cache_read=2000, output=300)
    desk.provider.then(chat.plain(said=used))
    raw = gpt.chat.completions.with_raw_response.create(model="listed-gpt", messages=sdk.ASK)
    row = desk.books.request(raw.headers[REQUEST_ID])
    assert row["price_basis"] == "catalogue"
    assert counts_of(row) == used
    assert row["spend_nano"] == 1000 * 2500 + 2000 * 1250 + 300 * 10_000  # gpt-4o: $2.50, $1.25, $10 per million
