"""The ledger's figures, read from the SQLite file through a second, read-only connection."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from support.counts import COUNTS, NOTHING, Counts
from support.waiting import until

Row = dict[str, Any]

DIMENSIONS = ("user_id", "key_id", "client_app", "project", "model", "provider", "upstream_model")
SUMMED = (*COUNTS, "spend_nano", "duration_ms")
BY_SERIES = "SELECT series_id, {columns} FROM {table} GROUP BY series_id ORDER BY series_id"
FLAGS = {
    "requests": "parent_id IS NULL",
    "errors": "parent_id IS NULL AND state IN ('upstream_failed', 'interrupted')",
    "estimated_requests": "usage_source IS 'estimated'",
    "unpriced_requests": "price_basis IS 'unpriced'",
    "default_priced_requests": "(parent_id IS NULL OR id = parent_id || '.late') AND price_basis IS 'default'",
}


class Books:
    """Reads request rows and buckets of one database file."""

    def __init__(self, database: Path) -> None:
        self._database = database

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def rows(self, sql: str, *arguments: object) -> list[Row]:
        """Run a query."""
        with self._connected() as connection:
            return [dict(row) for row in connection.execute(sql, arguments)]

    def requests(self) -> list[Row]:
        """Return every request row with the names of its series, in the order of settling."""
        names = ", ".join(f"s.{name}" for name in DIMENSIONS)
        return self.rows(f"SELECT r.*, {names} FROM requests r JOIN series s ON s.id = r.series_id ORDER BY r.seq")

    def find(self, request_id: str) -> Row | None:
        """Return the request row of this id as it is now."""
        found = [row for row in self.requests() if row["id"] == request_id]
        assert len(found) < 2
        return found[0] if found else None

    def request(self, request_id: str) -> Row:
        """Return the request row of this id, waiting for it where it is not settled yet."""
        return until(lambda: self.find(request_id), f"the row of request {request_id}")

    def open_requests(self) -> list[Row]:
        """Return what the journal holds."""
        return self.rows("SELECT * FROM open_requests")

    def spent(self, **dimensions: str) -> tuple[Counts, int]:
        """Return counts and nano-dollars of the buckets with these dimensions."""
        columns = ", ".join(f"SUM(b.{name}) AS {name}" for name in (*COUNTS, "spend_nano"))
        tests = " AND ".join(f"s.{name} = ?" for name in dimensions) or "1"
        sql = f"SELECT {columns} FROM buckets_5m b JOIN series s ON s.id = b.series_id WHERE {tests}"
        (row,) = self.rows(sql, *dimensions.values())
        spend = row.pop("spend_nano")
        return (Counts(**row), spend) if spend is not None else (NOTHING, 0)

    def assert_balanced(self) -> None:
        """Assert that per series the sum over request rows is the sum over buckets: counts, money and flags."""
        flags = ", ".join(f"SUM({test}) AS {name}" for name, test in FLAGS.items())
        sums = ", ".join(f"SUM({name}) AS {name}" for name in SUMMED)
        names = ", ".join(f"SUM({name}) AS {name}" for name in (*FLAGS, *SUMMED))
        billed = "(SELECT * FROM requests WHERE state != 'rejected')"
        with self._connected() as connection:
            connection.execute("BEGIN")  # both sums from one moment
            rows = connection.execute(BY_SERIES.format(columns=f"{flags}, {sums}", table=billed)).fetchall()
            buckets = connection.execute(BY_SERIES.format(columns=names, table="buckets_5m")).fetchall()
        booked = {row["series_id"]: dict(row) for row in buckets}
        for row in rows:
            assert booked.pop(row["series_id"], None) == dict(row)
        assert booked == {}, "buckets without request rows"


def counts_of(row: Row) -> Counts:
    """Return the counts of a request row."""
    return Counts(**{name: row[name] for name in COUNTS})
