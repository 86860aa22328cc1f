import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_shared.money import nano, usd


@given(st.integers(min_value=-(2**62), max_value=2**62))
def test_money_survives_the_trip_through_text(amount: int) -> None:
    assert nano(usd(amount)) == amount


@pytest.mark.parametrize(("amount", "text"), [(0, "0.000000000"), (12_345_000, "0.012345000"), (-1, "-0.000000001")])
def test_money_has_nine_decimals(amount: int, text: str) -> None:
    assert usd(amount) == text


@pytest.mark.parametrize("text", ["", "a", "NaN", "inf", "0.0000000001", "1,5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        nano(text)
