"""Ready-to-paste set-up of each coding tool for one gateway, key and model. Pure text; the monitor shows the same."""

import shlex
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from codevector_tui.commands.snippets import agents, sdks, vendors
from codevector_tui.commands.snippets.values import KEY_PLACEHOLDER, MODEL_PLACEHOLDER, START, Setup, Step, Target

__all__ = [
    "CLIENTS",
    "KEY_PLACEHOLDER",
    "MODEL_PLACEHOLDER",
    "START",
    "Setup",
    "Step",
    "Target",
    "one_liners",
    "setup",
]

_WRITERS: Final[Mapping[str, Callable[[Target], Setup]]] = MappingProxyType(
    {
        "claude-code": vendors.claude_code,
        "codex": vendors.codex,
        "openai": sdks.openai,
        "anthropic": sdks.anthropic,
        "curl": sdks.curl,
        "opencode": agents.opencode,
        "pi": agents.pi,
        "aider": agents.aider,
        "cline": agents.cline,
        "continue": agents.continue_,
        "cursor": agents.cursor,
        "gemini-cli": vendors.gemini_cli,
        "goose": agents.goose,
        "llm": agents.llm,
        "qwen-code": vendors.qwen_code,
        "vercel-ai-sdk": sdks.ai_sdk,
        "langchain": sdks.langchain,
    }
)

CLIENTS: Final = tuple(_WRITERS)
"""The clients there is a set-up for."""


def setup(client: str, target: Target) -> Setup:
    """Return the set-up of one of ``CLIENTS``."""
    return _WRITERS[client](target)


def one_liners(target: Target) -> list[tuple[str, str]]:
    """Return the two lines that connect Claude Code and any OpenAI client, each with what it is for."""
    claude = " ".join(f"{name}={shlex.quote(value)}" for name, value in vendors.claude_variables(target).items())
    openai = f"export OPENAI_BASE_URL={target.openai} OPENAI_API_KEY={target.key}"
    return [("Claude Code", f"{claude} claude"), ("OpenAI clients", openai)]
