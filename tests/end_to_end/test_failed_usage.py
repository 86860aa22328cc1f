"""A failed attempt costs what its answer reports, also where another backend then serves the call."""

import gzip
from typing import Any
from zlib import crc32

import pytest

from support.cases.case import Case
from support.cases.every import CASES
from support.cases.requests import PATHS, asked
from support.desk import REQUEST_ID, Desk
from support.raw import Reply
from support.script import NEVER, Answer, Send

BASES = {"openai": "/v1"}
TOKENS = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
FAILING = [case for case in CASES if case.status == 500 and case.nano]
SERVING = {case.dialect: case for case in reversed(CASES) if case.name == "plain"}


def test_there_is_one_failing_answer_for_every_dialect_that_is_metered() -> None:
    assert sorted(case.dialect for case in FAILING) == ["chat", "embeddings", "gemini", "messages", "responses"]


@pytest.fixture
def slug(request: pytest.FixtureRequest) -> str:
    """A model of this test's own."""
    return f"failed-{crc32(request.node.name.encode()):08x}"


def call(desk: Desk, slug: str, failing: Case, first: Answer, *, stream: bool = False) -> tuple[Reply, Case]:
    """Call a model whose first backend gives an answer of its own and whose second one serves."""
    serving = SERVING[failing.dialect]
    for place, case in enumerate((failing, serving)):
        address = desk.provider.url + BASES.get(case.kind, "")
        desk.daemon.control.add_provider(f"{slug}-{place}", case.kind, address, credential="x")
    backends = [
        {"provider": f"{slug}-{place}", "upstream_model": case.model, "priority": place}
        for place, case in enumerate((failing, serving))
    ]
    kind = "embedding" if failing.dialect == "embeddings" else "chat"
    desk.daemon.control.call("POST", "models", {"slug": slug, "backends": backends, "kind": kind})
    desk.provider.then(first, Answer((Send(serving.answer),)))
    body, target = asked(serving, slug)
    if stream:
        body = body.replace(b"{", b'{"stream": true, ', 1)
    path = PATHS.get(failing.dialect) or f"/v1beta/models/{target}"
    return desk.post(path, body, project=slug), serving


def failed(case: Case, *headers: tuple[str, str], answer: bytes | None = None) -> Answer:
    lines = (("content-type", "application/json"), *headers)
    return Answer((Send(case.answer if answer is None else answer),), status=case.status, headers=lines)


def assert_both_are_charged(desk: Desk, slug: str, failing: Case, reply: Reply, serving: Case) -> None:
    assert (reply.status, reply.complete) == (200, True)
    assert len(desk.provider.received()) == 2
    attempt, row = [row for row in desk.books.requests() if row["model"] == slug]
    assert (row["id"], row["parent_id"], row["attempt"]) == (reply.header(REQUEST_ID)[0], None, 2)
    assert (row["state"], row["spend_nano"], row["usage_source"]) == ("complete", serving.nano, "reported")
    assert (attempt["parent_id"], attempt["attempt"], attempt["status"]) == (row["id"], 1, 500)
    assert (attempt["state"], attempt["error"]) == ("upstream_failed", "http_500")
    assert {name: attempt[name] for name in TOKENS if attempt[name]} == failing.counts
    assert (attempt["spend_nano"], attempt["usage_source"], attempt["price_basis"]) == (
        failing.nano,
        "reported",
        "catalogue",
    )
    assert desk.books.spent(project=slug)[1] == failing.nano + serving.nano


@pytest.mark.parametrize("failing", FAILING, ids=lambda case: case.dialect)
def test_a_failed_attempt_is_charged_for_what_its_answer_reports(desk: Desk, slug: str, failing: Case) -> None:
    reply, serving = call(desk, slug, failing, failed(failing))
    assert reply.body == serving.answer
    assert_both_are_charged(desk, slug, failing, reply, serving)


def test_so_it_is_where_the_client_asked_for_a_stream(desk: Desk, slug: str) -> None:
    failing = FAILING[0]
    reply, serving = call(desk, slug, failing, failed(failing), stream=True)
    assert_both_are_charged(desk, slug, failing, reply, serving)


def test_so_it_is_where_its_answer_is_compressed(desk: Desk, slug: str) -> None:
    failing = FAILING[0]
    packed = failed(failing, ("content-encoding", "gzip"), answer=gzip.compress(failing.answer))
    assert_both_are_charged(desk, slug, failing, *call(desk, slug, failing, packed))


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        pytest.param((Send(b'{"error":{"message":"m"}}'),), "no usage", id="says nothing"),
        pytest.param((Send(b"<html>" + b"x" * 200_000 + b"</html>"),), "no JSON", id="is a large page"),
        pytest.param((Send(b'{"usage":'), NEVER), "no end", id="never ends"),
    ],
)
def test_a_failed_answer_that_reports_nothing_costs_nothing_and_keeps_nobody_waiting(
    desk: Desk, slug: str, steps: tuple[Any, ...], error: str
) -> None:
    failing = FAILING[0]
    framing: Any = "chunked" if error == "no end" else "length"
    reply, serving = call(desk, slug, failing, Answer(steps, status=500, framing=framing))
    assert (reply.status, reply.body) == (200, serving.answer)
    attempt, row = [row for row in desk.books.requests() if row["model"] == slug]
    assert (attempt["spend_nano"], attempt["usage_source"], row["spend_nano"]) == (0, "none", serving.nano)
