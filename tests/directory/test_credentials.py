import string

from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.directory.credentials import flaw, mint

KEY = mint().key
CHARACTERS = string.ascii_letters + string.digits


def test_a_minted_key_has_the_right_form_and_begins_with_its_prefix() -> None:
    minted = mint()
    assert flaw(minted.key) is None
    assert minted.key.startswith(minted.prefix + "_")
    assert len(minted.prefix) == 11


def test_the_repr_of_a_new_key_does_not_show_it() -> None:
    minted = mint()
    assert minted.key not in repr(minted)


@given(at=st.integers(min_value=12, max_value=len(KEY) - 1), character=st.sampled_from(CHARACTERS))
def test_any_single_wrong_character_is_told(at: int, character: str) -> None:
    typo = KEY[:at] + character + KEY[at + 1 :]
    assert (flaw(typo) is None) == (typo == KEY)


@given(at=st.integers(min_value=12, max_value=len(KEY) - 8))
def test_two_swapped_neighbours_are_told(at: int) -> None:
    swapped = KEY[:at] + KEY[at + 1] + KEY[at] + KEY[at + 2 :]
    assert (flaw(swapped) is None) == (swapped == KEY)


@given(st.text())
def test_no_text_breaks_the_check_and_none_passes_it(text: str) -> None:
    said = flaw(text)
    assert said is not None
    assert len(text) < 12 or text not in said


def test_each_flaw_has_its_own_words() -> None:
    assert "No API key" in (flaw("") or "")
    assert "start with cv_" in (flaw("sk-ant-123") or "")
    assert "not whole" in (flaw(KEY[:-1]) or "")
    assert "mistyped" in (flaw(KEY[:-1] + ("a" if KEY[-1] != "a" else "b")) or "")
