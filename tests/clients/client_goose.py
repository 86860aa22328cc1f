"""goose, headless, on Chat Completions and on Messages.

It sends no User-Agent, so its key names it.
"""

import pytest

from clients import answers
from clients.answers import Dialect
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Ran, Workbench

QUIET = {"GOOSE_DISABLE_KEYRING": "1", "GOOSE_TELEMETRY_ENABLED": "false", "GOOSE_MODE": "auto"}
ASKS_FOR_TITLE = "Generate a short title"
MODELS: dict[Dialect, tuple[str, str]] = {"chat": ("openai", "gpt"), "messages": ("anthropic", "claude-haiku-4-5")}
"""On Messages it makes its titles with this model, whatever else it is set to."""


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("goose", client_app="goose")
    for vendor in ("OPENAI", "ANTHROPIC"):
        bench.variables |= {f"{vendor}_HOST": bench.desk.daemon.url, f"{vendor}_API_KEY": bench.key.secret}
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, dialect: Dialect, prompt: str) -> Ran:
    provider, model = MODELS[dialect]
    bench.desk.provider.when(ASKS_FOR_TITLE, answers.text(dialect, "A title"))
    bench.variables |= {"GOOSE_PROVIDER": provider, "GOOSE_MODEL": model}
    return bench.run("run", "--no-session", "--text", prompt)


@pytest.mark.parametrize("dialect", MODELS)
def test_goose_answers_plainly(bench: Workbench, dialect: Dialect) -> None:
    bench.will_answer(dialect)
    ask(bench, dialect, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="goose", dialect=dialect, model=MODELS[dialect][1])


@pytest.mark.parametrize("dialect", MODELS)
def test_goose_reads_a_file_and_reports(bench: Workbench, dialect: Dialect) -> None:
    bench.will_call(dialect, "shell", {"command": f"cat {NOTE}"})
    ask(bench, dialect, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="goose", dialect=dialect, model=MODELS[dialect][1])


def test_goose_names_its_session(bench: Workbench) -> None:
    bench.will_answer("chat")
    ask(bench, "chat", QUESTION).assert_said(ANSWER)
    assert all(row["session"] for row in bench.rows())
