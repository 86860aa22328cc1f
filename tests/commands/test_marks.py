"""Every figure says what it rests on."""

import msgspec
import pytest

from codevector_shared.protocol import Leaderboard, LeaderboardRow, Period, Request, Totals
from codevector_tui.commands import leaderboard, requests, usage
from support.monitor_source import FakeDaemon


def spend_of(**what: object) -> str:
    one: Request = msgspec.structs.replace(FakeDaemon().request(state="complete"), spend_usd="0.004900000", **what)
    return requests.row(one)[8]


@pytest.mark.parametrize(
    ("source", "basis", "shown"),
    [
        ("reported", "catalogue", "$0.0049"),
        ("estimated", "catalogue", "≈$0.0049"),
        ("reported", "default", "?$0.0049"),
        ("estimated", "default", "?≈$0.0049"),
        ("reported", "unpriced", "?"),
        ("none", None, "–"),  # noqa: RUF001 — a typographer's dash
    ],
)
def test_what_a_call_cost_says_its_basis(source: str, basis: str | None, shown: str) -> None:
    assert spend_of(usage_source=source, price_basis=basis) == shown


def test_sums_and_ranks_are_marked_where_a_part_is_estimated_or_has_no_price() -> None:
    totals = Totals(requests=9, spend_usd="12.340000000", estimated_requests=1, unpriced_requests=2)
    assert usage.marked(totals) == "≈?$12.34"
    assert usage.marked(msgspec.structs.replace(totals, estimated_requests=0, unpriced_requests=0)) == "$12.34"
    assert usage.marked(Totals(requests=9, spend_usd="12.340000000", default_priced_requests=1)) == "?$12.34"
    ranked = LeaderboardRow(
        rank=1, previous_rank=None, user="ana", you=False, tokens=5, **msgspec.structs.asdict(totals)
    )
    board = Leaderboard("spend", Period("all", None, "2026-01-01T00:00:00+00:00", "UTC"), [ranked])
    assert leaderboard.rows(board)[0][-1] == "≈?$12.34"
