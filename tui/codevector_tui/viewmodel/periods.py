"""The windows a person can choose, and the bars that suit them."""

from dataclasses import dataclass

from codevector_shared.protocol import Granularity, PeriodName


@dataclass(frozen=True, slots=True)
class Choice:
    """A tab: its name in the API and its words."""

    name: PeriodName
    title: str


PERIODS = (
    Choice("today", "Today"),
    Choice("7d", "Last 7 days"),
    Choice("30d", "Last 30 days"),
    Choice("90d", "Last 90 days"),
)
"""The dashboard's tabs."""

RANKED = (*PERIODS[1:], Choice("all", "All time"))
"""The leaderboard's tabs."""

_BARS: dict[PeriodName, tuple[tuple[Granularity, int], ...]] = {
    "today": (("hour", 24), ("5m", 288)),
    "7d": (("day", 7), ("hour", 168)),
    "30d": (("day", 30), ("week", 5)),
    "90d": (("day", 90), ("week", 13), ("month", 4)),
    "all": (("month", 24), ("week", 52), ("day", 365)),
    "custom": (("hour", 24), ("5m", 288)),
}


def step(choices: tuple[Choice, ...], name: PeriodName, by: int) -> PeriodName:
    """Return the tab beside one, stopping at the ends."""
    names = [choice.name for choice in choices]
    index = names.index(name) if name in names else 0
    return names[max(0, min(len(names) - 1, index + by))]


def granularities(name: PeriodName) -> tuple[Granularity, ...]:
    """Return the bars a window can be cut into, the usual one first."""
    return tuple(granularity for granularity, _ in _BARS[name])


def suited(name: PeriodName, capacity: int) -> Granularity:
    """Return the window's usual bars, or the next coarser ones when fewer than those fit."""
    usual, *others = _BARS[name]
    if usual[1] <= capacity:
        return usual[0]
    coarser = [choice for choice in others if choice[1] < usual[1]]
    return next((choice[0] for choice in coarser if choice[1] <= capacity), (coarser or [usual])[-1][0])


def title(name: PeriodName) -> str:
    """Return a window's words."""
    return next((choice.title for choice in (*PERIODS, *RANKED) if choice.name == name), "Chosen days")
