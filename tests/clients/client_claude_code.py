"""Claude Code, headless, as ``codevector connect claude-code`` sets it up."""

import json
import uuid

import pytest

from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Ran, Workbench
from support import messages

MODEL = "claude-sonnet-4-5"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("claude-code")
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, prompt: str, session: str, model: str = MODEL) -> Ran:
    bench.connect(model, steps=[0])
    arguments = ["--print", prompt, "--session-id", session, "--output-format", "json", "--allowedTools", "Read"]
    return bench.run(*arguments, "--model", model)


def test_claude_code_answers_plainly(bench: Workbench) -> None:
    session = str(uuid.uuid4())
    bench.will_answer("messages")
    ran = ask(bench, QUESTION, session)
    ran.assert_said(ANSWER)
    assert json.loads(ran.output)["session_id"] == session
    rows = bench.assert_counted(calls=1, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["session"] for row in rows} == {session}


def test_claude_code_reads_a_file_and_reports(bench: Workbench) -> None:
    session = str(uuid.uuid4())
    bench.will_call("messages", "Read", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND, session).assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["session"] for row in rows} == {session}


def test_claude_code_is_served_by_a_provider_of_chat_completions(bench: Workbench) -> None:
    session = str(uuid.uuid4())
    bench.will_call("chat", "Read", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND, session, "gpt").assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="claude-code", dialect="messages", model="gpt")
    assert {(row["session"], row["provider"]) for row in rows} == {(session, "open")}


def test_claude_code_counts_a_prompt_before_it_is_sent(bench: Workbench) -> None:
    """``/context`` asks for the count of each part; none of these calls makes a row."""
    bench.desk.provider.when("/count_tokens", messages.token_count(1234))
    session = str(uuid.uuid4())
    ran = ask(bench, "/context", session)
    assert ran.status == 0, ran
    assert any("/count_tokens" in request.target for request in bench.desk.provider.received()), bench.story()
    assert bench.rows() == []
