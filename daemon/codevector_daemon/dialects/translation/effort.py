"""Reasoning asked for as a name or as a budget, and how one becomes the other."""

from typing import Final

_BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}
"""Tokens for each effort, as the gateways in this field agree on them; no vendor states a table."""

_LOW_UNTIL: Final = 4096
_MEDIUM_UNTIL: Final = 12288


def budget_of(effort: str) -> int:
    """Return a budget for an effort; 0 switches thinking off."""
    return 0 if effort == "none" else _BUDGETS.get(effort, _BUDGETS["medium"])


def effort_of(budget: int) -> str:
    """Return the effort that a budget comes nearest to."""
    if budget <= 0:
        return "none"
    if budget <= _LOW_UNTIL:
        return "low"
    return "medium" if budget <= _MEDIUM_UNTIL else "high"
