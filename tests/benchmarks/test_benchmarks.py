import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Figure, added, percentile, shown, table
from benchmarks.machines import TESTS


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 99) == 7.0


def test_what_is_added_is_the_difference_of_the_percentiles() -> None:
    half, tail = added("x", [3.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    assert (half.value, tail.value) == (2.0, 6.0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.01234, "0.0123"), (1.5, "1.50"), (-42.31, "-42.3"), (1234.5, "1,234"), (0, "0")]
)
def test_numbers_are_shown_with_three_figures(value: float, text: str) -> None:
    assert shown(value) == text


def test_the_table_is_aligned() -> None:
    lines = table([Figure("short", 1.0, "ms", "< 5 ms"), Figure("much longer", 100.0, "MB")]).splitlines()
    assert lines == ["short        1.00 ms  < 5 ms", "much longer   100 MB"]


def test_a_very_small_benchmark_yields_every_figure(tmp_path: Path) -> None:
    result = tmp_path / "figures.json"
    sizes = ["--quick", "--calls", "64", "--total", "300", "--streams", "4", "--starts", "1"]
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", *sizes, "--json", str(result)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        text=True,
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    names = [figure["name"] for figure in json.loads(result.read_text())["figures"]]
    for name in ("calls per second, 64 connections", "added per event, 4 streams, p99", "memory growth"):
        assert name in names
        assert name in ended.stdout
