"""Continue's command ``cn``, headless, as ``codevector connect continue`` sets it up.

It does not name itself on the wire (its User-Agent begins with what is left of the OpenAI SDK's name), so its key does.
"""

import pytest

from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Ran, Workbench

QUIET = {"CONTINUE_TELEMETRY_ENABLED": "0", "CONTINUE_METRICS_ENABLED": "0", "CONTINUE_CLI_AUTO_UPDATED": "1"}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("continue", client_app="continue")
    bench.variables |= QUIET
    return bench


def connect(bench: Workbench) -> None:
    """Do what is printed, and add what ``cn`` asks for besides."""
    bench.connect("gpt")
    config = bench.home / ".continue/config.yaml"
    if "version:" not in config.read_text():
        config.write_text(f"name: CodeVector\nversion: 1.0.0\nschema: v1\n{config.read_text()}")


def ask(bench: Workbench, prompt: str) -> Ran:
    return bench.run("--config", str(bench.home / ".continue/config.yaml"), "--auto", "--print", prompt)


def test_continue_answers_plainly(bench: Workbench) -> None:
    connect(bench)
    bench.will_answer("chat")
    ask(bench, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="continue", dialect="chat", model="gpt")


def test_continue_reads_a_file_and_reports(bench: Workbench) -> None:
    connect(bench)
    bench.will_call("chat", "Read", {"filepath": str(bench.work / NOTE)})
    ask(bench, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="continue", dialect="chat", model="gpt")


def test_continue_takes_the_printed_set_up(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_answer("chat")
    ask(bench, QUESTION).assert_said(ANSWER)
