"""Every case through the real daemon: what the row says, what the client got, what the provider received."""

from typing import Any

import pytest

from support.cases.case import Case
from support.cases.every import CASES
from support.cases.requests import PATHS, asked, forwarded
from support.desk import REQUEST_ID, Desk
from support.script import Answer, Send

COUNTS = (
    "uncached_input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "audio_input",
    "audio_output",
    "server_tool_calls",
)
BASES = {"openai": "/v1", "xai": "/v1", "mistral": "/v1", "groq": "/v1", "openrouter": "/v1", "custom": "/v1"}
ENDS = {
    "chat": "/chat/completions",
    "messages": "/v1/messages",
    "responses": "/responses",
    "embeddings": "/embeddings",
    "completions": "/completions",
}
LIVE = [case for case in CASES if case.kind]


@pytest.fixture(scope="module")
def furnished(shared_desk: Desk) -> Desk:
    """A desk with a provider of every kind in the cases, and a model for each case."""
    control = shared_desk.daemon.control
    for kind in sorted({case.kind for case in LIVE}):
        spoken = sorted({case.dialect for case in LIVE if case.kind == kind}) if kind == "custom" else None
        address = shared_desk.provider.url + BASES.get(kind, "")
        extra: dict[str, Any] = {"dialects": spoken} if spoken else {}
        control.add_provider(f"case-{kind}", kind, address, credential="case-credential", **extra)
    for case in LIVE:
        add_model(shared_desk, case)
    return shared_desk


def add_model(desk: Desk, case: Case) -> None:
    body: dict[str, Any] = {
        "slug": slug_of(case),
        "backends": [{"provider": f"case-{case.kind}", "upstream_model": case.model}],
        "kind": "embedding" if case.dialect == "embeddings" else "chat",
        "free": case.free,
    }
    names = ("input_price", "output_price", "cached_price")
    if case.prices:
        body["price"] = dict(zip(names, case.prices, strict=False))
    desk.daemon.control.call("POST", "/models", body)


def slug_of(case: Case) -> str:
    return f"case-{case.dialect}-{case.name}"


def answer_of(case: Case) -> Answer:
    """Script the answer, cut where no event ends."""
    headers = (("content-type", case.media_type), *case.headers)
    pieces = [case.answer[at : at + 61] for at in range(0, len(case.answer), 61)]
    steps = tuple(Send(piece) for piece in pieces)
    framing = "chunked" if case.stream else "length"
    return Answer(steps, status=case.status, headers=headers, framing=framing)


def end_of(case: Case) -> str:
    """Return how the address ends at which the provider must be asked."""
    if case.dialect == "gemini":
        return f"/v1beta/models/{case.model}:{case.action}{'?alt=sse' if case.stream else ''}"
    return ENDS[case.dialect]


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("case", LIVE, ids=lambda case: f"{case.dialect}-{case.name}")
def test_a_case_comes_out_of_the_daemon_as_worked_out_by_hand(desk: Desk, case: Case) -> None:
    slug = slug_of(case)
    body, target = asked(case, slug)
    path = PATHS.get(case.dialect) or f"/v1beta/models/{target}"
    path += "?alt=sse" if case.dialect == "gemini" and case.stream else ""
    desk.provider.then(answer_of(case))
    reply = desk.post(path, body, project=slug)
    assert (reply.status, reply.body, reply.complete) == (case.status, case.answer.replace(case.hidden, b""), True)
    received = desk.provider.only()
    assert received.body == forwarded(case, slug)
    assert (received.method, received.target.endswith(end_of(case))) == ("POST", True)
    assert b"case-credential" in received.head
    assert desk.key.secret.encode() not in received.head
    (row,) = [row for row in desk.books.requests() if row["model"] == slug]
    assert row["id"] == reply.header(REQUEST_ID)[0]
    assert (row["state"], row["status"], row["usage_source"]) == (case.state, case.status, case.source)
    assert {name: row[name] for name in COUNTS if row[name]} == case.counts
    # A price that depends on the hour or date is worked out by hand in metering/test_cases.py, at a fixed moment.
    nano = case.nano if case.live else row["spend_nano"]
    assert (row["spend_nano"], row["price_basis"]) == (nano, case.basis)
    assert (row["service_tier"], row["parent_id"], row["attempt"]) == (case.tier, None, 1)
    if case.error is not None:
        assert row["error"] == case.error
    counts, spend = desk.books.spent(project=slug)
    assert (counts.input, counts.output, spend) == (
        sum(case.counts.get(name, 0) for name in COUNTS[:4]),
        case.counts.get("output", 0),
        nano,
    )
