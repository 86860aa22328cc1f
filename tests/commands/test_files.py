"""Files are put in place whole, whatever other processes left behind."""

import os
from pathlib import Path

from codevector_tui.commands import files


def test_a_draft_that_a_killed_process_of_the_same_number_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """In a container the numbers of processes come again soon."""
    wanted = tmp_path / "counts.db"
    left = tmp_path / f".codevector-{os.getpid()}.tmp"
    left.write_bytes(b"half")
    with files.written(wanted, 0o600) as file:
        file.write(b"whole")
    assert (wanted.read_bytes(), wanted.stat().st_mode & 0o777) == (b"whole", 0o600)
    assert set(tmp_path.iterdir()) == {wanted, left}
