"""The ``llm`` command, on Chat Completions and, with its plug-in, on Messages.

It does not name itself on the wire (its calls look like those of the vendors' SDKs), so its key names it.
"""

import json

import pytest

from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

READ = f"def read_note() -> str:\n    return open({NOTE!r}).read()\n"


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("llm", client_app="llm")
    url = bench.desk.daemon.url
    model = {"model_id": "cv-gpt", "model_name": "gpt", "api_base": f"{url}/v1", "api_key_name": "codevector"}
    bench.put("~/.config/io.datasette.llm/extra-openai-models.yaml", json.dumps([{**model, "supports_tools": True}]))
    bench.put("~/.config/io.datasette.llm/keys.json", json.dumps({"codevector": bench.key.secret}))
    bench.variables |= {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": bench.key.secret}
    return bench


def test_llm_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("chat")
    bench.run("--model", "cv-gpt", QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="llm", dialect="chat", model="gpt")


def test_llm_calls_a_function_and_reports(bench: Workbench) -> None:
    bench.will_call("chat", "read_note", {})
    bench.run("--model", "cv-gpt", "--functions", READ, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="llm", dialect="chat", model="gpt")


def test_llm_speaks_messages(bench: Workbench) -> None:
    bench.will_call("messages", "read_note", {})
    bench.run("--model", "claude-sonnet-4.5", "--functions", READ, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="llm", dialect="messages", model="claude-sonnet-4-5")
