"""Vercel's AI SDK: a tool loop in every dialect."""

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
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { z } from "zod";

const [dialect, root, apiKey, model, prompt, note] = JSON.parse(process.argv[2]);
const makers = {
  chat: () => createOpenAICompatible({ name: "codevector", baseURL: `${root}/v1`, apiKey }),
  messages: () => createAnthropic({ baseURL: `${root}/v1`, apiKey }),
  responses: () => createOpenAI({ baseURL: `${root}/v1`, apiKey }),
  gemini: () => createGoogleGenerativeAI({ baseURL: `${root}/v1beta`, apiKey }),
};
const provider = makers[dialect]();
const read = tool({
  description: "Reads the note", inputSchema: z.object({}), execute: async () => readFileSync(note, "utf8"),
});
const result = streamText({ model: provider(model), prompt, tools: { read }, stopWhen: isStepCount(4) });
for await (const text of result.textStream) process.stdout.write(text);
"""
MODELS: dict[Dialect, tuple[str, str]] = {
    "chat": ("gpt", "ai-sdk-openai-compatible"),
    "messages": ("sonnet", "ai-sdk-anthropic"),
    "responses": ("gpt", "ai-sdk-openai"),
    "gemini": ("gemini-2.5-pro", "ai-sdk-google"),
}
"""A model of each dialect, and how that part of the SDK names itself."""


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for("vercel-ai-sdk")
    (bench.work / "node_modules").symlink_to(PACKAGES["vercel-ai-sdk"].installed)
    (bench.work / "ask.mjs").write_text(SCRIPT)
    return bench


def ask(bench: Workbench, dialect: Dialect, prompt: str) -> Ran:
    told = [dialect, bench.desk.daemon.url, bench.key.secret, MODELS[dialect][0], prompt, NOTE]
    return bench.run("ask.mjs", json.dumps(told), program=node_folder() / "node")


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_answers_plainly(bench: Workbench, dialect: Dialect) -> None:
    bench.will_answer(dialect)
    ask(bench, dialect, QUESTION).assert_said(ANSWER)
    model, app = MODELS[dialect]
    bench.assert_counted(calls=1, client_app=app, dialect=dialect, model=model)


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_calls_a_tool_and_reports(bench: Workbench, dialect: Dialect) -> None:
    bench.will_call(dialect, "read", {})
    ask(bench, dialect, ERRAND).assert_said(REPORT)
    model, app = MODELS[dialect]
    bench.assert_counted(calls=2, client_app=app, dialect=dialect, model=model)
