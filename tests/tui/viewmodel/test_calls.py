"""Requests as lines."""

import msgspec
import pytest

from codevector_shared.protocol import Request
from codevector_tui.viewmodel.calls import Moment, amount, feed, glyph, matches, now_rows, outcome
from codevector_tui.viewmodel.spans import Row, width_of
from codevector_tui.viewmodel.table import place
from support.monitor_source import NOW, ZONE, FakeDaemon

MOMENT = Moment(round(NOW.timestamp() * 1000), ZONE)


def said(row: Row) -> str:
    return "".join(span.text for span in row)


def request(**what: object) -> Request:
    return msgspec.structs.replace(FakeDaemon().request(state="complete", model="claude-sonnet-5"), **what)


@pytest.mark.parametrize(("what", "shown"), [
    ({"price_basis": "catalogue", "spend_usd": "0.021000000"}, "$0.0210 "),
    ({"price_basis": "catalogue", "usage_source": "estimated", "spend_usd": "1.5"}, "$1.5000≈"),
    ({"price_basis": "default", "spend_usd": "1.5"}, "$1.5000?"),
    ({"price_basis": "unpriced", "spend_usd": "0"}, "? "),
    ({"price_basis": "free", "spend_usd": "0"}, "free "),
])  # fmt: skip
def test_an_amount_says_its_basis(what: dict[str, object], shown: str) -> None:
    assert amount(request(**what)).text == shown


def test_an_open_request_runs_and_turns() -> None:
    opened = FakeDaemon().request(minutes=0.2, state="open")
    first = Moment(MOMENT.now_ms, ZONE)
    later = Moment(MOMENT.now_ms + 1000, ZONE)
    assert glyph(opened, first) != glyph(opened, later)
    assert "12 s" in said(now_rows([opened], [], first, 70, 1)[0])
    assert "13 s" in said(now_rows([opened], [], later, 70, 1)[0])


@pytest.mark.parametrize("state", ["upstream_failed", "interrupted", "rejected", "complete", "client_left"])
@pytest.mark.parametrize("width", [36, 50, 70])
def test_no_way_to_end_is_cut_in_a_narrow_line(state: str, width: int) -> None:
    ended = request(state=state, status=529, model="m", project="p")
    assert "…" not in said(now_rows([], [ended], MOMENT, width, 1)[0])


def test_outcomes_say_the_providers_status() -> None:
    assert outcome(request(state="upstream_failed", status=529)) == "529 failed"
    assert outcome(request(state="client_left", status=200)) == "client left"
    assert outcome(request(state="complete", status=200)) == "200"


@pytest.mark.parametrize("width", [60, 104, 180])
def test_every_line_of_the_feed_has_the_tables_width(width: int) -> None:
    daemon = FakeDaemon()
    table = feed([*daemon.open, *daemon.finished], MOMENT)
    placed = place(table.columns, width)
    widths = {width_of(table.row(index, placed)) for index in range(len(table.items))}
    assert widths == {width_of(table.header(placed))}
    assert widths.pop() <= width


def test_hostile_names_are_made_harmless() -> None:
    row = now_rows([], [request(model="evil\x1b[31m\n模", project="\u202eabc")], MOMENT, 70, 1)[0]
    assert "\x1b" not in said(row)
    assert "\n" not in said(row)
    assert "\u202e" not in said(row)
    assert width_of(row) <= 70


def test_all_words_must_match_somewhere() -> None:
    one = request(project="api-server", client_app="aider")
    assert matches(one, "sonnet AIDER")
    assert not matches(one, "sonnet codex")
