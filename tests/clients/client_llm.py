"""The ``llm`` command as ``codevector connect llm`` sets it up, and, with its plug-in, on Messages.

It does not name itself on the wire (its calls look like those of the vendors' SDKs): a header of its settings does.
"""

import pytest

from clients.answers import Dialect
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

READ = f"def read_note() -> str:\n    return open({NOTE!r}).read()\n"


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("llm")
    bench.variables |= {
        "ANTHROPIC_BASE_URL": bench.desk.daemon.url,
        "ANTHROPIC_API_KEY": bench.key.secret,
        "ANTHROPIC_CUSTOM_HEADERS": "x-client-app: llm",
    }
    return bench


def ask(bench: Workbench, dialect: Dialect, *arguments: str) -> Ran:
    bench.connect("gpt")
    *printed, hello = bench.start
    assert hello == "Hello"
    model = ["--model", "claude-sonnet-4.5"] if dialect == "messages" else printed
    return bench.run(*model, *arguments)


@pytest.mark.parametrize(("dialect", "model"), [("chat", "gpt"), ("messages", "claude-sonnet-4-5")])
def test_llm_answers_plainly(bench: Workbench, dialect: Dialect, model: str) -> None:
    bench.will_answer(dialect)
    ask(bench, dialect, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="llm", dialect=dialect, model=model)


@pytest.mark.parametrize(("dialect", "model"), [("chat", "gpt"), ("messages", "claude-sonnet-4-5")])
def test_llm_calls_a_function_and_reports(bench: Workbench, dialect: Dialect, model: str) -> None:
    bench.will_call(dialect, "read_note", {})
    ask(bench, dialect, "--functions", READ, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="llm", dialect=dialect, model=model)


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_llm_shows_why_it_was_refused(bench: Workbench, dialect: Dialect) -> None:
    bench.will_refuse(dialect)
    bench.assert_told_of_refusal(ask(bench, dialect, QUESTION))


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_llm_is_interrupted(bench: Workbench, dialect: Dialect) -> None:
    bench.will_hang(dialect)
    ask(bench, dialect, QUESTION)
    bench.assert_left()
