"""Cline's command, headless, as ``codevector connect cline`` sets it up: it has a base URL for Chat Completions alone.

On the wire it looks like Vercel's AI SDK, so its key names it.
"""

import json
from typing import Any

import pytest

from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

QUIET = {"CLINE_TELEMETRY_DISABLED": "1", "CLINE_NO_AUTO_UPDATE": "1"}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("cline", client_app="cline")
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, prompt: str) -> Ran:
    bench.connect("gpt")
    return bench.run("--json", prompt)


def result_of(ran: Ran) -> dict[str, Any]:
    lines = [json.loads(line) for line in ran.output.splitlines() if line.startswith('{"ts"')]
    return dict(next(line for line in lines if line["type"] == "run_result"))


def test_cline_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("chat")
    ran = ask(bench, QUESTION)
    ran.assert_said(ANSWER)
    (row,) = bench.assert_counted(calls=1, client_app="cline", dialect="chat", model="gpt")
    assert result_of(ran)["usage"]["outputTokens"] == row["output"]


def test_cline_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.will_call("chat", "read_files", {"files": [{"path": str(bench.work / NOTE)}]})
    ask(bench, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="cline", dialect="chat", model="gpt")


def test_cline_shows_why_it_was_refused(bench: Workbench) -> None:
    bench.will_refuse("chat")
    bench.assert_told_of_refusal(ask(bench, QUESTION))


def test_cline_is_interrupted(bench: Workbench) -> None:
    bench.will_hang("chat")
    ask(bench, QUESTION)
    bench.assert_left()
