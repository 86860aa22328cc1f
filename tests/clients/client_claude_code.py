"""Claude Code, headless, as ``codevector connect claude-code`` sets it up."""

import json
import uuid

import pytest

from clients import answers
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench
from codevector_tui.commands.attribution import with_claude_project
from support import messages

MODEL = "claude-sonnet-4-5"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("claude-code")
    bench.variables |= QUIET
    return bench


def ask(bench: Workbench, prompt: str, session: str, model: str = MODEL, *, step: int = 0) -> Ran:
    """Ask as set up for one shell, or with step 1 for every start."""
    bench.connect(model, steps=[step])
    arguments = ["--print", prompt, "--session-id", session, "--output-format", "json", "--allowedTools", "Read"]
    return bench.run(*arguments, "--model", model)


@pytest.mark.parametrize("step", [0, 1])
def test_claude_code_answers_plainly(bench: Workbench, step: int) -> None:
    session = str(uuid.uuid4())
    bench.will_answer("messages")
    ran = ask(bench, QUESTION, session, step=step)
    ran.assert_said(ANSWER)
    assert json.loads(ran.output)["session_id"] == session
    rows = bench.assert_counted(calls=1, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["session"] for row in rows} == {session}


def test_claude_code_reads_a_file_and_reports(bench: Workbench) -> None:
    session = str(uuid.uuid4())
    bench.will_call("messages", "Read", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND, session).assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["session"] for row in rows} == {session}


def test_claude_code_is_served_by_a_provider_of_chat_completions(bench: Workbench) -> None:
    session = str(uuid.uuid4())
    bench.will_call("chat", "Read", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND, session, "gpt").assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="claude-code", dialect="messages", model="gpt")
    assert {(row["session"], row["provider"]) for row in rows} == {(session, "open")}


def test_claude_code_counts_a_prompt_before_it_is_sent(bench: Workbench) -> None:
    """``/context`` asks for the count of each part; none of these calls makes a row."""
    bench.desk.provider.when("/count_tokens", messages.token_count(1234))
    session = str(uuid.uuid4())
    ran = ask(bench, "/context", session)
    assert ran.status == 0, ran
    assert any("/count_tokens" in request.target for request in bench.desk.provider.received()), bench.story()
    assert bench.rows() == []


def test_claude_code_is_served_by_a_provider_of_gemini(bench: Workbench) -> None:
    session = str(uuid.uuid4())
    bench.will_call("gemini", "Read", {"file_path": str(bench.work / NOTE)})
    ask(bench, ERRAND, session, "gemini-only").assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="claude-code", dialect="messages", model="gemini-only")
    assert {(row["session"], row["provider"]) for row in rows} == {(session, "gem")}


def test_claude_code_names_its_agents(bench: Workbench) -> None:
    """The first call starts an agent, whose own call carries the agent's id; then the first goes on."""
    task = {"description": "Find it", "prompt": "Say what an agent says.", "subagent_type": "general-purpose"}
    found = "An agent found nothing."
    bench.desk.provider.when(ERRAND, answers.tool_call("messages", "Agent", task))
    bench.desk.provider.when(task["prompt"], answers.text("messages", found))
    bench.desk.provider.when(found, answers.text("messages", REPORT))
    session = str(uuid.uuid4())
    ask(bench, ERRAND, session).assert_said(REPORT)
    rows = bench.assert_counted(calls=3, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["session"] for row in rows} == {session}
    assert len({row["agent"] for row in rows}) == 2, bench.story()


def test_claude_code_tries_again_where_the_provider_is_overloaded(bench: Workbench) -> None:
    bench.desk.provider.then(messages.error(529, "overloaded_error"), answers.text("messages", ANSWER))
    session = str(uuid.uuid4())
    ask(bench, QUESTION, session).assert_said(ANSWER)
    assert [(row["state"], row["status"]) for row in bench.rows()] == [("upstream_failed", 529), ("complete", 200)]


def test_claude_code_brings_its_own_login(bench: Workbench) -> None:
    bench.will_answer("messages")
    bench.variables |= {
        "ANTHROPIC_BASE_URL": bench.desk.daemon.url,
        "ANTHROPIC_AUTH_TOKEN": "own-login-of-the-tester",
        "ANTHROPIC_CUSTOM_HEADERS": f"x-codevector-key: {bench.key.secret}",
    }
    bench.run("--print", QUESTION, "--model", MODEL).assert_said(ANSWER)
    seen = bench.desk.provider.received()
    assert {tuple(one.header("authorization")) for one in seen} == {("Bearer own-login-of-the-tester",)}
    assert not any(one.header("x-codevector-key") or one.header("x-api-key") for one in seen)
    rows = bench.assert_counted(calls=1, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["own_login"] for row in rows} == {1}


def test_claude_code_brings_its_subscription(bench: Workbench) -> None:
    """With what a login with a subscription leaves; the token is nobody's."""
    token = {
        "accessToken": "sk-ant-oat01-tester",
        "refreshToken": "sk-ant-ort01-tester",
        "expiresAt": 4_000_000_000_000,
    }
    login = {**token, "scopes": ["user:inference", "user:profile"], "subscriptionType": "max"}
    bench.put("~/.claude/.credentials.json", json.dumps({"claudeAiOauth": login}))
    bench.variables["ANTHROPIC_BASE_URL"] = bench.desk.daemon.url
    bench.variables["ANTHROPIC_CUSTOM_HEADERS"] = f"x-codevector-key: {bench.key.secret}"
    bench.will_answer("messages")
    bench.run("--print", QUESTION, "--model", MODEL).assert_said(ANSWER)
    seen = bench.desk.provider.received()
    assert {tuple(one.header("authorization")) for one in seen} == {("Bearer sk-ant-oat01-tester",)}, bench.story()
    assert all("oauth" in one.header("anthropic-beta")[0] for one in seen), bench.story()
    rows = bench.assert_counted(calls=1, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["own_login"] for row in rows} == {1}


def test_claude_code_says_why_it_was_refused(bench: Workbench) -> None:
    ran = ask(bench, QUESTION, str(uuid.uuid4()), "claude-never-heard-of")
    assert ran.status != 0
    assert "claude-never-heard-of" in ran.output
    (row, *_) = bench.rows()
    assert (row["state"], row["status"]) == ("rejected", 404)


def test_claude_code_discovers_the_models_it_may_call(bench: Workbench) -> None:
    bench.will_answer("messages")
    del bench.variables["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"]
    bench.variables["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] = "1"
    ask(bench, QUESTION, str(uuid.uuid4())).assert_said(ANSWER)
    found = (bench.home / ".claude/cache/gateway-models.json").read_text()
    assert '"claude-haiku-4-5"' in found
    assert bench.key.secret not in found


@pytest.mark.parametrize("way", ["ANTHROPIC_API_KEY", "apiKeyHelper"])
def test_claude_code_shows_its_key_in_other_ways(bench: Workbench, way: str) -> None:
    """``x-api-key`` alone from a variable; both headers from a program that prints the key."""
    bench.will_answer("messages")
    bench.variables["ANTHROPIC_BASE_URL"] = bench.desk.daemon.url
    if way == "apiKeyHelper":
        bench.put("~/.claude/settings.json", json.dumps({way: f"echo {bench.key.secret}"}))
    else:
        bench.variables[way] = bench.key.secret
    bench.run("--print", QUESTION, "--model", MODEL).assert_said(ANSWER)
    rows = bench.assert_counted(calls=1, client_app="claude-code", dialect="messages", model=MODEL)
    assert {row["own_login"] for row in rows} == {0}


def test_claude_code_shows_why_the_provider_refused_it(bench: Workbench) -> None:
    bench.will_refuse("messages")
    bench.assert_told_of_refusal(ask(bench, QUESTION, str(uuid.uuid4())))


def test_claude_code_is_interrupted(bench: Workbench) -> None:
    bench.will_hang("messages")
    ask(bench, QUESTION, str(uuid.uuid4()))
    bench.assert_left()


def test_claude_code_counts_under_the_project_of_its_repository(bench: Workbench) -> None:
    """With what ``codevector init`` writes there."""
    (bench.work / ".claude").mkdir()
    (bench.work / ".claude/settings.local.json").write_text(with_claude_project("", "garden", []))
    bench.will_answer("messages")
    ask(bench, QUESTION, str(uuid.uuid4())).assert_said(ANSWER)
    assert {row["project"] for row in bench.rows()} == {"garden"}
