"""Qwen Code, headless, as ``codevector connect qwen-code`` sets it up."""

import pytest

from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

QUIET = {"QWEN_TELEMETRY_ENABLED": "false"}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("qwen-code")
    bench.variables |= QUIET
    bench.connect("gpt")
    return bench


def ask(bench: Workbench, prompt: str) -> Ran:
    return bench.run("--approval-mode", "yolo", "--prompt", prompt)


def test_qwen_code_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("chat")
    ask(bench, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="qwen-code", dialect="chat", model="gpt")


def test_qwen_code_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.will_call("chat", "read_file", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="qwen-code", dialect="chat", model="gpt")


def test_qwen_code_shows_why_it_was_refused(bench: Workbench) -> None:
    bench.will_refuse("chat")
    bench.assert_told_of_refusal(ask(bench, QUESTION))


def test_qwen_code_is_interrupted(bench: Workbench) -> None:
    bench.will_hang("chat")
    ask(bench, QUESTION)
    bench.assert_left()
