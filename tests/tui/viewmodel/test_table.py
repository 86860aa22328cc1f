"""Which columns fit, and in which order rows stand."""

from hypothesis import given
from hypothesis import strategies as st

from codevector_tui.viewmodel.calls import FEED_COLUMNS
from codevector_tui.viewmodel.models import models
from codevector_tui.viewmodel.table import GAP, place, sort
from support.monitor_source import FakeDaemon


@given(st.integers(1, 300))
def test_placed_columns_fit_and_keep_their_order(width: int) -> None:
    placed = place(FEED_COLUMNS, width)
    indexes = [each.index for each in placed]
    assert indexes == sorted(indexes)
    assert {index for index, column in enumerate(FEED_COLUMNS) if column.rank == 0} <= set(indexes)
    total = sum(each.width for each in placed) + GAP * (len(placed) - 1)
    least = sum(column.least + GAP for column in FEED_COLUMNS if column.rank == 0) - GAP
    assert total <= max(width, least)


def test_a_wider_table_never_loses_a_column() -> None:
    counts = [len(place(FEED_COLUMNS, width)) for width in range(40, 260)]
    assert counts == sorted(counts)


async def test_sorting_goes_round_and_says_its_order() -> None:
    table = models((await FakeDaemon().models()).models, 0)
    assert sort(table, 0).items == table.items
    by_name = sort(table, 1)
    assert [model.slug for model in by_name.items] == sorted(model.slug for model in table.items)
    assert by_name.order == "by model"
    assert sort(table, len(table.sorts) + 1).items == table.items
