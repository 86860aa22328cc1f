"""Vercel's AI SDK: a tool loop in every dialect."""

import json

import pytest

from clients import answers
from clients.answers import Dialect
from clients.packages import PACKAGES, node_folder
from clients.running import Ran
from clients.workbench import ANSWER, ERRAND, NOTE, QUESTION, REPORT, MakeWorkbench, Workbench
from codevector_tui.commands import snippets

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
MODELS: dict[Dialect, str] = {"chat": "gpt", "messages": "sonnet", "responses": "gpt", "gemini": "gemini-2.5-pro"}
APP = "vercel-ai-sdk"


@pytest.fixture
def bench(workbench_for: MakeWorkbench) -> Workbench:
    bench = workbench_for(APP)
    (bench.work / "node_modules").symlink_to(PACKAGES[APP].installed)
    (bench.work / "ask.mjs").write_text(SCRIPT)
    return bench


def ask(bench: Workbench, dialect: Dialect, prompt: str) -> Ran:
    told = [dialect, bench.desk.daemon.url, bench.key.secret, MODELS[dialect], prompt, NOTE]
    return bench.run("ask.mjs", json.dumps(told), program=node_folder() / "node")


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_answers_plainly(bench: Workbench, dialect: Dialect) -> None:
    bench.will_answer(dialect)
    ask(bench, dialect, QUESTION).assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app=APP, dialect=dialect, model=MODELS[dialect])


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_calls_a_tool_and_reports(bench: Workbench, dialect: Dialect) -> None:
    bench.will_call(dialect, "read", {})
    ask(bench, dialect, ERRAND).assert_said(REPORT)
    bench.assert_counted(calls=2, client_app=APP, dialect=dialect, model=MODELS[dialect])


def test_the_ai_sdk_takes_the_printed_set_up(bench: Workbench) -> None:
    (step,) = snippets.setup(APP, snippets.Target(bench.desk.daemon.url, bench.key.secret, "gpt")).steps
    (bench.work / "printed.mjs").write_text(step.text)
    bench.desk.provider.when('"Hello"', answers.text("chat", ANSWER))
    bench.run("printed.mjs", program=node_folder() / "node").assert_said(ANSWER)
    bench.assert_counted(calls=1, client_app=APP, dialect="chat", model="gpt")


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_tells_what_the_provider_said(bench: Workbench, dialect: Dialect) -> None:
    bench.will_refuse(dialect)
    bench.assert_told_of_refusal(ask(bench, dialect, QUESTION))


@pytest.mark.parametrize("dialect", MODELS)
def test_the_ai_sdk_is_interrupted(bench: Workbench, dialect: Dialect) -> None:
    bench.will_hang(dialect)
    ask(bench, dialect, QUESTION)
    bench.assert_left()
