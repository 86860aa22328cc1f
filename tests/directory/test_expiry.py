import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.directory.expiry import expires_ms
from codevector_daemon.errors import DirectoryError

from .conftest import NOW

BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(("text", "seconds"), [("1m", 60), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600)])
def test_a_span_counts_from_now(text: str, seconds: int) -> None:
    assert expires_ms(text, now_ms=NOW, zone=UTC) == NOW + seconds * 1000


def test_a_day_is_included_and_cut_in_the_ledgers_zone() -> None:
    assert expires_ms("2026-12-31", now_ms=NOW, zone=BERLIN) == moment("2027-01-01T00:00:00+01:00")


def test_a_moment_is_taken_as_written() -> None:
    text = "2026-12-31T18:00:00+05:30"
    assert expires_ms(text, now_ms=NOW, zone=BERLIN) == moment(text)
    assert expires_ms("2026-12-31T18:00:00Z", now_ms=NOW, zone=BERLIN) == moment("2026-12-31T18:00:00+00:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "90",
        "d",
        "-1d",
        "0d",
        "90y",
        "2020-01-01",
        "2026-02-30",
        "2026-12-31T18:00:00",
        "999999w",
        "9999-12-31",
        "soon",
    ],
)
def test_what_is_no_future_moment_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(DirectoryError) as refused:
        expires_ms(text, now_ms=NOW, zone=BERLIN)
    assert refused.value.code == "invalid_expiry"
    assert "90d" in (refused.value.hint or "")


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(DirectoryError):
        assert expires_ms(text, now_ms=NOW, zone=BERLIN) > NOW
