"""Reasoning asked for as a name or as a budget, and how one becomes the other."""

from typing import Final

_BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}
"""Tokens for each effort, as the gateways in this field agree on them; no vendor states a table."""

_LOW_UNTIL: Final = 4096
_MEDIUM_UNTIL: Final = 12288


def budget_of(effort: str, most: int | None = None) -> int:
    """Return a budget for an effort that leaves room for the answer within ``most`` tokens; 0 switches thinking off."""
    if effort == "none":
        return 0
    budget = _BUDGETS.get(effort, _BUDGETS["medium"])
    return budget if most is None else min(budget, room(most))


def room(most: int) -> int:
    """Return how much of an output limit thinking may take, so that the answer itself is not cut off."""
    return most * 3 // 4


def effort_of(budget: int) -> str:
    """Return the effort that a budget comes nearest to."""
    if budget <= 0:
        return "none"
    if budget <= _LOW_UNTIL:
        return "low"
    return "medium" if budget <= _MEDIUM_UNTIL else "high"
