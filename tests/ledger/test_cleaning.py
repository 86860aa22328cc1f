"""Bad input: cleaned, cut and bounded, never refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from codevector_daemon.ledger.cleaning import LONGEST, MOST_NANO, MOST_TOKENS, clean, cleaned_event, cleaned_note
from codevector_daemon.ledger.entries import Admit, Settle
from codevector_daemon.ledger.writing.connection import WriterConnection
from codevector_daemon.ledger.writing.folding import OTHER, Folding
from codevector_daemon.ledger.writing.posting import Posting, SeriesIds
from codevector_daemon.metering.counts import TokenCounts
from support.ledgers import ANA, NOON_MS, a_note, an_event, home, make_people, wall_ms
from support.past import past

YEAR_MS = 365 * 86_400_000


def test_what_is_fine_is_left_as_it_is() -> None:
    event, note = an_event("a"), a_note("a")
    assert cleaned_event(event, NOON_MS) is event
    assert cleaned_note(note, NOON_MS) is note


@given(st.text(max_size=2_000))
def test_a_clean_name_is_short_printable_and_storable(text: str) -> None:
    found = clean(text)
    assert len(found) <= LONGEST
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in found)
    found.encode()
    assert clean(found) == found


def test_names_keep_what_people_write() -> None:
    assert clean("büro / 東京 🚀") == "büro / 東京 🚀"
    assert clean("\x1b[31mred\u202e\n") == "[31mred"
    assert clean("\ud800") == ""


@pytest.mark.parametrize(
    ("started_ms", "expected"),
    [(NOON_MS + 3 * YEAR_MS, NOON_MS), (-YEAR_MS, 86_400_000), (NOON_MS - 3 * YEAR_MS, NOON_MS - 3 * YEAR_MS)],
)
def test_a_call_never_begins_after_now_or_before_there_were_days(started_ms: int, expected: int) -> None:
    found = cleaned_event(an_event("a", started_ms=started_ms), NOON_MS)
    assert found.started_ms == expected
    assert found.finished_ms >= found.started_ms


@given(st.builds(TokenCounts, *[st.integers(-(1 << 80), 1 << 80)] * 9), st.integers(-(1 << 80), 1 << 80))
def test_absurd_numbers_are_bounded(counts: TokenCounts, spend: int) -> None:
    found = cleaned_event(an_event("a", counts=counts, spend_nano=spend, ttft_ms=spend), NOON_MS)
    assert all(0 <= number <= MOST_TOKENS for number in (*astuple(found.counts), found.ttft_ms or 0))
    assert 0 <= found.spend_nano <= MOST_NANO


async def test_the_ledger_takes_anything_in(tmp_path: Path) -> None:
    hostile = replace(ANA, project="p" * 10_000, client_app="\x00\x1b]0;x\x07", model="\ud800", provider="\u202eevil")
    async with home(tmp_path) as here:
        await make_people(here.store)
        await here.ledger.admit(a_note("a", series=hostile, session="s\n" * 5_000, estimated_input=1 << 70))
        await here.ledger.settle(
            an_event("a", series=hostile, started_ms=wall_ms() + 9 * YEAR_MS, counts=TokenCounts(output=1 << 70))
        )
        await here.ledger.settle(an_event("b", series=hostile, started_ms=-(1 << 70), error="e" * 10_000))
        rows = await here.all("SELECT project, client_app, model, provider FROM series")
        assert rows == [("p" * LONGEST, "]0;x", "", "evil")]
        assert await here.settled() == [("a", "complete"), ("b", "complete")]
        assert await here.all("SELECT max(output) FROM requests") == [(MOST_TOKENS,)]
        assert not here.ledger.degraded


def test_beyond_its_limit_a_days_projects_are_one(tmp_path: Path) -> None:
    with past(tmp_path) as made:
        folding = Folding(names_per_day=5)
        writer = WriterConnection(made.path, durability="process", patience_s=1)
        names = [replace(ANA, project=f"project {n}") for n in range(30)]
        for day in range(2):
            with writer.transaction() as connection:
                events = [
                    an_event(f"{day}.{n}", series=series, started_ms=NOON_MS + day * 86_400_000)
                    for n, series in enumerate(names)
                ]
                notes = [Admit(a_note(f"n{day}.{n}", series=series)) for n, series in enumerate(names)]
                Posting(connection, SeriesIds(folding), "node").all([*map(Settle, events), *notes])
        writer.close()
        found = made.all("SELECT project, count(*) FROM requests JOIN series ON series.id = series_id GROUP BY 1")
        assert dict(found)[OTHER] == 2 * (30 - 3)  # type: ignore[call-overload]
        assert len(found) == 4
        assert folding.folded >= 54


def test_the_names_of_a_day_are_remembered_across_a_restart(tmp_path: Path) -> None:
    with past(tmp_path) as made:
        made.count([an_event(f"a{n}", series=replace(ANA, project=f"old {n}")) for n in range(4)])
        writer = WriterConnection(made.path, durability="process", patience_s=1)
        with writer.transaction() as connection:
            folding = Folding(names_per_day=6)
            assert folding.fold(connection, replace(ANA, project="old 3"), NOON_MS).project == "old 3"
            assert folding.fold(connection, replace(ANA, project="new"), NOON_MS).project == OTHER
        writer.close()
