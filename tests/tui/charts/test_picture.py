"""Charts as text: what stands where."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_tui.charts.bars import Bars
from codevector_tui.charts.blocks import sixth
from codevector_tui.charts.digits import digits
from codevector_tui.charts.picture import picture
from codevector_tui.charts.slots import place
from codevector_tui.charts.spark import spark
from codevector_tui.viewmodel.chartspec import ChartSpec, Series
from codevector_tui.viewmodel.spans import Row, width_of
from support.monitor_pilot import same

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SPEND = (3.1, 4.8, 0.0, 5.2, 6.9, 1.2, 2.3)
CALLS = (300.0, 420.0, 10.0, 500.0, 610.0, 110.0, 240.0)


def trend(spend: tuple[float, ...] = SPEND, calls: tuple[float, ...] = CALLS) -> ChartSpec:
    labels = WEEK if len(spend) == 7 else tuple(f"{index + 1} Nov" for index in range(len(spend)))
    return ChartSpec((Series("$", "spend", spend),), labels, labels, line=Series("requests", "line", calls))


def stack() -> ChartSpec:
    kinds = (("input", 1.0), ("cached", 4.0), ("writes", 0.7), ("output", 0.4))
    bars = tuple(Series(name, name, tuple(value * 1e6 * part for value in SPEND)) for name, part in kinds)
    return ChartSpec(bars, WEEK, WEEK, "count")


def drawn(rows: tuple[Row, ...]) -> str:
    return "\n".join("".join(span.text for span in row).rstrip() for row in rows) + "\n"


@pytest.mark.parametrize(("name", "spec", "size"), [
    ("week", trend(), (48, 11)),
    ("week-wide", trend(), (118, 28)),
    ("month", trend(SPEND * 4, CALLS * 4), (48, 11)),
    ("stack", stack(), (48, 13)),
    ("one", trend((4.0,), (7.0,)), (40, 9)),
])  # fmt: skip
def test_a_chart_looks_as_it_did(name: str, spec: ChartSpec, size: tuple[int, int]) -> None:
    same(f"chart-{name}", drawn(picture(spec, *size)))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(0, 1e9, allow_nan=False), min_size=1, max_size=60),
    st.integers(16, 140),
    st.integers(3, 40),
)
def test_a_chart_is_exactly_as_large_as_asked(values: list[float], width: int, height: int) -> None:
    rows = picture(trend(tuple(values), tuple(values)), width, height)
    if not rows:
        assert len(values) > width - 16
        return
    assert len(rows) == height
    assert {width_of(row) for row in rows} == {width}


def test_without_room_or_buckets_nothing_is_drawn() -> None:
    assert picture(trend(), 10, 11) == ()
    assert picture(trend((), ()), 60, 11) == ()


def test_a_bar_is_as_high_as_its_value_to_an_eighth() -> None:
    heights = (4.0, 2.0, 1.0, 0.5, 0.25, 0.0, 0.01)
    rows = picture(ChartSpec((Series("$", "spend", heights),), WEEK, WEEK), 60, 9)
    columns = ["".join("".join(span.text for span in row)[at] for row in rows[:-1]) for at in range(60)]
    bars = [column for column in columns if any(glyph in column for glyph in "▁▂▃▄▅▆▇█")]
    assert bars[0].count("█") == 8
    assert {len([glyph for glyph in column if glyph in "▁▂▃▄▅▆▇█"]) for column in bars} >= {8, 4, 2, 1}


def test_series_of_a_stack_meet_inside_a_cell() -> None:
    tones = {span.tone for row in picture(stack(), 48, 13) for span in row}
    assert any(tone.count("/") == 1 and tone.split("/")[0] != tone.split("/")[1] for tone in tones)


@pytest.mark.parametrize("width", [40, 90])
@pytest.mark.parametrize("output", [1.0, 900.0, 40_000.0])
def test_a_thin_band_of_a_stack_is_seen_in_every_bar(width: int, output: float) -> None:
    kinds = (("input", 250_000.0), ("cached", 2_000_000.0), ("writes", 30_000.0), ("output", output))
    days = tuple(str(day) for day in range(width // 4))
    spec = ChartSpec(tuple(Series(name, name, (much,) * len(days)) for name, much in kinds), days, days, "count")
    seen = dict.fromkeys((name for name, _ in kinds), 0)
    for row in picture(spec, width, 13):
        for span in row:
            for tone in span.tone.split("/"):
                seen[tone] = seen.get(tone, 0) + len(span.text) * (tone in seen)
    assert all(cells >= len(days) for cells in (seen[name] for name, _ in kinds)), seen


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=4), st.integers(6, 200))
def test_the_layers_of_a_stack_are_ordered_and_none_that_is_not_zero_is_lost(column: list[float], steps: int) -> None:
    series = [Series(str(layer), "spend", (value,)) for layer, value in enumerate(column)]
    ends = Bars(series, max(sum(column), 1.0), place(1, 40), chosen=None)._levels(column, steps)
    assert all(
        later >= earlier + (value > 0) for (earlier, later), value in zip(pairwise((0, *ends)), column, strict=True)
    )
    assert ends[-1] == (steps if sum(column) >= 1.0 else ends[-1]) <= steps


def test_the_chosen_bar_has_its_own_tone() -> None:
    tones = {span.tone for row in picture(trend(), 48, 11, chosen=4) for span in row}
    assert any(tone.startswith("spend.chosen") for tone in tones)


def test_times_stand_at_least_nine_cells_apart() -> None:
    line = "".join(span.text for span in picture(trend(SPEND * 4, CALLS * 4), 48, 11)[-1])
    starts = [at for at, character in enumerate(line) if character.isdigit() and line[at - 1] == " "]
    assert starts
    assert all(later - earlier >= 9 for earlier, later in pairwise(starts))


def test_sextants_are_those_of_the_unicode_table() -> None:
    assert [sixth(1, 0), sixth(2, 0), sixth(3, 0), sixth(0, 3), sixth(3, 3), sixth(0, 0)] == [
        "🬏",
        "🬓",
        "▌",
        "▐",
        "█",
        " ",
    ]
    assert sixth(1, 1) == "🬭"
    assert sixth(2, 2) == "🬹"


def test_a_sparkline_shows_the_smallest_value_that_is_not_zero() -> None:
    (row,) = spark((0, 1, 1000), 3, 1, "spend")
    assert row[0].text == "▁▁█"


def test_digits_are_three_rows_of_one_width() -> None:
    rows = digits("$1,234.50")
    assert len({len(row) for row in rows}) == 1
