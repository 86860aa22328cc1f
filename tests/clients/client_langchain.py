"""LangChain: a tool call by hand on Chat Completions, Responses and Messages."""

import json

import pytest

from clients.answers import Dialect
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench
from codevector_tui.commands import snippets
from support import chat

SCRIPT = '''
import json, sys
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

dialect, root, key, name, prompt, note = json.loads(sys.argv[1])

@tool
def read() -> str:
    """Reads the note."""
    return open(note).read()

if dialect == "messages":
    model = ChatAnthropic(model=name, base_url=root, api_key=key)
else:
    model = ChatOpenAI(model=name, base_url=root + "/v1", api_key=key, use_responses_api=dialect == "responses")
model = model.bind_tools([read])
messages = [HumanMessage(prompt)]
while True:
    answer = None
    for chunk in model.stream(messages):
        answer = chunk if answer is None else answer + chunk
    messages.append(answer)
    if not answer.tool_calls:
        break
    messages += [read.invoke(call) for call in answer.tool_calls]
print(answer.text if isinstance(answer.text, str) else answer.text())
'''
MODELS: dict[Dialect, tuple[str, str]] = {
    "chat": ("gpt", "openai-python"),
    "responses": ("gpt", "openai-python"),
    "messages": ("sonnet", "langchain"),
}
"""A model of each dialect, and what LangChain's calls look like there."""


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("langchain")
    bench.variables["LANGSMITH_TRACING"] = "false"
    (bench.work / "ask.py").write_text(SCRIPT)
    return bench


def ask(bench: Workbench, dialect: Dialect, prompt: str) -> Ran:
    told = [dialect, bench.desk.daemon.url, bench.key.secret, MODELS[dialect][0], prompt, NOTE]
    return bench.run("ask.py", json.dumps(told))


@pytest.mark.parametrize("dialect", MODELS)
def test_langchain_answers_plainly(bench: Workbench, dialect: Dialect) -> None:
    bench.will_answer(dialect)
    ask(bench, dialect, QUESTION).assert_said(ANSWER)
    model, app = MODELS[dialect]
    bench.assert_counted(calls=1, client_app=app, dialect=dialect, model=model)


@pytest.mark.parametrize("dialect", MODELS)
def test_langchain_calls_a_tool_and_reports(bench: Workbench, dialect: Dialect) -> None:
    bench.will_call(dialect, "read", {})
    ask(bench, dialect, ERRAND).assert_said(REPORT)
    model, app = MODELS[dialect]
    bench.assert_counted(calls=2, client_app=app, dialect=dialect, model=model)


def test_langchain_takes_the_printed_set_up(bench: Workbench) -> None:
    (step,) = snippets.setup("langchain", snippets.Target(bench.desk.daemon.url, bench.key.secret, "gpt")).steps
    (bench.work / "printed.py").write_text(step.text)
    bench.desk.provider.when('"Hello"', chat.plain(ANSWER))
    bench.run("printed.py").assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="langchain", dialect="chat", model="gpt")


@pytest.mark.parametrize("dialect", MODELS)
def test_langchain_raises_what_the_provider_said(bench: Workbench, dialect: Dialect) -> None:
    bench.will_refuse(dialect)
    bench.assert_told_of_refusal(ask(bench, dialect, QUESTION))


@pytest.mark.parametrize("dialect", MODELS)
def test_langchain_is_interrupted(bench: Workbench, dialect: Dialect) -> None:
    bench.will_hang(dialect)
    ask(bench, dialect, QUESTION)
    bench.assert_left()
