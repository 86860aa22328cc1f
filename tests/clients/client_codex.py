"""Codex CLI, headless, as ``codevector connect codex`` sets it up."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from clients import answers
from clients.answers import Dialect
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench
from codevector_tui.commands.attribution import VARIABLE

QUIET = ["-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false", "-c", 'web_search="disabled"']

ACCOUNT = "account-of-the-tester"
SUBSCRIBED = """
model_provider = "codevector"
model = "gpt"

[model_providers.codevector]
name = "OpenAI"
base_url = "{url}"
wire_api = "responses"
requires_openai_auth = true
http_headers = {{ "x-codevector-key" = "{key}" }}
"""


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    return workbench_for("codex")


def ask(bench: Workbench, prompt: str, model: str = "gpt") -> Ran:
    bench.connect(model)
    return bench.run("exec", "--json", "--sandbox", "danger-full-access", *QUIET, prompt)


def thread_of(ran: Ran) -> str:
    """Return the thread that Codex says it started."""
    events: list[dict[str, Any]] = [json.loads(line) for line in ran.output.splitlines() if line.startswith("{")]
    return str(next(event["thread_id"] for event in events if event["type"] == "thread.started"))


def test_codex_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("responses")
    ran = ask(bench, QUESTION)
    ran.assert_said(ANSWER)
    rows = bench.assert_counted(calls=1, client_app="codex", dialect="responses", model="gpt")
    assert {row["session"] for row in rows} == {thread_of(ran)}


def test_codex_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.will_call("responses", "exec_command", {"cmd": f"cat {NOTE}"})
    ran = ask(bench, ERRAND)
    ran.assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model="gpt")
    assert {row["session"] for row in rows} == {thread_of(ran)}


def test_codex_is_served_by_a_provider_of_messages(bench: Workbench) -> None:
    bench.will_call("messages", "exec_command", {"cmd": f"cat {NOTE}"})
    ran = ask(bench, ERRAND, "sonnet")
    ran.assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model="sonnet")
    assert {(row["session"], row["provider"]) for row in rows} == {(thread_of(ran), "anth")}


@pytest.mark.parametrize(("dialect", "model", "backend"), [("chat", "house", "own"), ("gemini", "gemini-only", "gem")])
def test_codex_is_served_by_providers_of_other_dialects(
    bench: Workbench, dialect: Dialect, model: str, backend: str
) -> None:
    bench.will_call(dialect, "exec_command", {"cmd": f"cat {NOTE}"})
    ran = ask(bench, ERRAND, model)
    ran.assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model=model)
    assert {(row["session"], row["provider"]) for row in rows} == {(thread_of(ran), backend)}


def test_codex_reconnects_after_a_cut_stream(bench: Workbench) -> None:
    good = answers.text("responses", ANSWER)
    bench.desk.provider.then(good.cut_after(4), good)
    ask(bench, QUESTION).assert_said(ANSWER)
    assert [row["state"] for row in bench.rows()] == ["upstream_failed", "complete"]


def test_codex_goes_on_with_a_thread(bench: Workbench) -> None:
    bench.will_answer("responses")
    thread = thread_of(ask(bench, QUESTION))
    bench.desk.provider.when("And now?", answers.text("responses", REPORT))
    bench.run("exec", "resume", "--json", *QUIET, thread, "And now?").assert_said(REPORT)
    rows = bench.assert_counted(calls=2, client_app="codex", dialect="responses", model="gpt")
    assert {row["session"] for row in rows} == {thread}


def test_codex_brings_its_own_login(bench: Workbench) -> None:
    bench.connect("gpt")
    bench.variables |= {"CODEVECTOR_KEY": "own-login-of-the-tester", "GATEWAY_KEY": bench.key.secret}
    config = bench.home / ".codex/config.toml"
    config.write_text(
        config.read_text().replace("env_http_headers = {", 'env_http_headers = { "x-codevector-key" = "GATEWAY_KEY",')
    )
    bench.will_answer("responses")
    bench.run("exec", "--json", *QUIET, QUESTION).assert_said(ANSWER)
    assert bench.desk.provider.received()[0].header("authorization") == ["Bearer own-login-of-the-tester"]
    rows = bench.assert_counted(calls=1, client_app="codex", dialect="responses", model="gpt")
    assert {row["own_login"] for row in rows} == {1}


def test_codex_shows_why_it_was_refused(bench: Workbench) -> None:
    bench.will_refuse("responses")
    bench.assert_told_of_refusal(ask(bench, QUESTION))


def test_codex_is_interrupted(bench: Workbench) -> None:
    bench.will_hang("responses")
    ask(bench, QUESTION)
    bench.assert_left()


def test_codex_counts_under_the_project_of_its_environment(bench: Workbench) -> None:
    bench.variables[VARIABLE] = "garden"
    bench.will_answer("responses")
    ask(bench, QUESTION).assert_said(ANSWER)
    assert {row["project"] for row in bench.rows()} == {"garden"}


def test_codex_names_its_agents(bench: Workbench) -> None:
    """The first call starts an agent and waits for its trace; the agent's own calls carry what kind of agent it is."""
    provider = bench.desk.provider
    wait, touch = "until [ -e trace ]; do sleep 0.1; done", "touch trace; echo the agent left one"
    spawn = {"message": "Leave a trace."}
    provider.when(ERRAND, answers.tool_call("responses", "multi_agent_v1.spawn_agent", spawn))
    provider.when(answers.CALL_ID, answers.tool_call("responses", "exec_command", {"cmd": wait}))
    provider.when("[ -e trace ]", answers.text("responses", REPORT))
    provider.when("x-openai-subagent:", answers.tool_call("responses", "exec_command", {"cmd": touch}))
    provider.when("the agent left one", answers.text("responses", "Done."))
    ran = ask(bench, ERRAND)
    ran.assert_said(REPORT)
    rows = bench.rows()
    assert {(row["client_app"], row["state"]) for row in rows} <= {("codex", "complete"), ("codex", "client_left")}
    assert {row["agent"] for row in rows} == {None, "collab_spawn"}, bench.story()
    assert {row["session"] for row in rows} == {thread_of(ran)}


@pytest.fixture
def subscriber(bench: Workbench) -> Workbench:
    """Set up one who logged in with a subscription: Codex then compresses what it sends."""
    account = {"chatgpt_account_id": ACCOUNT, "chatgpt_plan_type": "pro"}
    claims = {"email": "tester@example.invalid", "exp": 4_000_000_000, "https://api.openai.com/auth": account}
    parts = ({"alg": "none"}, claims, "signature")
    token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    tokens = {"id_token": token, "access_token": token, "refresh_token": "refresh", "account_id": ACCOUNT}
    login = {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens}
    bench.put("~/.codex/auth.json", json.dumps({**login, "last_refresh": datetime.now(UTC).isoformat()}))
    return bench


def use_login(bench: Workbench, url: str) -> str:
    """Have Codex call an address with its own login; return the credential that it shows there."""
    lines = SUBSCRIBED.format(url=url, key=bench.key.secret)
    bench.put("~/.codex/config.toml", lines)
    token = json.loads((bench.home / ".codex/auth.json").read_text())["tokens"]["access_token"]
    return f"Bearer {token}"


def test_codex_brings_its_subscription_in_compressed_bodies(subscriber: Workbench) -> None:
    """The provider sees directly that the bodies come as zstd, and through the gateway what is in them."""
    provider = subscriber.desk.provider
    login = use_login(subscriber, f"{provider.url}/v1")
    provider.when("POST /v1/responses", answers.text("responses", ANSWER))
    subscriber.run("exec", "--json", *QUIET, QUESTION).assert_said(ANSWER)
    assert provider.received()[-1].header("content-encoding") == ["zstd"]
    provider.reset()
    use_login(subscriber, f"{subscriber.desk.daemon.url}/v1")
    subscriber.will_answer("responses")
    subscriber.run("exec", "--json", *QUIET, QUESTION).assert_said(ANSWER)
    (seen,) = provider.received()
    assert (seen.header("authorization"), seen.header("chatgpt-account-id")) == ([login], [ACCOUNT])
    assert subscriber.key.secret.encode() not in seen.head
    (row,) = subscriber.assert_counted(calls=1, client_app="codex", dialect="responses", model="gpt")
    assert row["own_login"] == 1
