"""Gemini CLI, headless, as ``codevector connect gemini-cli`` sets it up."""

import pytest

from clients.answers import Dialect
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

MODEL = "gemini-2.5-pro"
QUIET = {"GEMINI_TELEMETRY_ENABLED": "false", "GEMINI_CLI_TRUST_WORKSPACE": "true"}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("gemini-cli")
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, prompt: str, model: str = MODEL) -> Ran:
    bench.connect(model)
    return bench.run("--approval-mode", "yolo", "--prompt", prompt)


def test_gemini_cli_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("gemini")
    ask(bench, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="gemini-cli", dialect="gemini", model=MODEL)


def test_gemini_cli_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.will_call("gemini", "read_file", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="gemini-cli", dialect="gemini", model=MODEL)


@pytest.mark.parametrize(("dialect", "model"), [("messages", "sonnet"), ("chat", "gpt")])
def test_gemini_cli_is_served_by_providers_of_other_dialects(bench: Workbench, dialect: Dialect, model: str) -> None:
    bench.will_call(dialect, "read_file", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND, model).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="gemini-cli", dialect="gemini", model=model)


def test_gemini_cli_shows_why_it_was_refused(bench: Workbench) -> None:
    bench.will_refuse("gemini")
    bench.assert_told_of_refusal(ask(bench, QUESTION))


def test_gemini_cli_is_interrupted(bench: Workbench) -> None:
    bench.will_hang("gemini")
    ask(bench, QUESTION)
    bench.assert_left()
