"""SQL for sums over buckets, as expressions that are built once per shape of a question."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from codevector_daemon.ledger.margins import DIMENSIONS, NUMBERS
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.store.schema import AMOUNTS, margins, series

LARGEST = 1 << 62
"""What a sum stays at that would grow beyond what the store can hold."""

_LOW = (1 << 32) - 1


@lru_cache(maxsize=256)
def of_buckets(
    tier: Tier, columns: tuple[str, ...], kept: frozenset[str], *, timed: bool, saturating: bool
) -> sa.Select[Any]:
    """Return the sums of a tier's buckets per value of ``columns``, and per start where they are told apart in time."""
    table = tier.table
    groups = [*([table.c.start] if timed else []), *(series.c[name] for name in columns)]
    query = sa.select(*_head(table, groups, timed=timed), *_amounts(table, saturating=saturating))
    if columns:
        query = query.join_from(table, series, table.c.series_id == series.c.id)
    query = query.where(table.c.start >= sa.bindparam("first_s"), table.c.start < sa.bindparam("until_s"))
    if kept:
        wanted = sa.select(series.c.id).where(*(series.c[name] == sa.bindparam(name) for name in sorted(kept)))
        # As a set that is looked up per bucket; joined, the planner may walk the buckets once per series.
        query = query.where(table.c.series_id.in_(wanted))
    return _grouped(query, groups)


@lru_cache(maxsize=64)
def of_margins(dimension: int, *, narrowed: bool, grouped: bool, timed: bool, saturating: bool) -> sa.Select[Any]:
    """Return the sums of margins along a dimension: of one value where ``narrowed``, per value where ``grouped``."""
    value: sa.ColumnElement[Any] = margins.c.value
    groups = [*([margins.c.start] if timed else []), *([value] if grouped else [])]
    number = DIMENSIONS[dimension] in NUMBERS
    shown = [sa.cast(group, sa.BigInteger) if number and group is value else group for group in groups]
    query = sa.select(*_head(margins, shown, timed=timed), *_amounts(margins, saturating=saturating)).where(
        margins.c.tier == sa.bindparam("tier"),
        margins.c.user_id == sa.bindparam("margin_user"),
        margins.c.dimension == dimension,
        margins.c.start >= sa.bindparam("first_s"),
        margins.c.start < sa.bindparam("until_s"),
    )
    if narrowed:
        query = query.where(margins.c.value == sa.bindparam("value"))
    return _grouped(query, groups)


def saturating_sum(column: str) -> str:
    """Return the SQL of a sum that stays at the largest number instead of failing; exact below it."""
    high, low = f"sum({column} >> 32)", f"sum({column} & {_LOW})"
    total = f"(({high}) << 32) + {low}"
    return f"CASE WHEN {high} >= {LARGEST >> 32} THEN {LARGEST} ELSE {total} END"


def _head(table: sa.Table, groups: list[Any], *, timed: bool) -> list[Any]:
    """Return the columns before the amounts: an instant first, whether or not it is a group."""
    return groups if timed else [sa.func.min(table.c.start), *groups]


def _amounts(table: sa.Table, *, saturating: bool) -> list[sa.ColumnElement[Any]]:
    if saturating:
        return [sa.literal_column(saturating_sum(f"{table.name}.{name}"), sa.BigInteger) for name in AMOUNTS]
    return [sa.func.sum(table.c[name]) for name in AMOUNTS]


def _grouped(query: sa.Select[Any], groups: list[Any]) -> sa.Select[Any]:
    # Without a group SQL gives one row of NULLs for no buckets at all.
    return query.group_by(*groups) if groups else query.having(sa.func.count() > 0)
