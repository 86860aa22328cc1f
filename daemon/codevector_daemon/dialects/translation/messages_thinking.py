"""How much to think, as Anthropic Messages asks for it: by budget for older Claudes, by effort for newer ones."""

from typing import Final

from codevector_daemon.dialects.translation import effort, models, outgoing
from codevector_daemon.dialects.translation.canonical import Conversation, Reasoning, Thinking, ToolCall
from codevector_daemon.dialects.translation.outgoing import Fields, Target

LEAST_BUDGET: Final = 1024
_EFFORTS: Final = {"minimal": "low"}
_XHIGH_SINCE: Final = (4, 7)


def thinking_fields(asked: Conversation, target: Target, most: int, dropped: list[str]) -> Fields:
    """Return ``thinking`` and ``output_config``, and name in ``dropped`` what the model would refuse."""
    wanted = asked.reasoning
    if wanted is None:
        return {}
    version = models.claude_version(target.model)
    if version is not None and models.cannot_think(target.model):
        dropped.append("reasoning")
        return {}
    if models.thinks_by_effort(target.model):
        return _by_effort(asked, wanted, version, dropped)
    return _by_budget(asked, wanted, target, most, dropped)


def _by_effort(asked: Conversation, wanted: Reasoning, version: tuple[int, int] | None, dropped: list[str]) -> Fields:
    if wanted.effort == "none":
        return {"thinking": {"type": "disabled"}}
    level = wanted.effort
    if level is None and wanted.budget is not None:
        level = effort.effort_of(wanted.budget)
    level = _EFFORTS.get(level or "", level)
    if level == "xhigh" and version is not None and version < _XHIGH_SINCE:
        level = "high"
    fields: Fields = {"output_config": {"effort": level}} if level is not None else {}
    if asked.choice is not None and asked.choice.mode in {"required", "named"}:
        dropped.append("thinking")  # a forced call and thinking exclude each other; the effort still guides
        return fields
    shown = {"display": "summarized"} if wanted.shown else {}
    return {"thinking": {"type": "adaptive", **shown}} | fields


def _by_budget(asked: Conversation, wanted: Reasoning, target: Target, most: int, dropped: list[str]) -> Fields:
    budget = wanted.budget if wanted.budget is not None else effort.budget_of(wanted.effort or "medium", most)
    if budget <= 0 or wanted.effort == "none":
        return {}
    # A client that set both knows what it asks for; a limit that was set for it must leave room for the answer.
    budget = min(budget, effort.room(most) if asked.max_tokens is None else most - 1)
    forced = asked.choice is not None and asked.choice.mode in {"required", "named"}
    if forced or budget < LEAST_BUDGET or _lacks_thoughts(asked, target.vendor):
        dropped.append("reasoning")
        return {}
    if wanted.display and not wanted.shown:
        dropped.append(wanted.display)  # it always shows what it thinks
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _lacks_thoughts(asked: Conversation, vendor: str) -> bool:
    """Tell whether tools loop after a turn without the vendor's own thoughts, which it then refuses to go on with."""
    for turn in asked.turns[outgoing.last_question(asked.turns) + 1 :]:
        if turn.role != "assistant" or not any(isinstance(part, ToolCall) for part in turn.parts):
            continue
        if not any(isinstance(part, Thinking) and part.vendor == vendor and part.signature for part in turn.parts):
            return True
    return False
