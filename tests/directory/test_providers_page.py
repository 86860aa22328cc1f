"""The page of the documentation says of every kind what the table says."""

from pathlib import Path

import pytest

from codevector_daemon.directory.kinds import KINDS, Kind

PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")


def row(name: str) -> list[str]:
    """Return the cells of a kind's row in the first table."""
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_each_kind_is_described_as_it_is(kind: Kind) -> None:
    _, base_url, _, dialects = row(kind.name)
    if kind.base_url is not None:
        assert base_url == f"`{kind.base_url}`"
    usual, _, asked_for = dialects.partition(" (")
    assert usual.split(", ") == list(kind.usual or kind.endpoints)
    extra = [dialect for dialect in kind.endpoints if dialect not in (kind.usual or kind.endpoints)]
    assert asked_for.rstrip(")").split(", ") == (extra or [""])
