"""pi, headless, with a provider of its own for each dialect."""

import json

import pytest

from clients.answers import Dialect
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

QUIET = {"PI_OFFLINE": "1", "PI_SKIP_VERSION_CHECK": "1", "PI_TELEMETRY": "0"}
KINDS: dict[Dialect, tuple[str, str, str]] = {
    "chat": ("openai-completions", "/v1", "gpt"),
    "messages": ("anthropic-messages", "", "sonnet"),
    "responses": ("openai-responses", "/v1", "gpt"),
    "gemini": ("google-generative-ai", "/v1beta", "gemini-2.5-pro"),
}
"""Each dialect's name in pi, the path of its base URL, and a model for it."""
DIALECTS = pytest.mark.parametrize("dialect", KINDS)


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("pi")
    bench.variables |= QUIET
    providers = {
        dialect: {
            "baseUrl": f"{bench.desk.daemon.url}{path}",
            "api": api,
            "apiKey": bench.key.secret,
            "models": [{"id": model}],
        }
        for dialect, (api, path, model) in KINDS.items()
    }
    bench.put("~/.pi/agent/models.json", json.dumps({"providers": providers}))
    return bench


@DIALECTS
def test_pi_answers_plainly(bench: Workbench, dialect: Dialect) -> None:
    bench.will_answer(dialect)
    model = KINDS[dialect][2]
    bench.run("--print", "--provider", dialect, "--model", model, QUESTION).assert_said(ANSWER)
    (row,) = bench.assert_counted(calls=1, client_app="pi", dialect=dialect, model=model)
    assert bool(row["session"]) is (dialect == "responses"), "pi names its session on Responses alone"


@DIALECTS
def test_pi_reads_a_file_and_reports(bench: Workbench, dialect: Dialect) -> None:
    bench.will_call(dialect, "read", {"path": str(bench.work / NOTE)})
    model = KINDS[dialect][2]
    bench.run("--print", "--provider", dialect, "--model", model, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="pi", dialect=dialect, model=model)


def test_pi_takes_the_printed_set_up(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_answer("chat")
    bench.run(*bench.start, "--print", QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="pi", dialect="chat", model="gpt")


@DIALECTS
def test_pi_shows_why_it_was_refused(bench: Workbench, dialect: Dialect) -> None:
    bench.will_refuse(dialect)
    ran = bench.run("--print", "--provider", dialect, "--model", KINDS[dialect][2], QUESTION)
    bench.assert_told_of_refusal(ran)


@DIALECTS
def test_pi_is_interrupted(bench: Workbench, dialect: Dialect) -> None:
    bench.will_hang(dialect)
    bench.run("--print", "--provider", dialect, "--model", KINDS[dialect][2], QUESTION)
    bench.assert_left()
