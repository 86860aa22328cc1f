"""opencode, headless, as ``codevector connect opencode`` sets it up, and on Anthropic's dialect."""

import json

import pytest

from clients import answers
from clients.answers import Dialect
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

SWITCHES = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE")
QUIET = {f"OPENCODE_DISABLE_{switch}": "true" for switch in SWITCHES}
TITLE = "A title"
ASKS_FOR_TITLE = "You are a title generator"


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("opencode")
    bench.variables |= QUIET
    return bench


def speak_messages(bench: Workbench) -> None:
    """Configure the other package of opencode's, for Anthropic's dialect."""
    options = {"baseURL": f"{bench.desk.daemon.url}/v1", "apiKey": bench.key.secret}
    provider = {"npm": "@ai-sdk/anthropic", "name": "CodeVector", "options": options, "models": {"sonnet": {}}}
    bench.put("~/.config/opencode/opencode.json", json.dumps({"provider": {"codevector": provider}}))


def ask(bench: Workbench, prompt: str, dialect: Dialect, model: str) -> Ran:
    bench.desk.provider.when(ASKS_FOR_TITLE, answers.text(dialect, TITLE))
    return bench.run("run", *(bench.start or ["--model", f"codevector/{model}"]), "--format", "json", prompt)


def session_of(ran: Ran) -> str:
    return str(json.loads(ran.output.splitlines()[0])["sessionID"])


def test_opencode_answers_plainly(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_answer("chat")
    ran = ask(bench, QUESTION, "chat", "gpt")
    ran.assert_said(ANSWER)
    rows = bench.assert_counted(calls=1, client_app="opencode", dialect="chat", model="gpt")
    assert {row["session"] for row in rows} == {session_of(ran)}


def test_opencode_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_call("chat", "read", {"filePath": str(bench.work / NOTE)})
    ran = ask(bench, ERRAND, "chat", "gpt")
    ran.assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="opencode", dialect="chat", model="gpt")
    assert {row["session"] for row in rows} == {session_of(ran)}


def test_opencode_speaks_messages(bench: Workbench) -> None:
    speak_messages(bench)
    bench.will_call("messages", "read", {"filePath": str(bench.work / NOTE)})
    ask(bench, ERRAND, "messages", "sonnet").assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="opencode", dialect="messages", model="sonnet")


def test_opencode_shows_why_it_was_refused(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_refuse("chat")
    bench.assert_told_of_refusal(ask(bench, QUESTION, "chat", "gpt"))


def test_opencode_is_interrupted(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_hang("chat")
    ask(bench, QUESTION, "chat", "gpt")
    bench.assert_left()
