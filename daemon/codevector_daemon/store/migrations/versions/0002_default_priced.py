"""Sums count the calls at the default rates, as they count those without a price.

What was counted before is filled from the calls that are kept: their 5-minute buckets, and the hours of those that are
older than these. The rest is worked out from them, as after every late call. Of older calls the sums say nothing.
A call whose usage came later is among them by the row of that usage, and so from now on among those without a price.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from codevector_shared.periods import hour_start

revision = "0002"
down_revision = "0001"

_TABLES = ("buckets_5m", "buckets_hour", "buckets_day", "buckets_month", "margins")
_FIVE_MINUTES, _HOUR = 0, 1
_EVERYONE, _ALL = 0, 0

_FOUND = """
SELECT r.started_ms / 300000 * 300, r.series_id, coalesce(s.user_id, 0),
    sum(r.price_basis = 'default'), sum(r.price_basis = 'unpriced')
FROM requests r LEFT JOIN series s ON s.id = r.series_id
WHERE r.state <> 'rejected' AND (
    r.price_basis = 'default' AND r.parent_id IS NULL
    OR r.price_basis IN ('default', 'unpriced') AND r.id = r.parent_id || '.late'
)
GROUP BY 1, 2
"""
_MARK = """
INSERT INTO marks (tier, start, version) VALUES (:tier, :start, 2)
ON CONFLICT (tier, start) DO UPDATE SET version = excluded.version
"""
_FILLED = ("default_priced_requests", "unpriced_requests")
_ADDED = "SET " + ", ".join(f"{name} = {name} + :{name}" for name in _FILLED)
_MARGIN = f"""
UPDATE margins {_ADDED}
WHERE tier = 1 AND user_id = :user_id AND dimension = 0 AND start = :start AND value = ''
"""


def upgrade() -> None:
    """Add the column to every tier and to the margins, and fill it."""
    for table in _TABLES:
        op.add_column(table, sa.Column("default_priced_requests", sa.BigInteger(), server_default="0", nullable=False))
    connection = op.get_bind()
    facts = {row[0]: row[1] for row in connection.execute(sa.text("SELECT name, value FROM meta"))}
    for tier, start, series_id, user_id, *calls in list(_places(connection, facts)):
        table = "buckets_5m" if tier == _FIVE_MINUTES else "buckets_hour"
        statement = f"UPDATE {table} {_ADDED} WHERE start = :start AND series_id = :series_id"
        added = {**dict(zip(_FILLED, calls, strict=True)), "start": start}
        connection.execute(sa.text(statement), {**added, "series_id": series_id})
        connection.execute(sa.text(_MARK), {"tier": tier, "start": start})
        for owner in {_EVERYONE, user_id} if tier == _HOUR else ():
            connection.execute(sa.text(_MARGIN), {**added, "user_id": owner})
    connection.execute(sa.text("UPDATE meta SET value = :new WHERE name = 'rolled'"), {"new": uuid4().hex})


def _places(connection: sa.Connection, facts: dict[str, str]) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Yield tier, start, series, user and numbers of calls: of the finest tier that is kept at their time."""
    fine, hours = int(facts.get("kept_5m", -(1 << 62))), int(facts.get("kept_hour", -(1 << 62)))
    cuts = json.loads(facts.get("cuts", "null")) or [(-(1 << 62), facts.get("timezone", "UTC"))]
    since = [int(cut[0]) for cut in cuts]
    for start, series_id, user_id, *calls in connection.execute(sa.text(_FOUND)):
        if start >= fine:
            yield _FIVE_MINUTES, start, series_id, user_id, *calls
        elif start >= hours:
            number = max(bisect_right(since, start) - 1, 0)
            hour = max(hour_start(start, ZoneInfo(cuts[number][1])), since[number])
            yield _HOUR, hour, series_id, user_id, *calls
