import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_shared import formats
from codevector_shared.money import usd

AMOUNTS = st.integers(min_value=-(10**18), max_value=10**18).map(usd)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0.000000000", "$0.00"),
        ("0.004200000", "$0.0042"),
        ("0.000010000", "<$0.0001"),
        ("-0.000010000", "-<$0.0001"),
        ("0.100000000", "$0.10"),
        ("12.345000000", "$12.34"),
        ("999.994000000", "$999.99"),
        ("999.996000000", "$1,000"),
        ("1234.000000000", "$1,234"),
        ("-3.200000000", "-$3.20"),
    ],
)
def test_an_amount_shows_as_many_places_as_its_size_needs(amount: str, shown: str) -> None:
    assert formats.dollars(amount) == shown


@given(AMOUNTS)
def test_a_shown_amount_is_within_one_unit_of_its_last_place(amount: str) -> None:
    shown = formats.dollars(amount)
    if "<" not in shown:
        read = Decimal(shown.replace("$", "").replace(",", ""))
        unit = Decimal(1).scaleb(read.as_tuple().exponent)  # type: ignore[arg-type] — a finite number has an integer exponent
        assert abs(read - Decimal(amount)) <= unit / 2


def test_a_column_of_amounts_shares_one_unit() -> None:
    amounts = ["0.004200000", "12.345000000", "0.000000000"]
    places = formats.column_places(amounts)
    assert [formats.dollars(amount, places) for amount in amounts] == ["<$0.01", "$12.34", "$0.00"]


@pytest.mark.parametrize(
    ("price", "shown"),
    [("3", "$3.00"), ("0.075", "$0.075"), ("0.1000", "$0.10"), ("1000", "$1,000.00"), ("0", "$0.00"), (None, "–")],  # noqa: RUF001 — the dash a person sees
)
def test_a_price_keeps_every_place_it_has(price: str | None, shown: str) -> None:
    assert formats.rate(price) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0K"),
        (99_949, "99.9K"),
        (99_950, "100K"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (12_400_000, "12.4M"),
        (999_999_999, "1.00B"),
        (-12_400_000, "-12.4M"),
    ],
)
def test_a_large_count_shows_three_digits_and_a_unit(number: int, shown: str) -> None:
    assert formats.compact(number) == shown


@given(st.integers(min_value=0, max_value=10**15 - 10**13))
def test_a_compact_count_fits_six_characters(number: int) -> None:
    assert len(formats.compact(number)) <= 6


@pytest.mark.parametrize(
    ("part", "total", "shown"),
    [(0, 10, "0 %"), (1, 0, "–"), (34, 1000, "3.4 %"), (999, 10_000, "10 %"), (1, 1, "100 %")],  # noqa: RUF001 — the dash a person sees
)
def test_a_share_shows_one_place_only_below_ten_percent(part: int, total: int, shown: str) -> None:
    assert formats.percent(part, total) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "–"),  # noqa: RUF001 — the dash a person sees
        (-5, "0 ms"),
        (340, "340 ms"),
        (1_250, "1.2 s"),
        (9_999, "9.9 s"),
        (59_999, "59 s"),
        (185_000, "3 m 05 s"),
        (7_380_000, "2 h 03 m"),
        (273_600_000, "3 d 04 h"),
    ],
)
def test_a_duration_shows_its_two_largest_units(milliseconds: int | None, shown: str) -> None:
    assert formats.duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("then_ms", "shown"),
    [(None, "–"), (100_000_500, "now"), (99_997_000, "3 s ago"), (99_700_000, "5 m ago"), (0, "1 d ago")],  # noqa: RUF001 — the dash a person sees
)
def test_an_age_shows_one_unit(then_ms: int | None, shown: str) -> None:
    assert formats.age(then_ms, 100_000_000) == shown


def test_foreign_text_loses_escape_sequences_direction_marks_and_line_breaks() -> None:
    assert formats.clean("a\x1b[31mred\x9b0m\u202ekey\nnext\u2028\x00") == "a[31mred0mkey next"


def test_foreign_text_keeps_letters_of_every_script() -> None:
    assert formats.clean("Zoë Müller 東京 🚀") == "Zoë Müller 東京 🚀"


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_clean_text_is_one_short_printable_line(text: str, limit: int) -> None:
    shown = formats.clean(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(character).startswith("C") for character in shown)
    assert formats.clean(shown, limit) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (9_999, "9,999 B"), (339_968, "340 KB"), (1_100_000, "1.10 MB"), (72_800_000_000, "72.8 GB")],
)
def test_a_size_in_bytes_is_no_count_of_things(size: int, shown: str) -> None:
    assert formats.storage(size) == shown
