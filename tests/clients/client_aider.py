"""aider, headless, as ``codevector connect aider`` sets it up; it has no tools, it writes what its model says.

It does not name itself on the wire (its calls look like the OpenAI SDK's or LiteLLM's): a header of its settings does.
"""

import pytest

from clients import answers
from clients.answers import Dialect
from clients.running import Ran
from clients.workbench import ANSWER, NOTE, QUESTION, MakeWorkbench, Workbench

QUIET = {
    "AIDER_CHECK_UPDATE": "false",
    "AIDER_ANALYTICS_DISABLE": "true",
    "AIDER_SHOW_RELEASE_NOTES": "false",
    "AIDER_SHOW_MODEL_WARNINGS": "false",
    "AIDER_DETECT_URLS": "false",
    "AIDER_GITIGNORE": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}
WISH = "Put a second line into the note."
ADDED = "And a jar of it."
EDIT = f"""{NOTE}
```
The pass word is marmalade-4711.
{ADDED}
```
"""


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("aider")
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, prompt: str, model: str | None = None) -> Ran:
    started = ["--model", model] if model else bench.start
    arguments = ["--yes-always", "--no-pretty", "--edit-format", "whole", "--map-tokens", "0", "--no-auto-commits"]
    return bench.run(*started, *arguments, "--message", prompt, NOTE)


def test_aider_answers_plainly(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_answer("chat")
    ask(bench, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="aider", dialect="chat", model="gpt")


@pytest.mark.parametrize(("dialect", "model"), [("chat", "gpt"), ("messages", "sonnet")])
def test_aider_edits_a_file(bench: Workbench, dialect: Dialect, model: str) -> None:
    bench.connect("gpt")
    bench.variables |= {"ANTHROPIC_API_BASE": bench.desk.daemon.url, "ANTHROPIC_API_KEY": bench.key.secret}
    bench.desk.provider.when(WISH, answers.text(dialect, EDIT))
    vendor = "openai" if dialect == "chat" else "anthropic"
    ran = ask(bench, WISH, f"{vendor}/{model}")
    assert ADDED in (bench.work / NOTE).read_text(), ran
    bench.assert_counted(calls=1, client_app="aider", dialect=dialect, model=model)


def test_aider_shows_why_it_was_refused(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_refuse("chat")
    bench.assert_told_of_refusal(ask(bench, QUESTION))


def test_aider_is_interrupted(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.will_hang("chat")
    ask(bench, QUESTION)
    bench.assert_left()
