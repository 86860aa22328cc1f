"""A request's price, line by line: nothing is worked out here, all of it is the daemon's."""

import msgspec
import pytest

from codevector_shared.price_protocol import PriceLine, RequestPrice
from codevector_shared.protocol import Request
from codevector_tui.viewmodel.bill import Bill, bill_rows
from codevector_tui.viewmodel.calls import Moment
from codevector_tui.viewmodel.detail import detail_rows
from codevector_tui.viewmodel.spans import width_of
from support.monitor_source import NOW, ZONE, FakeDaemon

MOMENT = Moment(round(NOW.timestamp() * 1000), ZONE)
LINES = [
    PriceLine("input", 12_345, "token", "3", 1_000_000, "0.037035000"),
    PriceLine("cache_write_1h", 7, "token", "0.0000375", 1_000_000, "0.0000000002625"),
    PriceLine("search", 2, "call", "10", 1_000, "0.020000000"),
    PriceLine("output", 200, "token", "15", 1_000_000, "0.003000000", model="claude-haiku-5"),
]


def request(**what: object) -> Request:
    one = FakeDaemon().request(state="complete", model="claude-sonnet-5")
    return msgspec.structs.replace(one, **{"reasoning_tokens": 0, "price_version": "2025-11-20", **what})


def price(**what: object) -> RequestPrice:
    known = RequestPrice(
        id="r",
        model="m",
        upstream_model="m",
        provider="p",
        usage_source="reported",
        price_basis="catalogue",
        price_version="v",
        service_tier=None,
        above_input_tokens=None,
        lines=LINES,
        exact_usd="0.0600350002625",
        rounding_usd="-0.0000000002625",
        spend_usd="0.060035000",
        worked_usd="0.060035000",
    )
    return msgspec.structs.replace(known, **what)


def shown(one: Request, bill: Bill, width: int = 76) -> str:
    rows = bill_rows(one, bill, width)
    return "\n".join("".join(span.text for span in row).rstrip() for row in rows) + "\n"


def test_counts_times_rates_the_sum_and_its_one_rounding_stand_under_one_another() -> None:
    said = shown(request(spend_usd="0.060035000"), Bill(price())).replace("×", "x")  # noqa: RUF001 — times
    assert (
        said
        == """\
input                               12,345 x $3.00/M      = $0.037035000
cache write, 1 h                         7 x $0.0000375/M = $0.0000000002625
web searches                             2 x $10.00/k     = $0.020000000
output (claude-haiku-5)                200 x $15.00/M     = $0.003000000
sum                                                         $0.0600350002625
rounding                                                   -$0.0000000002625
charged                                                     $0.060035000
catalogue price, 2025-11-20
"""
    )


@pytest.mark.parametrize("width", [30, 44, 52, 76])
def test_no_line_is_wider_than_the_panel(width: int) -> None:
    rows = detail_rows(request(error="x" * 300, session="s" * 400), Bill(price()), MOMENT, width)
    assert max(map(width_of, rows)) <= width


def test_the_price_stands_before_the_facts_so_that_it_fits_a_small_terminal() -> None:
    lines = ["".join(span.text for span in row) for row in detail_rows(request(), Bill(price()), MOMENT, 76)]
    charged = next(index for index, line in enumerate(lines) if line.startswith("charged"))
    assert charged <= 10
    assert charged < next(index for index, line in enumerate(lines) if line.startswith("Upstream"))


def test_without_lines_the_counts_are_shown_with_what_was_charged() -> None:
    one = request(uncached_input_tokens=1_000, cached_tokens=0, output_tokens=200, price_basis="free", spend_usd="0")
    said = shown(one, Bill(price(lines=[], provider_cost_usd="0.000000123")))
    assert "1,000" in said
    assert "free" in said
    assert "the provider itself says $0.000000123" in said


def test_estimated_counts_are_marked() -> None:
    assert "≈ 12,345" in shown(request(usage_source="estimated"), Bill(price()))


def test_rates_that_give_another_sum_and_long_contexts_are_said() -> None:
    said = shown(request(), Bill(price(worked_usd="0.070000000", above_input_tokens=200_000)))
    assert "these rates give $0.0700; what was charged stays" in said
    assert "rates above 200,000 input tokens" in said


def test_a_price_that_cannot_be_taken_apart_says_why() -> None:
    assert "not taken apart: busy" in shown(request(), Bill(trouble="not taken apart: busy"))
    assert "priced when it ends" in shown(FakeDaemon().request(state="open"), Bill())


def test_a_call_that_used_nothing_says_so() -> None:
    failed = request(
        **dict.fromkeys(("uncached_input_tokens", "cached_tokens", "output_tokens"), 0),
        state="upstream_failed",
        usage_source="none",
        price_basis=None,
    )
    assert shown(failed, Bill(price(lines=[]))).split() == ["nothing", "was", "used", "–"]  # noqa: RUF001 — a dash
