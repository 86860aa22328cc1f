"""Codex CLI, headless, as ``codevector connect codex`` sets it up."""

import json
from typing import Any

import pytest

from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Ran, Workbench

QUIET = ["-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false", "-c", 'web_search="disabled"']


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    return workbench_for("codex")


def ask(bench: Workbench, prompt: str, model: str = "gpt") -> Ran:
    bench.connect(model)
    return bench.run("exec", "--json", "--sandbox", "danger-full-access", *QUIET, prompt)


def thread_of(ran: Ran) -> str:
    """Return the thread that Codex says it started."""
    events: list[dict[str, Any]] = [json.loads(line) for line in ran.output.splitlines() if line.startswith("{")]
    return str(next(event["thread_id"] for event in events if event["type"] == "thread.started"))


def test_codex_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("responses")
    ran = ask(bench, QUESTION)
    ran.assert_said(ANSWER)
    rows = bench.assert_counted(calls=1, client_app="codex", dialect="responses", model="gpt")
    assert {row["session"] for row in rows} == {thread_of(ran)}


def test_codex_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.will_call("responses", "exec_command", {"cmd": f"cat {NOTE}"})
    ran = ask(bench, ERRAND)
    ran.assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model="gpt")
    assert {row["session"] for row in rows} == {thread_of(ran)}


def test_codex_is_served_by_a_provider_of_messages(bench: Workbench) -> None:
    bench.will_call("messages", "exec_command", {"cmd": f"cat {NOTE}"})
    ran = ask(bench, ERRAND, "sonnet")
    ran.assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model="sonnet")
    assert {(row["session"], row["provider"]) for row in rows} == {(thread_of(ran), "anth")}
