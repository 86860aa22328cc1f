"""Continue's command ``cn``, headless, as ``codevector connect continue`` sets it up.

It does not name itself on the wire (its User-Agent begins with what is left of the OpenAI SDK's name): a header does.
"""

import pytest

from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

QUIET = {"CONTINUE_TELEMETRY_ENABLED": "0", "CONTINUE_METRICS_ENABLED": "0", "CONTINUE_CLI_AUTO_UPDATED": "1"}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("continue")
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, prompt: str) -> Ran:
    return bench.run("--auto", "--print", prompt)


def test_continue_answers_plainly(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_answer("chat")
    ask(bench, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="continue", dialect="chat", model="gpt")


def test_continue_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_call("chat", "Read", {"filepath": str(bench.work / NOTE)})
    ask(bench, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="continue", dialect="chat", model="gpt")


def test_continue_shows_why_it_was_refused(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_refuse("chat")
    bench.assert_told_of_refusal(ask(bench, QUESTION))


def test_continue_is_interrupted(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_hang("chat")
    ask(bench, QUESTION)
    bench.assert_left()
