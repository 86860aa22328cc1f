"""Ids and names that stay the same on their way through another protocol's rules."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

_ID = re.compile(r"[A-Za-z0-9_-]+")
"""What Anthropic demands of the id of a tool call, and all of the name of a tool."""
_ODD = re.compile(r"[^A-Za-z0-9_-]")

LONGEST_CALL_ID: Final = 40
"""OpenAI's limit for the id of a tool call in Chat Completions."""

LONGEST_NAME: Final = 64
"""The strictest limit for the name of a tool: OpenAI's and Google's; Anthropic allows 128."""

LONGEST_USER: Final = 64
"""OpenAI's limit for a user's identifier; Claude Code sends longer ones."""

_DIGITS = 12


def call_id(given: str, longest: int = 64) -> str:
    """Return an id that every protocol accepts: the very same where it is valid, else one made of it."""
    if len(given) <= longest and _ID.fullmatch(given):
        return given
    return f"call_{_digest(given)}"


def tool_name(given: str, longest: int = LONGEST_NAME) -> str:
    """Return a tool's name that fits: the same where it does, else its beginning and a digest of the whole."""
    if len(given) <= longest and _ID.fullmatch(given):
        return given
    start = _ODD.sub("_", given)[: longest - _DIGITS - 1]
    return f"{start}_{_digest(given)}"


def user(given: str, longest: int = LONGEST_USER) -> str:
    """Return a user's identifier that fits."""
    return given if len(given) <= longest else hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()[:longest]


def renamed(names: Iterable[str], longest: int = LONGEST_NAME) -> dict[str, str]:
    """Return the client's name of each tool whose name had to change, by the name the provider sees."""
    return {fitted: name for name in names if (fitted := tool_name(name, longest)) != name}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_DIGITS]
