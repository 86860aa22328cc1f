"""What is measured, and how: direct calls and calls through the gateway side by side, in turns, in one run."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from benchmarks.figures import Figure, added
from benchmarks.load import Job, Outcome
from benchmarks.machines import LoadGenerator, cpu_seconds, resident_mb
from support.counts import Rates
from support.daemon import Daemon, temporary_home

RATES = Rates("1.25", "10", "0.125", "1.25", "1.25")
CONNECTIONS = (1, 16, 64)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything is measured."""

    calls: int = 3000
    """Calls per way and number of connections."""
    rounds: int = 5
    """In so many turns, so that a noisy moment hits both ways."""
    streams: int = 100
    chunks: int = 40
    pace_ms: int = 50
    total: int = 50_000
    """Calls after which memory is looked at again."""
    starts: int = 5


QUICK = Sizes(calls=600, rounds=3, chunks=20, total=5_000, starts=3)


@dataclass(frozen=True, slots=True)
class Bench:
    """A running daemon with one model, the upstream behind it, and the load generator."""

    daemon: Daemon
    load: LoadGenerator
    direct: Job
    gateway: Job

    def in_turns(self, sizes: Sizes, job: Job) -> tuple[Outcome, Outcome]:
        """Do a job both ways, turn by turn; return the direct and the gateway's outcome."""
        direct, gateway = [], []
        share = msgspec.structs.replace(job, calls=max(job.connections, job.calls // sizes.rounds))
        for _ in range(sizes.rounds):
            direct.append(self.load.perform(aimed(share, self.direct)))
            gateway.append(self.load.perform(aimed(share, self.gateway)))
        return joined(direct), joined(gateway)


def aimed(job: Job, target: Job) -> Job:
    """Return the job sent to where the target says."""
    return msgspec.structs.replace(job, port=target.port, path=target.path, key=target.key, model=target.model)


def joined(outcomes: list[Outcome]) -> Outcome:
    """Return several outcomes as one."""
    return Outcome(
        sum(one.elapsed_s for one in outcomes),
        [value for one in outcomes for value in one.call_ms],
        [value for one in outcomes for value in one.first_ms],
        [value for one in outcomes for value in one.late_ms],
    )


def furnish(daemon: Daemon, load: LoadGenerator, upstream_port: int) -> Bench:
    """Add provider, model and key to a running daemon."""
    url = f"http://127.0.0.1:{upstream_port}/v1"
    daemon.control.add_provider("fast", "custom", url, dialects=["chat"], credential="sk-bench")
    daemon.control.add_model("fast", "fast", "fast", rates=RATES)
    key = daemon.control.create_key("bench")
    direct = Job(upstream_port, "/v1/chat/completions", "sk-bench", "fast", 0, 1)
    return Bench(
        daemon,
        load,
        direct,
        msgspec.structs.replace(direct, port=daemon.port, path="/v1/chat/completions", key=key.secret),
    )


def measure_calls(bench: Bench, sizes: Sizes) -> Iterator[Figure]:
    """Measure plain calls at 1, 16 and 64 connections."""
    for connections in CONNECTIONS:
        job = msgspec.structs.replace(bench.direct, calls=sizes.calls, connections=connections)
        used = cpu_seconds(bench.daemon.pid)
        direct, gateway = bench.in_turns(sizes, job)
        used = cpu_seconds(bench.daemon.pid) - used
        plural = "connection" if connections == 1 else "connections"
        yield from added(f"added per call, {connections} {plural}", gateway.call_ms, direct.call_ms)
        rate = len(gateway.call_ms) / gateway.elapsed_s
        yield Figure(f"calls per second, {connections} {plural}", rate, "/s", "≥ 500" if connections > 1 else "")
        yield Figure(f"processor time, {connections} {plural}", 1000 * used / len(gateway.call_ms), "s/1,000 calls")


def measure_streams(bench: Bench, sizes: Sizes) -> Iterator[Figure]:
    """Measure streams: one at a time, and many at once."""
    job = msgspec.structs.replace(bench.direct, stream=True, chunks=sizes.chunks, pace_ms=sizes.pace_ms)
    alone = msgspec.structs.replace(job, calls=30, connections=1, chunks=3, pace_ms=1)
    direct, gateway = bench.in_turns(replace(sizes, rounds=3), alone)
    yield from added("added to first event, 1 stream", gateway.first_ms, direct.first_ms, "< 5 ms")
    many = msgspec.structs.replace(job, calls=2 * sizes.streams, connections=sizes.streams)
    direct, gateway = bench.in_turns(replace(sizes, rounds=2), many)
    yield from added(f"added to first event, {sizes.streams} streams", gateway.first_ms, direct.first_ms)
    yield from added(f"added per event, {sizes.streams} streams", gateway.late_ms, direct.late_ms)


def measure_memory(bench: Bench, sizes: Sizes) -> Iterator[Figure]:
    """Measure what memory the daemon holds before any call and after many, at 16 connections."""
    idle = resident_mb(bench.daemon.pid)
    bench.load.perform(msgspec.structs.replace(bench.gateway, calls=sizes.total, connections=16))
    after = resident_mb(bench.daemon.pid)
    yield Figure("memory, idle", idle, "MB", "< 100 MB")
    yield Figure(f"memory after {sizes.total:,} calls", after, "MB")
    yield Figure("memory growth", 100 * (after - idle) / idle, "%", "< 10 %")


def measure_starts(sizes: Sizes) -> Iterator[Figure]:
    """Measure the time from the start of the process to its first answer, in a new home and in a used one."""
    first: list[float] = []
    again: list[float] = []
    for _ in range(sizes.starts):
        with temporary_home() as home:
            for times in (first, again):
                began = time.monotonic()
                with Daemon(home) as daemon:
                    times.append(time.monotonic() - began)
                    daemon.stop()
    yield Figure("cold start, new home", statistics.median(first), "s", "< 1.5 s")
    yield Figure("cold start, used home", statistics.median(again), "s", "< 1.5 s")
