"""Axes that people can read."""

import math

from hypothesis import given
from hypothesis import strategies as st

from codevector_tui.charts.scale import pair, stepped

AMOUNTS = st.floats(min_value=0, max_value=1e15, allow_nan=False)


@given(AMOUNTS, st.integers(1, 8))
def test_a_scale_holds_its_largest_value_in_steps_of_1_2_2_5_or_5(largest: float, steps: int) -> None:
    scale = stepped(largest, "usd", steps)
    assert scale.top >= largest * (1 - 1e-9)
    factor = scale.step / 10 ** math.floor(math.log10(scale.step) + 1e-9)
    assert min(abs(factor - good) for good in (1, 2, 2.5, 5, 10)) < 1e-6
    assert len(scale.ticks) == steps + 1


@given(AMOUNTS, st.integers(1, 8))
def test_counts_never_get_ticks_between_whole_numbers(largest: float, steps: int) -> None:
    assert stepped(largest, "count", steps).step.is_integer()


@given(AMOUNTS, AMOUNTS, st.integers(2, 60))
def test_both_axes_share_their_grid(left: float, right: float, rows: int) -> None:
    first, second = pair((left, "usd"), (right, "count"), rows)
    assert second is not None
    assert len(first.ticks) == len(second.ticks)


def test_labels_of_one_axis_have_the_same_places() -> None:
    assert stepped(4.2, "usd", 2).labels == ("$0", "$2.50", "$5.00")
    assert stepped(0.011, "usd", 3).labels == ("$0", "$0.005", "$0.010", "$0.015")
    assert stepped(2_300_000, "count", 4).labels == ("0", "1M", "2M", "3M", "4M")
    assert stepped(7_100, "count", 3).labels == ("0", "2,500", "5,000", "7,500")
    assert stepped(61_000, "usd", 4).labels == ("$0", "$20K", "$40K", "$60K", "$80K")
    assert stepped(3_900, "usd", 2).labels == ("$0", "$2,000", "$4,000")
