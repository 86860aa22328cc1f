"""Gemini CLI, headless, with the gateway as its base URL."""

import json

import pytest

from clients.answers import Dialect
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

MODEL = "gemini-2.5-pro"
SETTINGS = {
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False, "disableAutoUpdate": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("gemini-cli")
    bench.put("~/.gemini/settings.json", json.dumps(SETTINGS))
    bench.variables |= {"GOOGLE_GEMINI_BASE_URL": bench.desk.daemon.url, "GEMINI_API_KEY": bench.key.secret}
    return bench


def test_gemini_cli_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("gemini")
    bench.run("--model", MODEL, "--prompt", QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app="gemini-cli", dialect="gemini", model=MODEL)


def test_gemini_cli_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.will_call("gemini", "read_file", {"file_path": str(bench.work / NOTE)})
    bench.run("--model", MODEL, "--approval-mode", "yolo", "--prompt", ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="gemini-cli", dialect="gemini", model=MODEL)


@pytest.mark.parametrize(("dialect", "model"), [("messages", "sonnet"), ("chat", "gpt")])
def test_gemini_cli_is_served_by_providers_of_other_dialects(bench: Workbench, dialect: Dialect, model: str) -> None:
    bench.will_call(dialect, "read_file", {"file_path": str(bench.work / NOTE)})
    bench.run("--model", model, "--approval-mode", "yolo", "--prompt", ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app="gemini-cli", dialect="gemini", model=model)
