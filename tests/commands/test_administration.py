import json
import signal
from pathlib import Path
from typing import Any, get_args

from codevector_shared.protocol import By
from support.command import CommandLine
from support.waiting import until


def names(document: dict[str, Any], plural: str, field: str = "name") -> list[str]:
    return [row[field] for row in document[plural]]


def test_a_provider_is_added_listed_disabled_and_removed(running: CommandLine) -> None:
    made = running.document(
        *("providers", "add", "mine", "--kind", "custom", "--base-url", "http://127.0.0.1:9/v1", "--json"),
        *("--dialect", "chat", "--dialect", "messages", "--credential-stdin"),
        answers="hush-hush\n",
    )
    assert (made["kind"], made["dialects"], made["has_credential"]) == ("custom", ["chat", "messages"], True)
    listed = running("providers", "list")
    assert "hush" not in listed.stdout
    assert "http://127.0.0.1:9/v1" in listed.stdout
    assert names(running.document("providers", "list", "--json"), "providers") == ["mine", "sandbox"]
    assert running.document("providers", "disable", "mine", "--json")["enabled"] is False
    assert running.document("providers", "enable", "mine", "--json")["enabled"] is True
    assert running.document("providers", "remove", "mine", "--json")["removed"] == "mine"
    again = running("providers", "remove", "mine")
    assert again.returncode == 1
    assert "there is no provider 'mine'" in again.stderr


def test_a_credential_may_come_from_a_file_or_a_variable(running: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    address = ("--kind", "custom", "--base-url", "http://127.0.0.1:9/v1", "--json")
    file = running.document("providers", "add", "one", *address, "--credential-file", str(tmp_path / "key"))
    variable = ("providers", "add", "two", *address, "--credential-env", "MY_KEY")
    assert file["has_credential"] is running.document(*variable, env={"MY_KEY": "x"})["has_credential"] is True


def test_a_provider_that_does_not_answer_fails_its_test_with_one_line(running: CommandLine) -> None:
    assert running("providers", "test", "sandbox").returncode == 0
    running("providers", "add", "gone", "--kind", "custom", "--base-url", "http://127.0.0.1:9/v1")
    failed = running("providers", "test", "gone")
    assert (failed.returncode, len(failed.stderr.splitlines())) == (1, 1)
    document = running("providers", "test", "gone", "--json")
    assert (document.returncode, json.loads(document.stdout)["ok"]) == (1, False)


def test_a_model_is_added_changed_shown_and_removed(running: CommandLine) -> None:
    prices = ("--input-price", "1", "--output-price", "2")
    made = running.document("models", "add", "fast", "--backend", "sandbox/quick,sandbox/deep", *prices, "--json")
    assert [backend["upstream_model"] for backend in made["backends"]] == ["quick", "deep"]
    assert [backend["priority"] for backend in made["backends"]] == [0, 1]
    assert (made["price_basis"], made["cached_price"]) == ("override", "1")
    assert running.document("models", "set", "fast", "--free", "--json")["price_basis"] == "free"
    assert running.document("models", "disable", "fast", "--json")["status"] == "disabled"
    assert running.call_gateway("fast").status_code == 404
    assert running.document("models", "enable", "fast", "--json")["status"] == "active"
    assert running.document("models", "show", "fast", "--json")["slug"] == "fast"
    assert "fast" in names(running.document("models", "list", "--json"), "models", "slug")
    assert "fast" in running("models", "list").stdout
    assert running.document("models", "remove", "fast", "--json") == {"removed": "fast"}
    assert running("models", "show", "fast").returncode == 1


def test_an_embedding_needs_no_price_for_output_it_never_gives(running: CommandLine) -> None:
    served = ("--kind", "custom", "--dialect", "embeddings", "--base-url", "http://127.0.0.1:9/v1")
    assert running("providers", "add", "local", *served).returncode == 0
    order = ("models", "add", "vectors", "--backend", "local/vectors", "--input-price", "0.02")
    made = running.document(*order, "--kind", "embedding", "--json")
    assert (made["price_basis"], made["input_price"], made["output_price"]) == ("override", "0.02", "0")
    assert running(*order).returncode == 2


def test_a_key_is_shown_once_and_works_until_it_is_revoked(running: CommandLine) -> None:
    made = running.document("keys", "create", "laptop", "--project", "lighthouse", "--expires", "90d", "--json")
    assert made["key"].startswith(made["prefix"])
    assert made["expires_at"] > made["created_at"]
    model = running.document("models", "list", "--json")["models"][0]["slug"]
    assert running.call_gateway(model, key=made["key"]).status_code == 200
    listed = running.document("keys", "list", "--json")
    assert made["key"] not in json.dumps(listed)
    assert running.document("keys", "revoke", "laptop", "--json")["status"] == "revoked"
    assert running.call_gateway(model, key=made["key"]).status_code == 401
    plain = running("keys", "create", "other")
    assert plain.stdout.strip().startswith("cv_")
    assert len(plain.stdout.splitlines()) == 1


def test_a_second_user_is_ranked_beside_the_owner(running: CommandLine) -> None:
    assert running.document("users", "add", "ana", "--json")["role"] == "member"
    key = running.document("keys", "create", "--user", "ana", "--json")["key"]
    model = running.document("models", "list", "--json")["models"][0]["slug"]
    assert running.call_gateway(model).status_code == 200
    assert running.call_gateway(model, key=key).status_code == 200
    ranked = running.document("leaderboard", "--metric", "requests", "--json")
    assert (ranked["metric"], sorted(row["requests"] for row in ranked["rows"])) == ("requests", [1, 1])
    assert "ana" in running("leaderboard").stdout
    assert running.document("users", "set", "ana", "--suspend", "--json")["status"] == "suspended"
    assert running.call_gateway(model, key=key).status_code == 401
    assert running.document("users", "set", "ana", "--resume", "--rename", "anna", "--json")["name"] == "anna"
    assert running.document("users", "show", "anna", "--json")["keys"] == 1
    assert "anna" in running("users", "list").stdout


def test_usage_and_requests_agree_with_the_call(running: CommandLine) -> None:
    model = running.document("models", "list", "--json")["models"][0]["slug"]
    answer = running.call_gateway(model, **{"x-project": "lighthouse"})
    counted = answer.json()["usage"]
    (row,) = running.document("requests", "--json")["requests"]
    assert row["id"] == answer.headers["x-codevector-request-id"]
    assert (row["input_tokens"], row["output_tokens"]) == (counted["prompt_tokens"], counted["completion_tokens"])
    found = running.document("usage", "--period", "today", "--by", "model", "--json")
    assert found["totals"]["spend_usd"] == row["spend_usd"]
    assert [(part["model"], part["requests"]) for part in found["rows"]] == [(model, 1)]
    assert found["period"]["name"] == "today"
    assert (row["project"], row["model"], row["state"]) == ("lighthouse", model, "complete")
    assert "Spend" in running("usage").stdout
    assert model in running("requests").stdout
    assert "lighthouse" in running("usage", "--by", "project").stdout


def test_usage_can_be_seen_by_every_dimension(running: CommandLine) -> None:
    running.call_gateway("sandbox/quick")
    for by in get_args(By):
        rows = running.document("usage", "--period", "today", "--by", by, "--json")["rows"]
        assert sum(row["requests"] for row in rows) == 1, by
        assert all(by in row for row in rows)
        assert running("usage", "--period", "today", "--by", by).returncode == 0


IMPOSSIBLE = (
    ("usage --from 1990-01-01", "--from 1990-01-01 is more than 4000 days before --to "),
    ("usage --from 1990-01-01", "; ask for fewer days, or for --period all\n"),
    ("usage --from 2024-01-01 --to 2025-12-31 --by hour", "--by hour makes too many rows"),
    ("usage --from 2024-01-01 --to 2025-12-31 --by hour", "400 days, or --period all\n"),
    ("usage --from 0001-01-01 --to 0001-01-01", "years 1970 to 9990"),
    (f"requests --last {'9' * 30}", "--last: expected a whole number"),
)


def test_what_cannot_be_asked_is_told_in_the_words_of_the_command_line(running: CommandLine) -> None:
    for command, said in IMPOSSIBLE:
        refused = running(*command.split())
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
        assert said in refused.stderr
        assert "query" not in refused.stderr
        assert "period=" not in refused.stderr
    assert running.document("requests", "--last", "9" * 18, "--json") == {"requests": []}


def test_followed_requests_come_one_document_a_line(running: CommandLine) -> None:
    model = running.document("models", "list", "--json")["models"][0]["slug"]
    before = running.call_gateway(model).headers["x-codevector-request-id"]
    process = running.start("requests", "--follow", "--json")
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["id"] == before
        after = running.call_gateway(model).headers["x-codevector-request-id"]
        assert json.loads(process.stdout.readline())["id"] == after
    finally:
        process.kill()
        process.communicate()


def test_following_goes_on_when_the_daemon_comes_back_and_ends_quietly(running: CommandLine) -> None:
    model = running.document("models", "list", "--json")["models"][0]["slug"]
    process = running.start("requests", "--follow", "--json")
    try:
        assert process.stdout is not None
        before = running.call_gateway(model).headers["x-codevector-request-id"]
        assert json.loads(process.stdout.readline())["id"] == before
        assert running("down").returncode == 0
        assert "waiting for it to come back" in process.stdout.readline()
        running.gateway = running.document("up", "--json")["status"]["gateway_url"]
        after = running.call_gateway(model).headers["x-codevector-request-id"]
        assert json.loads(process.stdout.readline())["id"] == after
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stdout.read().strip()) == (130, "")
    finally:
        process.kill()
        process.communicate()


def test_a_key_sees_its_own_usage_over_the_gateways_address(running: CommandLine) -> None:
    running("users", "add", "ana")
    key = running.document("keys", "create", "--user", "ana", "--json")["key"]
    model = running.document("models", "list", "--json")["models"][0]["slug"]
    running.call_gateway(model)
    mine = running.call_gateway(model, key=key).headers["x-codevector-request-id"]
    away = {"CODEVECTOR_URL": running.gateway, "CODEVECTOR_KEY": key, "CODEVECTOR_HOME": "/nowhere"}
    assert names(running.document("requests", "--json", env=away), "requests", "id") == [mine]
    assert running.document("usage", "--json", env=away)["totals"]["requests"] == 1
    assert model in names(running.document("models", "list", "--json", env=away), "models", "slug")
    ranked = running.document("leaderboard", "--json", env=away)["rows"]
    assert [row["you"] for row in ranked].count(True) == 1
    assert running("users", "list", env=away).returncode == 1


def test_connect_without_a_client_lists_them_and_needs_no_daemon(codevector: CommandLine) -> None:
    listed = codevector("connect")
    assert listed.returncode == 0
    clients = codevector.document("connect", "--json")["clients"]
    assert {"claude-code", "codex", "curl"} <= set(clients)
    assert [line.split()[0] for line in listed.stdout.splitlines()[2:]] == clients


def test_connect_names_this_gateway_and_a_model_of_it(running: CommandLine) -> None:
    found = running.document("connect", "claude-code", "--json")
    assert found["gateway_url"] == running.gateway
    assert found["model"] in names(running.document("models", "list", "--json"), "models", "slug")
    assert running.gateway in running("connect", "openai").stdout
    assert "https://gw.example" in running("connect", "curl", "--url", "https://gw.example/").stdout


def test_a_status_tells_what_the_contract_names(running: CommandLine) -> None:
    status = running.document("status", "--json")
    named = ["version", "pid", "gateway_url", "socket", "database", "uptime_s", "providers", "models", "open_requests"]
    assert set(named) <= status.keys()
    assert (status["providers"], status["keys"], status["open_requests"]) == (1, 1, 0)
    assert running.gateway in running("status").stdout


def test_down_waits_until_the_daemon_is_gone(running: CommandLine) -> None:
    pid = running.document("status", "--json")["pid"]
    assert running.document("down", "--json") == {"stopped": True, "pid": pid}
    assert until(lambda: not Path(f"/proc/{pid}").exists(), "the process to be reaped")
