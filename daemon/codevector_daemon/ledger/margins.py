"""Margins: the sums of a tier's buckets along one dimension, per user and for everyone, kept beside the buckets.

A long window over thousands of series is read from them in the time that the answer's own size takes.
"""

from dataclasses import dataclass

from codevector_daemon.ledger.selection import Only
from codevector_daemon.ledger.tiers import Tier

EVERYONE = 0
ALL = 0
DIMENSIONS = ("", "user_id", "key_id", "client_app", "project", "model", "provider", "upstream_model")
"""The number of a dimension in the store is its place here; the first stands for all series together."""

NUMBERS = frozenset({"user_id", "key_id"})
"""Dimensions whose values are ids."""


def kept_dimensions(tier: Tier) -> range:
    """Return the dimensions that a tier has margins of: an hour is short enough to be read by its series."""
    return range(1) if tier is Tier.HOUR else range(len(DIMENSIONS))


@dataclass(frozen=True, slots=True)
class Along:
    """Which margins answer a question: one user's or everyone's, along one dimension, of one value or of all."""

    user_id: int
    dimension: int
    value: str | None

    def covers(self, tier: Tier) -> bool:
        """Tell whether a tier has these margins."""
        return tier is not Tier.FIVE_MINUTES and self.dimension in kept_dimensions(tier)


def along(columns: tuple[str, ...], only: Only) -> Along | None:
    """Return the margins that answer a question, None where it takes the buckets themselves."""
    kept = {name: value for name, value in only.items() if value is not None}
    user_id = EVERYONE
    if columns != ("user_id",) and "user_id" in kept:
        user_id = int(str(kept.pop("user_id")))
    names = {*columns, *kept}
    if len(names) > 1 or len(columns) > 1:
        return None
    name = next(iter(names), "")
    value = kept.get(name)
    return Along(user_id, DIMENSIONS.index(name), None if value is None else str(value))
