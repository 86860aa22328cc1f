import subprocess
import sys
from pathlib import Path

from codevector_daemon.ledger.claims import Claim

HOLD = """
import sys
from pathlib import Path
from codevector_daemon.ledger.claims import Claim
claim = Claim.take(Path(sys.argv[1]), "node")
print("held" if claim else "refused", flush=True)
sys.stdin.read()
"""


def test_a_living_process_keeps_its_name_and_a_killed_one_loses_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert Claim.take(tmp_path, "node") is None
        holder.kill()
        holder.wait()
    claim = Claim.take(tmp_path, "node")
    assert claim is not None
    claim.release()


def test_a_released_name_leaves_no_file_and_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        claim = Claim.take(tmp_path, "node")
        assert claim is not None
        claim.release()
        assert list(tmp_path.iterdir()) == []


def test_names_do_not_hinder_each_other(tmp_path: Path) -> None:
    one, two = Claim.take(tmp_path, "one"), Claim.take(tmp_path, "two")
    assert one is not None
    assert two is not None
    one.release()
    two.release()
