"""What is open now and what finished last: the live stream's snapshot, carried forward by its deltas."""

from dataclasses import dataclass, replace

import msgspec

from codevector_shared.protocol import Delta, Request, Snapshot, Status

KEPT = 500
"""Finished requests remembered from the stream."""


class Gap(Exception):
    """Only a new snapshot tells the truth again: a delta is missing, or what was told is true no longer."""


@dataclass(frozen=True, slots=True)
class Live:
    """The stream's state after message ``seq``; ``settled`` counts what made totals move: requests that finished.

    A further snapshot counts as one, as it comes where more was missed, or changed, than the stream tells.
    """

    seq: int
    status: Status
    open: tuple[Request, ...]
    latest: tuple[Request, ...]
    directory_version: int
    health_version: int = 0
    settled: int = 0
    repricings: int = 0


def begin(snapshot: Snapshot, before: Live | None = None) -> Live:
    """Return the state a snapshot gives, ``before`` being the last one known."""
    return Live(
        seq=snapshot.seq,
        status=snapshot.status,
        open=tuple(snapshot.open),
        latest=tuple(snapshot.latest),
        directory_version=0,
        settled=0 if before is None else before.settled + 1,
        repricings=snapshot.repricings,
    )


def advance(live: Live, delta: Delta) -> Live:
    """Return the state after the next delta; Gap when it is not the next one, or tells that prices are others now."""
    if delta.seq != live.seq + 1:
        raise Gap(f"expected change {live.seq + 1}, got {delta.seq}")
    if delta.repricings != live.repricings:
        raise Gap("finished requests were priced anew")
    status = msgspec.structs.replace(
        delta.status or live.status, degraded=delta.degraded, spooled_events=delta.spooled_events
    )
    live = replace(
        live,
        seq=delta.seq,
        status=status,
        directory_version=delta.directory_version,
        health_version=delta.health_version,
    )
    if not (delta.opened or delta.progress or delta.settled):
        return live
    return replace(
        live,
        status=msgspec.structs.replace(status, open_requests=len(_open(live, delta))),
        open=_open(live, delta),
        latest=_latest(live, delta),
        settled=live.settled + len(delta.settled),
    )


def _open(live: Live, delta: Delta) -> tuple[Request, ...]:
    """Return the open requests, newest first, grown by their progress."""
    gone = {request.id for request in delta.settled}
    grown = {progress.id: progress for progress in delta.progress}
    known = {request.id: request for request in (*live.open, *delta.opened)}
    requests = [request for request in known.values() if request.id not in gone]
    for index, request in enumerate(requests):
        if progress := grown.get(request.id):
            requests[index] = msgspec.structs.replace(
                request, output_tokens=progress.output_tokens, ttft_ms=progress.ttft_ms
            )
    return tuple(sorted(requests, key=lambda request: request.started_at, reverse=True))


def _latest(live: Live, delta: Delta) -> tuple[Request, ...]:
    settled = {request.id: request for request in delta.settled}
    older = (request for request in live.latest if request.id not in settled)
    return (*sorted(settled.values(), key=_finished, reverse=True), *older)[:KEPT]


def _finished(request: Request) -> str:
    return request.finished_at or request.started_at
