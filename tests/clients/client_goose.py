"""goose, headless, as ``codevector connect goose`` sets it up, and on Messages.

It sends no User-Agent: the header of its session gives it away.
"""

import pytest

from clients import answers
from clients.answers import Dialect
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

QUIET = {"GOOSE_DISABLE_KEYRING": "1", "GOOSE_TELEMETRY_ENABLED": "false", "GOOSE_MODE": "auto"}
ASKS_FOR_TITLE = "Generate a short title"
MODELS: dict[Dialect, str] = {"chat": "gpt", "messages": "claude-haiku-4-5"}
"""On Messages it makes its titles with this model, whatever else it is set to."""


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("goose")
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, dialect: Dialect, prompt: str) -> Ran:
    bench.connect(MODELS[dialect])
    if dialect == "messages":
        speak_messages(bench)
    bench.desk.provider.when(ASKS_FOR_TITLE, answers.text(dialect, "A title"))
    return bench.run("run", "--no-session", "--text", prompt)


def speak_messages(bench: Workbench) -> None:
    """Set up its other vendor beside what is printed."""
    bench.variables |= {
        "GOOSE_PROVIDER": "anthropic",
        "ANTHROPIC_HOST": bench.desk.daemon.url,
        "ANTHROPIC_API_KEY": bench.key.secret,
    }


@pytest.mark.parametrize("dialect", MODELS)
def test_goose_answers_plainly(bench: Workbench, dialect: Dialect) -> None:
    bench.will_answer(dialect)
    ask(bench, dialect, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="goose", dialect=dialect, model=MODELS[dialect])


@pytest.mark.parametrize("dialect", MODELS)
def test_goose_reads_a_file_and_reports(bench: Workbench, dialect: Dialect) -> None:
    bench.will_call(dialect, "shell", {"command": f"cat {NOTE}"})
    ask(bench, dialect, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="goose", dialect=dialect, model=MODELS[dialect])


def test_goose_names_its_session(bench: Workbench) -> None:
    bench.will_answer("chat")
    ask(bench, "chat", QUESTION).assert_said(ANSWER)
    assert all(row["session"] for row in bench.rows())


@pytest.mark.parametrize("dialect", MODELS)
def test_goose_shows_why_it_was_refused(bench: Workbench, dialect: Dialect) -> None:
    bench.will_refuse(dialect)
    bench.assert_told_of_refusal(ask(bench, dialect, QUESTION))


@pytest.mark.parametrize("dialect", MODELS)
def test_goose_is_interrupted(bench: Workbench, dialect: Dialect) -> None:
    bench.will_hang(dialect)
    ask(bench, dialect, QUESTION)
    bench.assert_left()
