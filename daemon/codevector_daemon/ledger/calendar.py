"""Where hours, days and months were cut: by the ledger's time zone, and by its former ones before they were changed."""

from bisect import bisect_right
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from codevector_daemon.ledger.tiers import Tier
from codevector_shared import periods


@dataclass(frozen=True, slots=True)
class Cut:
    """From ``since_s`` on, slots are those of ``zone``."""

    since_s: int
    zone: ZoneInfo


class Calendar:
    """The slots of every tier. Where a zone took over from another, a slot ends and one begins."""

    def __init__(self, cuts: tuple[Cut, ...]) -> None:
        self.cuts = cuts
        self._since = [cut.since_s for cut in cuts]

    @property
    def zone(self) -> ZoneInfo:
        """The zone of today."""
        return self.cuts[-1].zone

    def floor(self, tier: Tier, at_s: int) -> int:
        """Return the start of the slot that an instant falls into."""
        cut = self._cut(at_s)
        return max(_floor(tier, at_s, cut.zone), cut.since_s)

    def after(self, tier: Tier, at_s: int) -> int:
        """Return the end of the slot that an instant falls into: the start of the next one."""
        number = self._number(at_s)
        return min([_end(tier, at_s, self.cuts[number].zone), *self._since[number + 1 : number + 2]])

    def ceiling(self, tier: Tier, at_s: int) -> int:
        """Return an instant that is the start of a slot, or the start of the next one."""
        return at_s if self.floor(tier, at_s) == at_s else self.after(tier, at_s)

    def _cut(self, at_s: int) -> Cut:
        return self.cuts[self._number(at_s)]

    def _number(self, at_s: int) -> int:
        return max(bisect_right(self._since, at_s) - 1, 0)


def _floor(tier: Tier, at_s: int, zone: ZoneInfo) -> int:
    if tier is Tier.HOUR:
        return periods.hour_start(at_s, zone)
    if tier is Tier.DAY:
        return periods.day_start(at_s, zone)
    return periods.month_start(at_s, zone) if tier is Tier.MONTH else periods.bucket_start(at_s)


def _end(tier: Tier, at_s: int, zone: ZoneInfo) -> int:
    if tier is Tier.HOUR:
        return periods.hour_end(at_s, zone)
    if tier is Tier.DAY:
        return periods.day_end(at_s, zone)
    return periods.month_end(at_s, zone) if tier is Tier.MONTH else periods.bucket_start(at_s) + periods.BUCKET_S
