"""The tiers of buckets, and what each of them is cut into."""

from dataclasses import dataclass
from enum import IntEnum

import sqlalchemy as sa

from codevector_daemon.store.schema import buckets_5m, buckets_day, buckets_hour, buckets_month


class Tier(IntEnum):
    """From the finest, which every call is counted in, to the coarsest; the numbers stand in the store."""

    FIVE_MINUTES = 0
    HOUR = 1
    DAY = 2
    MONTH = 3

    @property
    def table(self) -> sa.Table:
        """Where the tier's buckets are."""
        return _TABLES[self]

    @property
    def finer(self) -> "Tier":
        """The tier that this one is computed from."""
        return Tier(self - 1)

    @property
    def title(self) -> str:
        """What people call it."""
        return _TITLES[self]


_TABLES = {
    Tier.FIVE_MINUTES: buckets_5m,
    Tier.HOUR: buckets_hour,
    Tier.DAY: buckets_day,
    Tier.MONTH: buckets_month,
}
_TITLES = {Tier.FIVE_MINUTES: "5 minutes", Tier.HOUR: "hours", Tier.DAY: "days", Tier.MONTH: "months"}
ROLLED = (Tier.HOUR, Tier.DAY, Tier.MONTH)
"""The tiers that are computed, finest first."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a window, in seconds since 1970, that one tier covers: by the buckets that start in it."""

    tier: Tier
    first_s: int
    until_s: int
