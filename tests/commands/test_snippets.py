import ast
import json
import re
import shlex
import tomllib

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from codevector_tui.commands import snippets
from codevector_tui.commands.connect import connect
from codevector_tui.commands.snippets import Setup, Target

GATEWAY = "http://127.0.0.1:8787"


def text_of(found: Setup, language: str) -> str:
    return next(step.text for step in found.steps if step.language == language)


@pytest.mark.parametrize("client", snippets.CLIENTS)
def test_every_client_is_given_the_address_and_the_key(client: str) -> None:
    found = snippets.setup(client, Target(GATEWAY, "cv_key", "gpt-5"))
    text = "\n".join(step.text for step in found.steps)
    assert GATEWAY in text
    assert "cv_key" in text
    assert found.base_url.startswith(GATEWAY)


@pytest.mark.parametrize("client", snippets.CLIENTS)
def test_connect_prints_every_step_to_the_letter(client: str) -> None:
    printed = CliRunner().invoke(connect, [client, "--url", f"{GATEWAY}/", "--model", "gpt-5"])
    assert printed.exit_code == 0, printed.output
    found = snippets.setup(client, Target(GATEWAY, model="gpt-5"))
    for text in (*(step.text for step in found.steps), *found.notes):
        assert text in printed.output


def test_codex_is_told_of_a_responses_provider_with_the_project_from_the_environment() -> None:
    config = tomllib.loads(text_of(snippets.setup("codex", Target(GATEWAY, "cv_key", "gpt-5")), "toml"))
    assert config["model_provider"] == "codevector"
    assert config["model_providers"]["codevector"] == {
        "name": "CodeVector",
        "base_url": f"{GATEWAY}/v1",
        "env_key": "CODEVECTOR_KEY",
        "wire_api": "responses",
        "env_http_headers": {"x-project": "CODEVECTOR_PROJECT"},
    }


def test_claude_code_names_a_model_only_where_it_is_none_of_its_own() -> None:
    own = text_of(snippets.setup("claude-code", Target(GATEWAY, "cv_key", "claude-opus-4-6")), "json")
    assert json.loads(own) == {"env": {"ANTHROPIC_BASE_URL": GATEWAY, "ANTHROPIC_AUTH_TOKEN": "cv_key"}}
    other = json.loads(text_of(snippets.setup("claude-code", Target(GATEWAY, "cv_key", "sandbox/quick")), "json"))
    assert other["env"]["ANTHROPIC_MODEL"] == "sandbox/quick"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_a_strange_model_name_breaks_out_of_no_snippet(name: str) -> None:
    target = Target(GATEWAY, "cv_key", name)
    for client in ("openai", "anthropic"):
        ast.parse(text_of(snippets.setup(client, target), "python"))
    assert tomllib.loads(text_of(snippets.setup("codex", target), "toml"))["model"] == name
    words = shlex.split(text_of(snippets.setup("curl", target), "sh"))
    assert json.loads(words[-1])["model"] == name
    assert shlex.split(snippets.setup("aider", target).steps[-1].text)[-1] == f"openai/{name}"
    assert shlex.split(text_of(snippets.setup("cline", target), "sh"))[-1] == name
    for client, field in (("continue", "model"), ("llm", "model_name")):
        lines = text_of(snippets.setup(client, target), "yaml").split("\n")
        assert f"{field}: {json.dumps(name, ensure_ascii=False)}" in {line.strip() for line in lines}


@pytest.mark.parametrize("client", ["aider", "continue", "llm"])
def test_a_tool_that_does_not_name_itself_is_given_the_header_that_does(client: str) -> None:
    text = "\n".join(step.text for step in snippets.setup(client, Target(GATEWAY, "cv_key", "gpt-5")).steps)
    assert re.search(rf"x-client-app\W+{client}\b", text)
