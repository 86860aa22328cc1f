"""Text cut and placed by cells, not by characters."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from codevector_tui.viewmodel.spans import Span, bar, cut, ends, fit, width_of

WORDS = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Cf", "Mn", "Me", "Zl", "Zp")), max_size=40)


@given(WORDS, st.integers(0, 50), st.sampled_from(["left", "right", "center"]))
def test_fitted_text_takes_exactly_its_cells(text: str, width: int, align: str) -> None:
    assert cell_len(fit(text, width, align)) == width  # type: ignore[arg-type]


@given(st.lists(WORDS, max_size=6), st.integers(0, 60))
def test_a_cut_row_is_never_wider_than_allowed(words: list[str], width: int) -> None:
    assert width_of(cut([Span(word) for word in words], width)) <= width


@given(WORDS, WORDS, st.integers(1, 60))
def test_a_row_with_two_ends_is_never_wider_than_allowed(left: str, right: str, width: int) -> None:
    assert width_of(ends([Span(left)], [Span(right)], width)) <= width


@given(st.floats(0, 1), st.integers(0, 60))
def test_a_bar_with_its_track_takes_exactly_its_cells(part: float, width: int) -> None:
    assert width_of(bar(part, width, "spend")) == width


def test_wide_letters_count_twice() -> None:
    assert fit("模型名", 5) == "模型…"
