"""The set-ups of the libraries that programs call models with, and of curl."""

import json
import shlex

from codevector_tui.commands.snippets.values import APP_HEADER, Setup, Step, Target, exports, headers_note, string

QUESTION = [{"role": "user", "content": "Hello"}]


def openai(target: Target) -> Setup:
    """Return the set-up of OpenAI's libraries."""
    python = (
        "from openai import OpenAI\n\n"
        f"client = OpenAI(base_url={string(target.openai)}, api_key={string(target.key)})\n"
        "answer = client.chat.completions.create(\n"
        f'    model={string(target.model)}, messages=[{{"role": "user", "content": "Hello"}}]\n'
        ")\n"
        "print(answer.choices[0].message.content)"
    )
    node = (
        'import OpenAI from "openai";\n\n'
        f"const client = new OpenAI({{ baseURL: {string(target.openai)}, apiKey: {string(target.key)} }});"
    )
    variables = {"OPENAI_BASE_URL": target.openai, "OPENAI_API_KEY": target.key}
    steps = [
        Step("In the shell: both SDKs read these", None, "sh", exports(variables)),
        Step("Or in Python", None, "python", python),
        Step("Or in JavaScript", None, "javascript", node),
    ]
    return Setup("openai", "OpenAI SDK", target.gateway_url, target.openai, target.model, steps, [headers_note()])


def anthropic(target: Target) -> Setup:
    """Return the set-up of Anthropic's libraries."""
    root = target.gateway_url
    python = (
        "from anthropic import Anthropic\n\n"
        f"client = Anthropic(base_url={string(root)}, api_key={string(target.key)})\n"
        "answer = client.messages.create(\n"
        f"    model={string(target.model)},\n"
        "    max_tokens=256,\n"
        '    messages=[{"role": "user", "content": "Hello"}],\n'
        ")\n"
        "print(answer.content[0].text)"
    )
    node = (
        'import Anthropic from "@anthropic-ai/sdk";\n\n'
        f"const client = new Anthropic({{ baseURL: {string(root)}, apiKey: {string(target.key)} }});"
    )
    variables = {"ANTHROPIC_BASE_URL": root, "ANTHROPIC_API_KEY": target.key}
    steps = [
        Step("In the shell: both SDKs read these", None, "sh", exports(variables)),
        Step("Or in Python", None, "python", python),
        Step("Or in JavaScript", None, "javascript", node),
    ]
    return Setup("anthropic", "Anthropic SDK", root, root, target.model, steps, [headers_note()])


def ai_sdk(target: Target) -> Setup:
    """Return the set-up of Vercel's AI SDK."""
    node = (
        'import { createOpenAICompatible } from "@ai-sdk/openai-compatible";\n'
        'import { streamText } from "ai";\n\n'
        "const codevector = createOpenAICompatible({\n"
        f'  name: "codevector", baseURL: {string(target.openai)}, apiKey: {string(target.key)},\n'
        "});\n"
        f'const answer = streamText({{ model: codevector({string(target.model)}), prompt: "Hello" }});\n'
        "for await (const text of answer.textStream) process.stdout.write(text);"
    )
    steps = [Step("In JavaScript", None, "javascript", node)]
    note = f"createAnthropic, createOpenAI take the same address; createGoogleGenerativeAI {target.gateway_url}/v1beta."
    notes = [note, headers_note()]
    return Setup("vercel-ai-sdk", "Vercel AI SDK", target.gateway_url, target.openai, target.model, steps, notes)


def langchain(target: Target) -> Setup:
    """Return the set-up of LangChain."""
    python = (
        "from langchain_openai import ChatOpenAI\n\n"
        "model = ChatOpenAI(\n"
        f"    model={string(target.model)}, base_url={string(target.openai)}, api_key={string(target.key)},\n"
        f'    default_headers={{"{APP_HEADER}": "langchain"}},\n'
        ")\n"
        'print(model.invoke("Hello").text)'
    )
    steps = [Step("In Python", None, "python", python)]
    note = f"ChatAnthropic takes the same with base_url {string(target.gateway_url)}."
    notes = [note, headers_note()]
    return Setup("langchain", "LangChain", target.gateway_url, target.openai, target.model, steps, notes)


def curl(target: Target) -> Setup:
    """Return a call by hand in each of the two best-known dialects."""
    chat = _call(
        f"{target.openai}/chat/completions",
        [f"Authorization: Bearer {target.key}"],
        {"model": target.model, "messages": QUESTION},
    )
    messages = _call(
        f"{target.gateway_url}/v1/messages",
        [f"x-api-key: {target.key}", "anthropic-version: 2023-06-01"],
        {"model": target.model, "max_tokens": 256, "messages": QUESTION},
    )
    steps = [Step("OpenAI's dialect", None, "sh", chat), Step("Anthropic's dialect", None, "sh", messages)]
    return Setup("curl", "curl", target.gateway_url, target.openai, target.model, steps, [headers_note()])


def _call(url: str, headers: list[str], body: object) -> str:
    parts = [f"curl {shlex.quote(url)}"]
    parts += [f"-H {shlex.quote(header)}" for header in [*headers, "Content-Type: application/json"]]
    parts.append(f"-d {shlex.quote(json.dumps(body))}")
    return " \\\n  ".join(parts)
