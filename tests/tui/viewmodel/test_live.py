"""Snapshot and deltas."""

import msgspec
import pytest

from codevector_shared.protocol import Delta, Progress, Snapshot
from codevector_tui.viewmodel.live import KEPT, Gap, Live, advance, begin
from support.monitor_source import FakeDaemon


async def start() -> tuple[FakeDaemon, Live]:
    daemon = FakeDaemon()
    stream = daemon.live()
    snapshot = await anext(stream)
    await stream.aclose()
    assert isinstance(snapshot, Snapshot)
    return daemon, begin(snapshot)


def delta(seq: int, **what: object) -> Delta:
    nothing: dict[str, object] = {"opened": [], "progress": [], "settled": []}
    return Delta(
        seq=seq, at="2025-11-22T14:32:07+01:00", directory_version=1, degraded=False, spooled_events=0,
        **{**nothing, **what},  # type: ignore[arg-type]
    )  # fmt: skip


async def test_progress_replaces_counts_and_adds_nothing() -> None:
    _, live = await start()
    grown = [Progress(id=live.open[0].id, output_tokens=900, ttft_ms=120)]
    live = advance(advance(live, delta(1, progress=grown)), delta(2, progress=grown))
    assert live.open[0].output_tokens == 900
    assert live.open[0].ttft_ms == 120


async def test_a_settled_request_leaves_the_open_ones_and_leads_the_latest() -> None:
    daemon, live = await start()
    done = daemon.settle(live.open[0])
    after = advance(live, delta(1, settled=[done]))
    assert done.id not in {request.id for request in after.open}
    assert after.latest[0] == done
    assert after.settled == 1


async def test_a_request_that_opened_and_settled_in_one_delta_is_only_settled() -> None:
    daemon, live = await start()
    request = daemon.request(state="open")
    after = advance(live, delta(1, opened=[request], settled=[daemon.settle(request)]))
    assert len(after.open) == len(live.open)
    assert after.latest[0].id == request.id


async def test_a_heartbeat_changes_nothing_but_the_number() -> None:
    _, live = await start()
    assert msgspec.structs.asdict(advance(live, delta(1)).status) == msgspec.structs.asdict(live.status)


async def test_other_prices_ask_for_a_new_snapshot_which_counts_as_a_change() -> None:
    _, live = await start()
    live = advance(live, delta(1))
    with pytest.raises(Gap, match="priced"):
        advance(live, delta(2, repricings=1))
    snapshot = Snapshot(seq=0, at="", status=live.status, open=[], latest=[], repricings=1)
    after = begin(snapshot, live)
    assert (after.settled, advance(after, delta(1, repricings=1)).repricings) == (live.settled + 1, 1)


@pytest.mark.parametrize("seq", [0, 2, 9])
async def test_any_other_number_than_the_next_is_a_gap(seq: int) -> None:
    _, live = await start()
    with pytest.raises(Gap):
        advance(live, delta(seq))


async def test_what_is_remembered_is_bounded() -> None:
    daemon, live = await start()
    flood = [daemon.request() for _ in range(KEPT + 50)]
    assert len(advance(live, delta(1, settled=flood)).latest) == KEPT
