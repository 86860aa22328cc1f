"""Ready-to-paste set-up of each coding tool for one gateway, key and model. Pure text; the monitor shows the same."""

import json
import shlex
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from codevector_tui.commands.attribution import HEADER, VARIABLE

KEY_PLACEHOLDER = "cv_YOUR_KEY"
MODEL_PLACEHOLDER = "YOUR_MODEL"


class Step(Struct, frozen=True):
    """One thing to do: paste ``text`` into a shell, or into the file ``where``."""

    title: str
    where: str | None
    language: str
    text: str


class Setup(Struct, frozen=True):
    """How one client is pointed at the gateway."""

    client: str
    title: str
    gateway_url: str
    base_url: str
    model: str
    steps: list[Step]
    notes: list[str]


class Target(Struct, frozen=True):
    """What a set-up is written for; ``gateway_url`` is the root, without a path and without a slash at its end."""

    gateway_url: str
    key: str = KEY_PLACEHOLDER
    model: str = MODEL_PLACEHOLDER

    @property
    def openai(self) -> str:
        """The base URL of OpenAI clients."""
        return f"{self.gateway_url}/v1"


def setup(client: str, target: Target) -> Setup:
    """Return the set-up of one of ``CLIENTS``."""
    return _WRITERS[client](target)


def _claude_code(target: Target) -> Setup:
    settings = _claude_variables(target)
    steps = [
        Step("In the shell that starts Claude Code", None, "sh", _exports(settings)),
        Step("Or for every start", "~/.claude/settings.json", "json", json.dumps({"env": settings}, indent=2)),
    ]
    note = "codevector init in a repository counts its calls under the project's name."
    return Setup("claude-code", "Claude Code", target.gateway_url, target.gateway_url, target.model, steps, [note])


def _codex(target: Target) -> Setup:
    config = "\n".join(
        [
            'model_provider = "codevector"',
            f"model = {_string(target.model)}",
            "",
            "[model_providers.codevector]",
            'name = "CodeVector"',
            f"base_url = {_string(target.openai)}",
            'env_key = "CODEVECTOR_KEY"',
            'wire_api = "responses"',
            f'env_http_headers = {{ "{HEADER}" = "{VARIABLE}" }}',
        ]
    )
    steps = [
        Step("In your own configuration", "~/.codex/config.toml", "toml", config),
        Step("In the shell that starts Codex", None, "sh", _exports({"CODEVECTOR_KEY": target.key})),
    ]
    notes = [
        "Codex ignores providers in a project's own .codex/config.toml, so this belongs into yours.",
        f"{VARIABLE}=NAME in its environment counts calls under that project; codevector init writes it for direnv.",
    ]
    return Setup("codex", "Codex", target.gateway_url, target.openai, target.model, steps, notes)


def _openai(target: Target) -> Setup:
    python = (
        "from openai import OpenAI\n\n"
        f"client = OpenAI(base_url={_string(target.openai)}, api_key={_string(target.key)})\n"
        "answer = client.chat.completions.create(\n"
        f'    model={_string(target.model)}, messages=[{{"role": "user", "content": "Hello"}}]\n'
        ")\n"
        "print(answer.choices[0].message.content)"
    )
    node = (
        'import OpenAI from "openai";\n\n'
        f"const client = new OpenAI({{ baseURL: {_string(target.openai)}, apiKey: {_string(target.key)} }});"
    )
    variables = _exports({"OPENAI_BASE_URL": target.openai, "OPENAI_API_KEY": target.key})
    steps = [
        Step("In the shell: both SDKs read these", None, "sh", variables),
        Step("Or in Python", None, "python", python),
        Step("Or in JavaScript", None, "javascript", node),
    ]
    return Setup("openai", "OpenAI SDK", target.gateway_url, target.openai, target.model, steps, [_headers_note()])


def _anthropic(target: Target) -> Setup:
    python = (
        "from anthropic import Anthropic\n\n"
        f"client = Anthropic(base_url={_string(target.gateway_url)}, api_key={_string(target.key)})\n"
        "answer = client.messages.create(\n"
        f"    model={_string(target.model)},\n"
        "    max_tokens=256,\n"
        '    messages=[{"role": "user", "content": "Hello"}],\n'
        ")\n"
        "print(answer.content[0].text)"
    )
    node = (
        'import Anthropic from "@anthropic-ai/sdk";\n\n'
        f"const client = new Anthropic({{ baseURL: {_string(target.gateway_url)}, apiKey: {_string(target.key)} }});"
    )
    variables = _exports({"ANTHROPIC_BASE_URL": target.gateway_url, "ANTHROPIC_API_KEY": target.key})
    steps = [
        Step("In the shell: both SDKs read these", None, "sh", variables),
        Step("Or in Python", None, "python", python),
        Step("Or in JavaScript", None, "javascript", node),
    ]
    root = target.gateway_url
    return Setup("anthropic", "Anthropic SDK", root, root, target.model, steps, [_headers_note()])


def _curl(target: Target) -> Setup:
    message = [{"role": "user", "content": "Hello"}]
    chat = _curl_call(
        f"{target.openai}/chat/completions",
        [f"Authorization: Bearer {target.key}"],
        {"model": target.model, "messages": message},
    )
    messages = _curl_call(
        f"{target.gateway_url}/v1/messages",
        [f"x-api-key: {target.key}", "anthropic-version: 2023-06-01"],
        {"model": target.model, "max_tokens": 256, "messages": message},
    )
    steps = [Step("OpenAI's dialect", None, "sh", chat), Step("Anthropic's dialect", None, "sh", messages)]
    return Setup("curl", "curl", target.gateway_url, target.openai, target.model, steps, [_headers_note()])


def _opencode(target: Target) -> Setup:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "CodeVector",
        "options": {"baseURL": target.openai, "apiKey": "{env:CODEVECTOR_KEY}"},
        "models": {target.model: {}},
    }
    config = {"$schema": "https://opencode.ai/config.json", "provider": {"codevector": provider}}
    steps = [
        Step("In its configuration", "~/.config/opencode/opencode.json", "json", json.dumps(config, indent=2)),
        Step("In the shell that starts it", None, "sh", _exports({"CODEVECTOR_KEY": target.key})),
    ]
    return Setup("opencode", "opencode", target.gateway_url, target.openai, target.model, steps, [])


def _aider(target: Target) -> Setup:
    variables = _exports({"OPENAI_API_BASE": target.openai, "OPENAI_API_KEY": target.key})
    start = f"aider --model {shlex.quote(f'openai/{target.model}')}"
    steps = [Step("In the shell that starts it", None, "sh", f"{variables}\n{start}")]
    return Setup("aider", "aider", target.gateway_url, target.openai, target.model, steps, [])


def _continue(target: Target) -> Setup:
    config = "\n".join(
        [
            "name: CodeVector",
            "version: 1.0.0",
            "schema: v1",
            "models:",
            f"  - name: {_string(f'{target.model} (CodeVector)')}",
            "    provider: openai",
            f"    model: {_string(target.model)}",
            f"    apiBase: {_string(target.openai)}",
            f"    apiKey: {_string(target.key)}",
        ]
    )
    steps = [Step("In its configuration", "~/.continue/config.yaml", "yaml", config)]
    return Setup("continue", "Continue", target.gateway_url, target.openai, target.model, steps, [])


def _cursor(target: Target) -> Setup:
    fields = f"OpenAI API Key            {target.key}\nOverride OpenAI Base URL  {target.openai}"
    steps = [Step("In Cursor Settings, Models, API Keys", None, "text", fields)]
    note = "Many of Cursor's modes call from its own servers: those need a public https address of this gateway."
    return Setup("cursor", "Cursor", target.gateway_url, target.openai, target.model, steps, [note])


_WRITERS: Final[Mapping[str, Callable[[Target], Setup]]] = MappingProxyType(
    {
        "claude-code": _claude_code,
        "codex": _codex,
        "openai": _openai,
        "anthropic": _anthropic,
        "curl": _curl,
        "opencode": _opencode,
        "aider": _aider,
        "continue": _continue,
        "cursor": _cursor,
    }
)

CLIENTS: Final = tuple(_WRITERS)
"""The clients there is a set-up for."""


def one_liners(target: Target) -> list[tuple[str, str]]:
    """Return the two lines that connect Claude Code and any OpenAI client, each with what it is for."""
    claude = " ".join(f"{name}={shlex.quote(value)}" for name, value in _claude_variables(target).items())
    openai = f"export OPENAI_BASE_URL={target.openai} OPENAI_API_KEY={target.key}"
    return [("Claude Code", f"{claude} claude"), ("OpenAI clients", openai)]


def _claude_variables(target: Target) -> dict[str, str]:
    """Return Claude Code's variables; it has to be told of a model only where that is none of its own."""
    variables = {"ANTHROPIC_BASE_URL": target.gateway_url, "ANTHROPIC_AUTH_TOKEN": target.key}
    if not target.model.startswith(("claude", "anthropic", MODEL_PLACEHOLDER)):
        variables |= {"ANTHROPIC_MODEL": target.model, "ANTHROPIC_DEFAULT_HAIKU_MODEL": target.model}
    return variables


def _exports(variables: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def _curl_call(url: str, headers: list[str], body: object) -> str:
    parts = [f"curl {shlex.quote(url)}"]
    parts += [f"-H {shlex.quote(header)}" for header in [*headers, "Content-Type: application/json"]]
    parts.append(f"-d {shlex.quote(json.dumps(body))}")
    return " \\\n  ".join(parts)


def _string(text: str) -> str:
    """Return a string literal that Python, JavaScript, TOML, YAML and JSON all read the same."""
    return json.dumps(text, ensure_ascii=False)


def _headers_note() -> str:
    return f"The headers {HEADER} and x-client-app say what a call is counted under; they are not sent on."
