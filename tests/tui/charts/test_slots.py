"""Bars of one width with a gap each."""

from hypothesis import given
from hypothesis import strategies as st

from codevector_tui.charts.slots import HALVES, place


@given(st.integers(1, 400), st.integers(1, 250))
def test_bars_that_fit_stay_inside_and_leave_a_gap(count: int, cells: int) -> None:
    if count > cells:
        return
    slots = place(count, cells)
    assert slots.bar >= 1
    assert slots.start(0) >= 0
    assert slots.start(count - 1) + slots.bar <= cells * HALVES
    assert slots.pitch - slots.bar >= 1 or count == 1


@given(st.integers(1, 60), st.integers(60, 250))
def test_the_place_under_a_bars_middle_is_its_own(count: int, cells: int) -> None:
    slots = place(count, cells)
    assert [slots.at(int(slots.centre(index))) for index in range(count)] == list(range(count))


def test_wide_bars_start_on_whole_cells() -> None:
    assert place(7, 41).whole
    assert place(24, 60).whole
    assert not place(30, 41).whole
