"""What is known of a provider's models by their names, where a field that one takes makes another refuse the call."""

import re

_CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_OPENAI = re.compile(r"(?:^|/)(?:gpt-|chatgpt|o\d|codex)")
_OPENAI_PLAIN = re.compile(r"(?:^|/)(?:gpt-3|gpt-4|chatgpt-4)|-chat-latest$|-search-preview")
_GEMINI_SIGNED = re.compile(r"gemini-(?:[3-9]|\d\d)")
_GEMINI_BUDGET = re.compile(r"gemini-2\.5")
_GEMINI_TWO_LEVELS = re.compile(r"gemini-3(?:\.0)?-pro")
_GEMINI_SILENT = re.compile(r"gemini-(?:1|2\.0)")

CLAUDE_DEFAULT_MAX_TOKENS = 32_000
"""Where the client set no limit, which Messages demands: the most that every Claude since 4 gives."""


def claude_version(model: str) -> tuple[int, int] | None:
    """Return a Claude's version, None for other models and for Claudes named by family alone."""
    found = _CLAUDE.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def default_max_tokens(model: str) -> int:
    """Return the output limit to ask of a model behind Messages when the client asked for none."""
    version = claude_version(model)
    if version is None or version >= (3, 7):
        return CLAUDE_DEFAULT_MAX_TOKENS
    return 8192 if version >= (3, 5) else 4096


def thinks_by_effort(model: str) -> bool:
    """Tell whether a Claude decides itself how much to think, guided by an effort, as those since 4.6 do.

    The older ones take a budget, and so do the other vendors behind this protocol.
    """
    version = claude_version(model)
    return "claude" in model if version is None else version >= (4, 6)


def cannot_think(model: str) -> bool:
    """Tell whether a Claude is older than thinking."""
    version = claude_version(model)
    return version is not None and version < (3, 7)


def refuses_sampling(model: str) -> bool:
    """Tell whether a Claude refuses temperature, top_p and top_k, as those since 4.7 do."""
    version = claude_version(model)
    return version is not None and version >= (4, 7)


def is_openai(model: str) -> bool:
    """Tell whether a model is one of OpenAI's, which alone demand ``max_completion_tokens``."""
    return _OPENAI.search(model) is not None


def openai_reasons(model: str) -> bool:
    """Tell whether an OpenAI model reasons: it refuses sampling parameters, the others refuse an effort."""
    return is_openai(model) and _OPENAI_PLAIN.search(model) is None


def gemini_wants_signatures(model: str) -> bool:
    """Tell whether a Gemini refuses a history whose tool calls carry no thought signature (3 and later)."""
    return _GEMINI_SIGNED.search(model) is not None


def gemini_thinks_by_budget(model: str) -> bool:
    """Tell whether a Gemini takes a thinking budget instead of a level."""
    return _GEMINI_BUDGET.search(model) is not None


def gemini_budgets(model: str, *, off: bool) -> tuple[int, int]:
    """Return the least and the greatest thinking budget a Gemini takes; ``off`` where none is wanted, if it can."""
    if "pro" in model:
        return 128, 32_768
    return (512 if "lite" in model and not off else 0), 24_576


def gemini_level(model: str, level: str) -> str:
    """Return the nearest thinking level that a Gemini takes: Pro thinks always, the first of its 3 at two levels."""
    if "pro" in model and level == "minimal":
        return "low"
    return "high" if level == "medium" and _GEMINI_TWO_LEVELS.search(model) else level


def gemini_cannot_think(model: str) -> bool:
    """Tell whether a Gemini is older than thinking."""
    return _GEMINI_SILENT.search(model) is not None
