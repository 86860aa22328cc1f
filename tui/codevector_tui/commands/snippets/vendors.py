"""The set-ups of the tools that model vendors make: each speaks its vendor's dialect, and any model serves it."""

import json

from codevector_tui.commands.attribution import HEADER, VARIABLE
from codevector_tui.commands.snippets.values import (
    MODEL_PLACEHOLDER,
    Setup,
    Step,
    Target,
    exports,
    file,
    shell,
    string,
)


def claude_code(target: Target) -> Setup:
    """Return the set-up of Claude Code."""
    settings = claude_variables(target)
    steps = [
        Step("In the shell that starts Claude Code", None, "sh", exports(settings)),
        Step("Or for every start", "~/.claude/settings.json", "json", json.dumps({"env": settings}, indent=2)),
    ]
    note = "codevector init in a repository counts its calls under the project's name."
    return Setup("claude-code", "Claude Code", target.gateway_url, target.gateway_url, target.model, steps, [note])


def claude_variables(target: Target) -> dict[str, str]:
    """Return Claude Code's variables; it has to be told of a model only where that is none of its own."""
    variables = {"ANTHROPIC_BASE_URL": target.gateway_url, "ANTHROPIC_AUTH_TOKEN": target.key}
    if not target.model.startswith(("claude", "anthropic", MODEL_PLACEHOLDER)):
        variables |= {"ANTHROPIC_MODEL": target.model, "ANTHROPIC_DEFAULT_HAIKU_MODEL": target.model}
    return variables


def codex(target: Target) -> Setup:
    """Return the set-up of Codex."""
    config = "\n".join(
        [
            'model_provider = "codevector"',
            f"model = {string(target.model)}",
            "",
            "[model_providers.codevector]",
            'name = "CodeVector"',
            f"base_url = {string(target.openai)}",
            'env_key = "CODEVECTOR_KEY"',
            'wire_api = "responses"',
            f'env_http_headers = {{ "{HEADER}" = "{VARIABLE}" }}',
        ]
    )
    steps = [
        Step("In your own configuration", "~/.codex/config.toml", "toml", config),
        Step("In the shell that starts Codex", None, "sh", exports({"CODEVECTOR_KEY": target.key})),
    ]
    notes = [
        "Codex ignores providers in a project's own .codex/config.toml, so this belongs into yours.",
        f"{VARIABLE}=NAME in its environment counts calls under that project; codevector init writes it for direnv.",
    ]
    return Setup("codex", "Codex", target.gateway_url, target.openai, target.model, steps, notes)


def gemini_cli(target: Target) -> Setup:
    """Return the set-up of Gemini CLI."""
    root = target.gateway_url
    variables = {"GOOGLE_GEMINI_BASE_URL": root, "GEMINI_API_KEY": target.key, "GEMINI_MODEL": target.model}
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    steps = [file("~/.gemini/settings.json", settings), shell(variables)]
    return Setup("gemini-cli", "Gemini CLI", root, root, target.model, steps, [])


def qwen_code(target: Target) -> Setup:
    """Return the set-up of Qwen Code."""
    variables = {"OPENAI_BASE_URL": target.openai, "OPENAI_API_KEY": target.key, "OPENAI_MODEL": target.model}
    steps = [file("~/.qwen/settings.json", {"security": {"auth": {"selectedType": "openai"}}}), shell(variables)]
    return Setup("qwen-code", "Qwen Code", target.gateway_url, target.openai, target.model, steps, [])
