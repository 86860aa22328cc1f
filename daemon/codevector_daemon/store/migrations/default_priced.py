"""Fills in how many calls were priced by the default rates, in a database of the version that did not count them.

They are filled from the calls that are kept: their 5-minute buckets, the hours of those that are older than these, and
the days of those that are older still. The rest is worked out from them, as after every late call. Of calls that are
not kept the sums say nothing. A call whose usage came later is among them by the row of that usage, and so from now on
among those without a price.
"""

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from codevector_shared.periods import day_start, hour_start

COLUMN = "default_priced_requests"

_TIERS = ("buckets_5m", "buckets_hour", "buckets_day")
_FIVE_MINUTES, _HOUR, _DAY = range(3)
_EVERYONE = 0
_DIMENSIONS = ("", "user_id", "key_id", "client_app", "project", "model", "provider", "upstream_model")
"""Their places are their numbers; the first stands for all series together, which is all that hours have margins of."""

_FOUND = f"""
SELECT r.started_ms / 300000 * 300 AS start, r.series_id, {", ".join(f"s.{name}" for name in _DIMENSIONS[1:])},
    sum(r.price_basis = 'default') AS default_priced_requests, sum(r.price_basis = 'unpriced') AS unpriced_requests
FROM requests r LEFT JOIN series s ON s.id = r.series_id
WHERE r.state <> 'rejected' AND (
    r.price_basis = 'default' AND r.parent_id IS NULL
    OR r.price_basis IN ('default', 'unpriced') AND r.id = r.parent_id || '.late'
)
GROUP BY 1, 2
"""  # noqa: S608  # our own names only
_MARK = """
INSERT INTO marks (tier, start, version) VALUES (:tier, :start, 2)
ON CONFLICT (tier, start) DO UPDATE SET version = excluded.version
"""
_FILLED = ("default_priced_requests", "unpriced_requests")
_ADDED = "SET " + ", ".join(f"{name} = {name} + :{name}" for name in _FILLED)
_MARGIN = f"""
UPDATE margins {_ADDED}
WHERE tier = :tier AND user_id = :owner AND dimension = :dimension AND start = :start AND value = :value
"""


def fill(connection: sqlite3.Connection) -> None:
    """Fill the column, which is there and 0, within the transaction under way."""
    facts = dict(connection.execute("SELECT name, value FROM meta"))
    for added in list(_places(connection, facts)):
        statement = f"UPDATE {_TIERS[added['tier']]} {_ADDED} WHERE start = :start AND series_id = :series_id"
        connection.execute(statement, added)
        connection.execute(_MARK, added)
        connection.executemany(_MARGIN, [added | margin for margin in _margins(added)])
    connection.execute("UPDATE meta SET value = ? WHERE name = 'rolled'", (uuid4().hex,))


def _places(connection: sqlite3.Connection, facts: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield numbers of calls with their series, and their bucket: of the finest tier that is kept at their time."""
    fine, hours = int(facts.get("kept_5m", -(1 << 62))), int(facts.get("kept_hour", -(1 << 62)))
    cuts = json.loads(facts.get("cuts", "null")) or [(-(1 << 62), facts.get("timezone", "UTC"))]
    since = [int(cut[0]) for cut in cuts]
    found = connection.execute(_FOUND)
    names = [column[0] for column in found.description]
    for values in found:
        row = dict(zip(names, values, strict=True))
        start = row["start"]
        if start >= fine:
            yield {**row, "tier": _FIVE_MINUTES}
            continue
        tier, floor = (_HOUR, hour_start) if start >= hours else (_DAY, day_start)
        number = max(bisect_right(since, start) - 1, 0)
        yield {**row, "tier": tier, "start": max(floor(start, ZoneInfo(cuts[number][1])), since[number])}


def _margins(added: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the margins that a bucket belongs to and that nothing finer computes any more."""
    kept = {_FIVE_MINUTES: (), _HOUR: _DIMENSIONS[:1], _DAY: _DIMENSIONS}[added["tier"]]
    for dimension, name in enumerate(kept):
        value = str(added[name]) if name else ""
        for owner in (_EVERYONE, added["user_id"]):
            if name != "user_id" or owner == _EVERYONE:
                yield {"owner": owner, "dimension": dimension, "value": value}
