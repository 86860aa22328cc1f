"""Codex CLI, headless, as ``codevector connect codex`` sets it up."""

import json
from typing import Any

import pytest

from clients import answers
from clients.answers import Dialect
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


@pytest.mark.parametrize(("dialect", "model", "backend"), [("chat", "house", "own"), ("gemini", "gemini-only", "gem")])
def test_codex_is_served_by_providers_of_other_dialects(
    bench: Workbench, dialect: Dialect, model: str, backend: str
) -> None:
    bench.will_call(dialect, "exec_command", {"cmd": f"cat {NOTE}"})
    ran = ask(bench, ERRAND, model)
    ran.assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model=model)
    assert {(row["session"], row["provider"]) for row in rows} == {(thread_of(ran), backend)}


def test_codex_reconnects_after_a_cut_stream(bench: Workbench) -> None:
    good = answers.text("responses", ANSWER)
    bench.desk.provider.then(good.cut_after(4), good)
    ask(bench, QUESTION).assert_said(ANSWER)
    assert [row["state"] for row in bench.rows()] == ["upstream_failed", "complete"]


def test_codex_goes_on_with_a_thread(bench: Workbench) -> None:
    bench.will_answer("responses")
    thread = thread_of(ask(bench, QUESTION))
    bench.desk.provider.when("And now?", answers.text("responses", REPORT))
    bench.run("exec", "resume", "--json", *QUIET, thread, "And now?").assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model="gpt")
    assert {row["session"] for row in rows} == {thread}


def test_codex_brings_its_own_login(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.variables |= {"CODEVECTOR_KEY": "own-login-of-the-tester", "GATEWAY_KEY": bench.key.secret}
    config = bench.home / ".codex/config.toml"
    config.write_text(
        config.read_text().replace("env_http_headers = {", 'env_http_headers = { "x-codevector-key" = "GATEWAY_KEY",')
    )
    bench.will_answer("responses")
    bench.run("exec", "--json", *QUIET, QUESTION).assert_said(ANSWER)
    assert bench.desk.provider.received()[0].header("authorization") == ["Bearer own-login-of-the-tester"]
    rows = bench.assert_counted(calls=1, client_app="codex", dialect="responses", model="gpt")
    assert {row["own_login"] for row in rows} == {1}
