from pathlib import Path

import pytest

from benchmarks.estimates import EXAMPLES, Example, against_reports, by_length

PAGE = Path(__file__).parents[2] / "docs/estimates.md"


def test_the_page_says_what_is_measured() -> None:
    said = PAGE.read_text().splitlines()
    for line in (*against_reports(), *by_length()):
        assert line in said


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.model}-{one.kind}")
def test_estimates_stay_near_what_vendors_publish(example: Example) -> None:
    allowed = 0.4 if example.kind == "tools" else 0.15
    assert example.estimated == pytest.approx(example.reported, rel=allowed)
