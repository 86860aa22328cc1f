"""How far the tiers can be trusted at one moment: the calendar, what is still kept, and what changed since."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from codevector_daemon.ledger.calendar import Calendar, Cut
from codevector_daemon.ledger.tiers import Stretch, Tier
from codevector_daemon.store.schema import marks, meta

ZONE = "timezone"
CUTS = "cuts"
KEPT = {Tier.FIVE_MINUTES: "kept_5m", Tier.HOUR: "kept_hour"}
ROLLED_VERSION = "rolled"
KEPT_REQUESTS = "kept_requests"
"""Names in ``meta``: since when a tier, or the request rows, are all there. Days and months are for ever."""

BEGINNING = -(1 << 62)
FACTS = (ZONE, CUTS, KEPT_REQUESTS, ROLLED_VERSION, *KEPT.values())
"""Everything that what is read from hours, days and months depends on; ``rolled`` changes whenever one of them does."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Since when, in seconds, the finer tiers and the request rows are complete; before it there is nothing of them."""

    five_minutes: int = BEGINNING
    hours: int = BEGINNING
    requests: int = BEGINNING

    def of(self, tier: Tier) -> int:
        """Return since when a tier is complete."""
        if tier is Tier.FIVE_MINUTES:
            return self.five_minutes
        return self.hours if tier is Tier.HOUR else BEGINNING

    def finest(self, at_s: int) -> Tier:
        """Return the finest tier that is kept at an instant: what is true there, and what late calls are added to."""
        return next(tier for tier in Tier if at_s >= self.of(tier))


@dataclass(frozen=True, slots=True)
class TierState:
    """What one moment of the store says about its tiers."""

    calendar: Calendar
    kept: Kept
    marks: tuple[tuple[int, ...], ...]
    """Per finer tier the starts of buckets that changed since the next tier was computed, ascending."""
    facts: frozenset[tuple[str, str]] = frozenset()
    """What it was made of, but for the marks."""

    def stretches(self, first_s: int, until_s: int, coarsest: Tier) -> list[Stretch]:
        """Cover a window with no gap and no overlap, by the coarsest tiers that can be trusted."""
        return list(self._cover(coarsest, first_s, until_s))

    def _cover(self, tier: Tier, first: int, until: int) -> Iterator[Stretch]:
        if first >= until:
            return
        if tier is Tier.FIVE_MINUTES:
            yield Stretch(tier, first, until)
            return
        inner_first, inner_until = self._whole_slots(tier, first, until)
        if inner_first >= inner_until:
            yield from self._finer(tier, first, until)
            return
        yield from self._finer(tier, first, inner_first)
        at = inner_first
        for start in self._changed(tier, inner_first, inner_until):
            if start > at:
                yield Stretch(tier, at, start)
            at = self.calendar.after(tier, start)
            yield from self._finer(tier, start, at)
        if at < inner_until:
            yield Stretch(tier, at, inner_until)
        yield from self._finer(tier, inner_until, until)

    def _finer(self, tier: Tier, first: int, until: int) -> Iterator[Stretch]:
        """Cover with the next finer tier; where that is no longer kept, with this one."""
        kept = min(max(self.kept.of(tier.finer), first), until)
        if first < kept:
            yield Stretch(tier, first, kept)
        yield from self._cover(tier.finer, kept, until)

    def _whole_slots(self, tier: Tier, first: int, until: int) -> tuple[int, int]:
        return self.calendar.ceiling(tier, first), self.calendar.floor(tier, until)

    def _changed(self, tier: Tier, first: int, until: int) -> list[int]:
        """Return the slots with a mark on any finer bucket inside of them, ascending."""
        found = {
            self.calendar.floor(tier, start)
            for finer in range(tier)
            for start in _between(self.marks[finer], first, until)
        }
        return sorted(found)


def read_state(connection: sa.Connection) -> TierState:
    """Read the state of the tiers."""
    facts = read_facts(connection)
    query = sa.select(marks.c.tier, marks.c.start).order_by(marks.c.tier, marks.c.start)
    found: tuple[list[int], ...] = ([], [], [])
    for tier, start in connection.execute(query):
        found[tier].append(start)
    by_tier = tuple(tuple(starts) for starts in found)
    return TierState(calendar_of(facts), kept_of(facts), by_tier, frozenset(facts.items()))


def read_facts(connection: sa.Connection) -> dict[str, str]:
    """Read what ``meta`` says about the tiers."""
    query = sa.select(meta.c.name, meta.c.value).where(meta.c.name.in_(FACTS))
    return {row.name: row.value for row in connection.execute(query)}


def calendar_of(facts: dict[str, str]) -> Calendar:
    """Return the calendar; the zone alone stands for one that never changed."""
    return _calendar(facts.get(CUTS) or cuts_json((Cut(BEGINNING, ZoneInfo(facts.get(ZONE, "UTC"))),)))


def kept_of(facts: dict[str, str]) -> Kept:
    """Return since when the tiers are complete."""
    return Kept(
        int(facts.get(KEPT[Tier.FIVE_MINUTES], BEGINNING)),
        int(facts.get(KEPT[Tier.HOUR], BEGINNING)),
        int(facts.get(KEPT_REQUESTS, BEGINNING)),
    )


def cuts_json(cuts: Sequence[Cut]) -> str:
    """Return cuts as they are kept in ``meta``."""
    return msgspec.json.encode([(cut.since_s, cut.zone.key) for cut in cuts]).decode()


@lru_cache(maxsize=16)
def _calendar(text: str) -> Calendar:
    found = msgspec.json.decode(text, type=list[tuple[int, str]])
    cuts = tuple(Cut(since, ZoneInfo(name)) for since, name in found)
    assert all(earlier.since_s < later.since_s for earlier, later in pairwise(cuts))
    return Calendar(cuts)


def _between(starts: tuple[int, ...], first: int, until: int) -> tuple[int, ...]:
    return starts[bisect_left(starts, first) : bisect_left(starts, until)]
