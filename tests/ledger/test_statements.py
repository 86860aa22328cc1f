import re

import pytest

from codevector_daemon.ledger.event import Series
from codevector_daemon.ledger.tiers import Tier
from codevector_daemon.ledger.writing import statements as sql
from codevector_daemon.ledger.writing.posting import contribution
from codevector_daemon.store.schema import AMOUNTS, buckets_5m, buckets_day, buckets_hour, buckets_month, metadata
from support.ledgers import an_event


@pytest.mark.parametrize(
    ("statement", "table", "left_out"),
    [
        (sql.ADD_REQUEST, "requests", {"seq"}),
        *((sql.ADD_TO_BUCKET[tier], tier.table.name, set()) for tier in Tier),
        (sql.ADD_TO_MARGIN, "margins", set()),
        (sql.MARK, "marks", set()),
        (sql.OPEN, "open_requests", set()),
        (sql.ADD_SERIES, "series", {"id"}),
        (sql.ADD_BATCH, "spool_batches", set()),
    ],
)
def test_an_insert_names_every_column_of_its_table(statement: str, table: str, left_out: set[str]) -> None:
    found = re.search(r"INSERT INTO (\w+) \(([^)]*)\)\s+VALUES \(([^)]*)\)", statement)
    assert found is not None
    names = [name.strip() for name in found[2].split(",")]
    assert found[1] == table
    assert set(names) == {column.name for column in metadata.tables[table].columns} - left_out
    assert len(names) == found[3].count("?")


def test_an_upsert_adds_to_every_amount() -> None:
    for statement in (*sql.ADD_TO_BUCKET.values(), sql.ADD_TO_MARGIN):
        added = re.findall(r"(\w+) = min\((\w+) \+ excluded\.(\w+), \d+\)", statement)
        assert added == [(name, name, name) for name in AMOUNTS]


def test_amounts_come_in_the_order_of_the_columns() -> None:
    found = re.search(r"start, series_id, ([^)]*)\)", sql.ADD_TO_BUCKET[Tier.FIVE_MINUTES])
    assert found is not None
    assert tuple(name.strip() for name in found[1].split(",")) == AMOUNTS
    assert dict(zip(AMOUNTS, contribution(an_event("a", own_login=True)), strict=True)) == {
        "requests": 1,
        "errors": 0,
        "uncached_input": 10,
        "cache_read": 20,
        "cache_write_5m": 3,
        "cache_write_1h": 4,
        "output": 50,
        "reasoning": 6,
        "spend_nano": 1_000,
        "own_login_nano": 1_000,
        "estimated_requests": 0,
        "unpriced_requests": 0,
        "duration_ms": 1_000,
        "default_priced_requests": 0,
    }


def test_all_tiers_have_the_same_columns() -> None:
    for tier in (buckets_hour, buckets_day, buckets_month):
        assert [column.name for column in tier.columns] == [column.name for column in buckets_5m.columns]


def test_series_are_found_by_every_dimension() -> None:
    asked = re.findall(r"(\w+) = \?", sql.FIND_SERIES)
    assert asked == list(Series.__struct_fields__)
