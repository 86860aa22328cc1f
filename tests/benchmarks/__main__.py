"""``make bench``: what the gateway adds to a call, measured against an upstream and a load generator of our own."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import counting, ledger, runs, translating
from benchmarks.figures import Figure, table
from benchmarks.machines import fast_upstream, load_generator, resident_mb
from support.daemon import Daemon, temporary_home

SETTLE_S = 1.0
"""How long the daemon is left alone before its idle memory is read."""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure what the gateway adds to a call.")
    parser.add_argument("--quick", action="store_true", help="measure less, in about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
    parser.add_argument("--ledger", action="store_true", help="measure the ledger only")
    parser.add_argument("--calls", type=int, help="calls per number of connections")
    parser.add_argument("--total", type=int, help="calls after which memory is looked at")
    parser.add_argument("--streams", type=int, help="streams at once")
    parser.add_argument("--starts", type=int, help="starts to take the median of")
    return parser.parse_args()


def measured(sizes: runs.Sizes, *, quick: bool) -> Iterator[Figure]:
    """Measure everything, figure by figure."""
    with (
        temporary_home() as home,
        fast_upstream() as upstream_port,
        load_generator() as load,
        Daemon(home) as daemon,
    ):
        bench = runs.furnish(daemon, load, upstream_port)
        time.sleep(SETTLE_S)
        yield from runs.measure_memory(bench, sizes)
        yield from runs.measure_calls(bench, sizes)
        yield from runs.measure_streams(bench, sizes)
        yield Figure(f"memory after {sizes.streams} streams at once", resident_mb(daemon.pid), "MB")
        daemon.books.assert_balanced()
        assert daemon.stop() == 0, daemon.output
    yield from runs.measure_starts(sizes)
    yield from counting.measured()
    yield from translating.measured()
    yield from ledger.measured(ledger.QUICK if quick else ledger.Sizes())


def main() -> None:
    """Measure, print, and write."""
    options = arguments()
    sizes = runs.QUICK if options.quick else runs.Sizes()
    chosen = {
        name: getattr(options, name) for name in ("calls", "total", "streams", "starts") if getattr(options, name)
    }
    figures = []
    ledger_only = ledger.measured(ledger.QUICK if options.quick else ledger.Sizes())
    for figure in ledger_only if options.ledger else measured(replace(sizes, **chosen), quick=options.quick):
        figures.append(figure)
        sys.stderr.write(f"  {figure.name}\n")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    sys.stdout.write(f"{machine}; metering on, direct and gateway in turns\n\n{table(figures)}\n")
    if options.json:
        document = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
        options.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
