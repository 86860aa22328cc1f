"""The official Anthropic SDK through the gateway: what the user sees, and what is counted for it."""

import json
from collections.abc import Iterator

import anthropic
import pytest

from support import messages, sdk
from support.books import counts_of
from support.counts import Counts
from support.desk import ANTHROPIC_SECRET, REQUEST_ID, Desk

TEXT = "".join(messages.WORDS)


@pytest.fixture
def claude(desk: Desk, project: str) -> Iterator[anthropic.Anthropic]:
    with desk.claude(project) as client:
        yield client


def test_a_plain_message_is_passed_on_and_billed(desk: Desk, claude: anthropic.Anthropic, project: str) -> None:
    desk.provider.then(messages.plain())
    raw = claude.messages.with_raw_response.create(model="sonnet", messages=sdk.ASK, max_tokens=64)
    assert raw.parse().content[0].text == TEXT  # type: ignore[union-attr]  # this script has text only
    row = desk.assert_billed(raw.headers[REQUEST_ID], project, desk.provider.said())
    assert (row["model"], row["provider"], row["upstream_model"]) == ("sonnet", "anth", "claude-upstream")
    assert (row["dialect"], row["stream"], row["client_app"], row["attempt"]) == ("messages", 0, "proof", 1)


def test_the_provider_gets_its_own_model_name_and_credential(desk: Desk, claude: anthropic.Anthropic) -> None:
    desk.provider.then(messages.plain())
    claude.messages.create(model="sonnet", messages=sdk.ASK, max_tokens=64)
    seen = desk.provider.only()
    assert json.loads(seen.body)["model"] == "claude-upstream"
    assert seen.header("x-api-key") == [ANTHROPIC_SECRET]
    assert seen.header("anthropic-version") == [claude.default_headers["anthropic-version"]]
    assert desk.key.secret.encode() not in seen.head + seen.body


def test_a_streamed_message_is_billed_by_its_last_report(desk: Desk, claude: anthropic.Anthropic, project: str) -> None:
    desk.provider.then(messages.streamed())
    with claude.messages.stream(model="sonnet", messages=sdk.ASK, max_tokens=64) as stream:
        assert stream.get_final_text() == TEXT
        request_id = stream.response.headers[REQUEST_ID]
    row = desk.assert_billed(request_id, project, desk.provider.said())
    assert row["stream"] == 1
    assert 0 <= row["ttft_ms"] <= row["duration_ms"]


def test_a_plain_tool_call_is_passed_on(desk: Desk, claude: anthropic.Anthropic, project: str) -> None:
    desk.provider.then(messages.tool_call())
    raw = claude.messages.with_raw_response.create(
        model="sonnet", messages=sdk.ASK, max_tokens=64, tools=sdk.MESSAGES_TOOLS
    )
    assert raw.parse().content[0].input == {"city": "Köln"}  # type: ignore[union-attr]  # this script calls a tool only
    assert json.loads(desk.provider.only().body)["tools"] == sdk.MESSAGES_TOOLS
    desk.assert_billed(raw.headers[REQUEST_ID], project, messages.USED)


def test_a_streamed_tool_call_is_passed_on(desk: Desk, claude: anthropic.Anthropic, project: str) -> None:
    desk.provider.then(messages.streamed_tool_call())
    with claude.messages.stream(model="sonnet", messages=sdk.ASK, max_tokens=64, tools=sdk.MESSAGES_TOOLS) as stream:
        (block,) = stream.get_final_message().content
        request_id = stream.response.headers[REQUEST_ID]
    assert block.input == {"city": "Köln"}  # type: ignore[union-attr]  # this script calls a tool only
    desk.assert_billed(request_id, project, messages.USED)


def test_an_overload_reaches_the_sdk_unchanged_and_costs_nothing(
    desk: Desk, claude: anthropic.Anthropic, project: str
) -> None:
    answer = messages.error(529, "overloaded_error", ("x-should-retry", "true"))
    desk.provider.then(answer)
    with pytest.raises(anthropic.APIStatusError) as raised:
        claude.messages.create(model="sonnet", messages=sdk.ASK, max_tokens=64)
    assert (raised.value.status_code, raised.value.response.content) == (529, answer.body)
    assert raised.value.response.headers["x-should-retry"] == "true"
    row = desk.books.request(raised.value.response.headers[REQUEST_ID])
    assert (row["state"], row["status"], row["spend_nano"], row["project"]) == ("upstream_failed", 529, 0, project)


def test_an_error_event_after_the_200_reaches_the_sdk_and_is_no_success(
    desk: Desk, claude: anthropic.Anthropic, project: str
) -> None:
    desk.provider.then(messages.error_after_200())
    raw = claude.messages.create(model="sonnet", messages=sdk.ASK, max_tokens=64, stream=True)
    with raw as stream, pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(stream)
    row = desk.books.request(stream.response.headers[REQUEST_ID])
    assert (row["state"], row["status"], row["project"]) == ("upstream_failed", 200, project)
    assert row["error"] == "overloaded_error"


def test_a_client_that_leaves_mid_stream_keeps_the_reported_input(
    desk: Desk, claude: anthropic.Anthropic, project: str
) -> None:
    desk.provider.then(messages.streamed(["many words that were generated "] * 6).gated_after(7, "never"))
    with claude.messages.create(model="sonnet", messages=sdk.ASK, max_tokens=64, stream=True) as stream:
        for _ in range(4):
            next(stream)
    desk.provider.wait_for(lambda seen: seen[0].ending == "left", "the gateway hang up")
    row = desk.books.request(stream.response.headers[REQUEST_ID])
    counts = counts_of(row)
    assert (row["state"], row["usage_source"]) == ("client_left", "estimated")
    assert (counts.uncached_input, counts.cache_read) == (messages.USED.uncached_input, messages.USED.cache_read)
    assert (counts.cache_write_5m, counts.cache_write_1h) == (40, 16)
    assert 10 <= counts.output <= 60
    assert desk.books.spent(project=project) == (counts, row["spend_nano"])


def test_counting_tokens_is_free_and_leaves_no_row(desk: Desk, claude: anthropic.Anthropic, project: str) -> None:
    desk.provider.then(messages.token_count(2095))
    assert claude.messages.count_tokens(model="sonnet", messages=sdk.ASK).input_tokens == 2095
    assert desk.provider.only().target == "/v1/messages/count_tokens"
    assert desk.books.spent(project=project) == (Counts(), 0)
    assert [row for row in desk.books.requests() if row["project"] == project] == []


def test_the_sdk_lists_the_models_in_its_own_shape(desk: Desk, claude: anthropic.Anthropic) -> None:
    models = list(claude.models.list(limit=1000))
    assert {"gpt", "sonnet"} <= {model.id for model in models}
    assert {model.type for model in models} == {"model"}
    assert desk.provider.received() == []


def test_a_token_instead_of_a_key_is_taken_as_well(desk: Desk, project: str) -> None:
    desk.provider.then(messages.plain())
    url = f"{desk.daemon.url}/gateway/anthropic"
    with anthropic.Anthropic(base_url=url, auth_token=desk.key.secret, max_retries=0) as client:
        raw = client.messages.with_raw_response.create(
            model="sonnet", messages=sdk.ASK, max_tokens=64, extra_headers={"x-project": project}
        )
    desk.assert_billed(raw.headers[REQUEST_ID], project, messages.USED)


def test_a_catalogue_model_costs_what_the_price_list_says(desk: Desk, claude: anthropic.Anthropic) -> None:
    used = Counts(uncached_input=1000, cache_read=2000, cache_write_5m=100, cache_write_1h=10, output=300)
    desk.provider.then(messages.plain(said=used))
    raw = claude.messages.with_raw_response.create(model="listed-claude", messages=sdk.ASK, max_tokens=64)
    row = desk.books.request(raw.headers[REQUEST_ID])
    assert row["price_basis"] == "catalogue"
    assert counts_of(row) == used
    # Haiku 4.5 per million: $1 in, $0.10 cached, $1.25 and $2 for writes, $5 out.
    assert row["spend_nano"] == 1000 * 1000 + 2000 * 100 + 100 * 1250 + 10 * 2000 + 300 * 5000
