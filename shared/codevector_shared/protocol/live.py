"""The live stream: a snapshot, then numbered deltas."""

from codevector_shared.protocol.base import Answer
from codevector_shared.protocol.counts import Request
from codevector_shared.protocol.daemon import Status


class Progress(Answer, frozen=True):
    """How far an open request has come."""

    id: str
    output_tokens: int
    ttft_ms: int | None


class Snapshot(Answer, kw_only=True, tag_field="type", tag="snapshot", frozen=True):
    """The first message of the live stream: what is open now and what finished last (newest first)."""

    seq: int
    at: str
    status: Status
    open: list[Request]
    latest: list[Request]
    repricings: int = 0


class Delta(Answer, kw_only=True, tag_field="type", tag="delta", frozen=True):
    """What changed since the message numbered ``seq - 1``; empty ones arrive as a heartbeat.

    ``directory_version`` moves when providers, models, keys or users changed and must be read again, ``health_version``
    when a backend failed, or served again, ``repricings`` when finished calls got other prices, so that only a new
    snapshot and new sums tell the truth. ``status`` is there when more of it changed than its counts.
    """

    seq: int
    at: str
    opened: list[Request]
    progress: list[Progress]
    settled: list[Request]
    directory_version: int
    degraded: bool
    spooled_events: int
    health_version: int = 0
    status: Status | None = None
    repricings: int = 0


LiveMessage = Snapshot | Delta
