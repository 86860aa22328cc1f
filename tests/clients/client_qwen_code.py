"""Qwen Code, headless, with the gateway as its OpenAI base URL."""

import json

import pytest

from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench

APP = "qwencode"
"""The product in its User-Agent."""
SETTINGS = {
    "general": {"enableAutoUpdate": False, "disableAutoUpdate": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "security": {"auth": {"selectedType": "openai"}},
}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("qwen-code")
    bench.put("~/.qwen/settings.json", json.dumps(SETTINGS))
    url = f"{bench.desk.daemon.url}/v1"
    bench.variables |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": bench.key.secret, "OPENAI_MODEL": "gpt"}
    return bench


def test_qwen_code_answers_plainly(bench: Workbench) -> None:
    bench.will_answer("chat")
    bench.run("--prompt", QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app=APP, dialect="chat", model="gpt")


def test_qwen_code_reads_a_file_and_reports(bench: Workbench) -> None:
    bench.will_call("chat", "read_file", {"file_path": str(bench.work / NOTE)})
    bench.run("--approval-mode", "yolo", "--prompt", ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app=APP, dialect="chat", model="gpt")
