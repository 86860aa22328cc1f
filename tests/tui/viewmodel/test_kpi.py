"""The four numbers."""

from zoneinfo import ZoneInfo

import msgspec
import pytest

from codevector_shared.protocol import Totals
from codevector_tui.viewmodel.header import Header
from codevector_tui.viewmodel.kpi import Card, basis_mark, cards
from codevector_tui.viewmodel.link import Link
from support.monitor_source import NOW, FakeDaemon


async def four(**totals: object) -> tuple[Card, ...]:
    dashboard = await FakeDaemon().dashboard(period="7d", granularity="day")
    changed = msgspec.structs.replace(dashboard.totals, **totals)
    return cards(msgspec.structs.replace(dashboard, totals=changed), NOW)


async def test_estimated_and_unpriced_parts_are_marked() -> None:
    assert (await four(estimated_requests=0))[0].mark == ""
    assert (await four(estimated_requests=3))[0].mark == "≈"
    assert (await four(estimated_requests=3, unpriced_requests=1))[0].mark == "?"
    assert basis_mark(Totals(unpriced_requests=1)) == "?"
    assert basis_mark(Totals(default_priced_requests=1, estimated_requests=2)) == "?"


def test_the_header_counts_every_call_that_has_no_price_of_its_own() -> None:
    totals = Totals(requests=9, estimated_requests=2, unpriced_requests=1, default_priced_requests=3)
    header = Header(Link(), None, "local", totals, 0, ZoneInfo("UTC"))
    said = "".join(span.text for span in header.row(120))
    assert "priced 88.9 %  ≈ 2  ? 4" in said


async def test_the_change_is_said_by_shape_and_number() -> None:
    before = (await FakeDaemon().dashboard(period="7d", granularity="day")).previous
    assert before is not None
    said = {
        factor: "".join(span.text for span in (await four(requests=round(before.requests * factor)))[1].change)
        for factor in (1.5, 0.5, 1.0, 12.0)
    }
    assert said == {1.5: "▲ 50 %", 0.5: "▼ 50 %", 1.0: "= 0 %", 12.0: "▲ ×12"}  # noqa: RUF001 — times


async def test_after_an_empty_period_everything_is_new() -> None:
    dashboard = await FakeDaemon().dashboard(period="7d", granularity="day")
    card = cards(msgspec.structs.replace(dashboard, previous=Totals()), NOW)[0]
    assert card.change[0].text == "new"


async def test_own_logins_are_said_apart() -> None:
    assert "$3.20 own login" in (await four(own_login_usd="3.200000000"))[0].facts


@pytest.mark.parametrize(("room", "said"), [
    (60, "$0.12/h · $85 by 30th"),
    (20, "$0.12/h, $85 by 30th"),
    (14, "$0.12/h"),
    (3, ""),
])  # fmt: skip
async def test_only_facts_that_fit_are_said(room: int, said: str) -> None:
    assert (await four())[0].subtitle(room) == said


async def test_shapes_end_now() -> None:
    dashboard = await FakeDaemon().dashboard(period="today", granularity="hour")
    assert len(dashboard.buckets) == 24
    assert len(cards(dashboard, NOW)[0].shape) == 15
