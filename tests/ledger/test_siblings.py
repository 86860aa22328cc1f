"""Several processes write one store."""

import asyncio
from pathlib import Path

from codevector_daemon.ledger import Series
from support.ledgers import a_note, amounts, an_event, home


async def test_siblings_share_series_and_buckets_without_losing_a_count(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=5) as one, home(tmp_path, patience_s=5) as two:
        series = [Series(1, 1, project=f"p{n}") for n in range(20)]
        await asyncio.gather(
            *(
                here.ledger.settle(an_event(f"{name}{n}", series=series[n % 20]))
                for name, here in (("one", one), ("two", two))
                for n in range(1_000)
            )
        )
        assert not one.ledger.degraded
        assert not two.ledger.degraded
        assert len(await one.all("SELECT * FROM series")) == 20
        assert len(await two.settled()) == 2_000
    assert amounts(tmp_path)["requests"] == 2_000


async def test_one_request_settled_by_two_processes_counts_once(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=5) as one, home(tmp_path, patience_s=5) as two:
        await asyncio.gather(*(here.ledger.settle(an_event(f"r{n}")) for n in range(50) for here in (one, two)))
    assert amounts(tmp_path)["requests"] == 50


async def test_what_a_sibling_opened_another_may_settle(tmp_path: Path) -> None:
    async with home(tmp_path, patience_s=5) as one, home(tmp_path, patience_s=5) as two:
        await one.ledger.admit(a_note("a"))
        await two.ledger.settle(an_event("a"))
        assert await one.all("SELECT id FROM open_requests") == []
