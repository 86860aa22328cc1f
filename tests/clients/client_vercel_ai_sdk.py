"""Vercel's AI SDK: a tool loop on Chat Completions and on Messages."""

import json

import pytest

from clients.answers import Dialect
from clients.packages import PACKAGES, node_folder
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Ran, Workbench

SCRIPT = """
import { readFileSync } from "node:fs";
import { isStepCount, streamText, tool } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createAnthropic } from "@ai-sdk/anthropic";
import { z } from "zod";

const [dialect, url, apiKey, model, prompt, note] = JSON.parse(process.argv[2]);
const provider = dialect === "chat"
  ? createOpenAICompatible({ name: "codevector", baseURL: url, apiKey })
  : createAnthropic({ baseURL: url, apiKey });
const read = tool({
  description: "Reads the note", inputSchema: z.object({}), execute: async () => readFileSync(note, "utf8"),
});
const result = streamText({ model: provider(model), prompt, tools: { read }, stopWhen: isStepCount(4) });
for await (const text of result.textStream) process.stdout.write(text);
"""
MODELS: dict[Dialect, str] = {"chat": "gpt", "messages": "sonnet"}
APPS: dict[Dialect, str] = {"chat": "ai-sdk-openai-compatible", "messages": "ai-sdk-anthropic"}


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("vercel-ai-sdk")
    (bench.work / "node_modules").symlink_to(PACKAGES["vercel-ai-sdk"].installed)
    (bench.work / "ask.mjs").write_text(SCRIPT)
    return bench


def ask(bench: Workbench, dialect: Dialect, prompt: str) -> Ran:
    told = [dialect, f"{bench.desk.daemon.url}/v1", bench.key.secret, MODELS[dialect], prompt, NOTE]
    return bench.run("ask.mjs", json.dumps(told), program=node_folder() / "node")


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_answers_plainly(bench: Workbench, dialect: Dialect) -> None:
    bench.will_answer(dialect)
    ask(bench, dialect, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app=APPS[dialect], dialect=dialect, model=MODELS[dialect])


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_calls_a_tool_and_reports(bench: Workbench, dialect: Dialect) -> None:
    bench.will_call(dialect, "read", {})
    ask(bench, dialect, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app=APPS[dialect], dialect=dialect, model=MODELS[dialect])
