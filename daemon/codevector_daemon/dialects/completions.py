"""OpenAI legacy completions: a prompt in, text out, metered like Chat Completions."""

from codevector_daemon.dialects.base import Prompt
from codevector_daemon.dialects.chat import ChatDialect
from codevector_daemon.dialects.prompts import completions_prompt


class CompletionsDialect(ChatDialect):
    """``POST /v1/completions``; head, usage block, streams and errors are those of Chat Completions."""

    name = "completions"

    def prompt(self, body: bytes) -> Prompt:
        """Return what an estimate of the input counts."""
        return completions_prompt(body)

    def input_text(self, body: bytes) -> str:
        """Return the prompt's text."""
        return "\n".join(completions_prompt(body).texts)
